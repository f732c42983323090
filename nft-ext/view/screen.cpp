// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/view/screen.h"

#include "nft-ext/loop/signals.h"
#include "nft-ext/view/terminal_guard.h"

#include <fmt/format.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <string>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>
#undef lines // a macro of term.h

namespace nft_drops {
namespace {

enum Pair : short { kPairHeader = 1, kPairWarning = 2 };

const char *terminal_name() {
	const char *name = std::getenv("TERM");
	return name && *name ? name : "";
}

// What a terminal's capability is as bytes, without the padding that terminfo may ask for.
std::string capability(const char *name) {
	static std::string to;
	to.clear();
	const char *text = tigetstr(name);
	if (!text || text == reinterpret_cast<const char *>(-1)) return "";
	tputs(text, 1, [](int c) {
		to += static_cast<char>(c);
		return c;
	});
	return to;
}

// To the last line, as before, out of the alternate screen, with a cursor.
std::string leave_bytes() {
	std::string bytes = capability("sgr0") + capability("rmkx") + capability("cnorm") + capability("rmcup");
	if (capability("rmcup").empty()) bytes += capability("clear");
	return bytes + "\r\n";
}

void on_end_signal(bool first) {
	if (first)
		TerminalGuard::end_soon();
	else
		TerminalGuard::restore();
}

attr_t attributes(TopStyle style, bool colour) {
	switch (style) {
	case TopStyle::kTitle:
		return A_BOLD;
	case TopStyle::kHeader:
		return colour ? COLOR_PAIR(kPairHeader) | A_BOLD : A_UNDERLINE;
	case TopStyle::kSelected:
		return A_REVERSE;
	case TopStyle::kWarning:
		return colour ? COLOR_PAIR(kPairWarning) | A_BOLD : A_BOLD | A_REVERSE;
	default:
		return A_NORMAL;
	}
}

} // namespace

struct Screen::State {
	std::unique_ptr<TerminalGuard> guard;
	SCREEN *terminal = nullptr;
	bool colour = false;
};

Result<void> Screen::check() {
	constexpr const char *kBatch = "or use top --batch";
	if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0)
		return usage_error("top", "standard input and output are not a terminal",
		                   "run it in one, or use top --batch");
	int known = 0;
	if (setupterm(nullptr, STDOUT_FILENO, &known) == OK) return {};
	const std::string name = terminal_name();
	return usage_error("top", name.empty() ? "TERM is not set" : fmt::format("TERM={} is not known here", name),
	                   fmt::format("set TERM=vt100, {}", kBatch));
}

Result<std::unique_ptr<Screen>> Screen::open(bool colour) {
	std::setlocale(LC_CTYPE, "");
	auto state = std::make_unique<State>();
	int known = 0;
	if (setupterm(nullptr, STDOUT_FILENO, &known) != OK)
		return usage_error("top", "the terminal is not known", "set TERM=vt100, or use top --batch");
	// Before ncurses changes anything.
	state->guard = std::make_unique<TerminalGuard>(STDOUT_FILENO, leave_bytes());
	cli::Signals::call_first(on_end_signal);
	state->terminal = newterm(nullptr, stdout, stdin);
	if (!state->terminal) {
		cli::Signals::call_first(nullptr);
		return usage_error("top", "ncurses cannot use the terminal", "set TERM=vt100, or use top --batch");
	}
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(100);
	curs_set(0);
	if (colour && has_colors() && start_color() == OK && use_default_colors() == OK) {
		state->colour =
		        init_pair(kPairHeader, COLOR_CYAN, -1) == OK && init_pair(kPairWarning, COLOR_RED, -1) == OK;
	}
	return std::unique_ptr<Screen>(new Screen(std::move(state)));
}

Screen::Screen(std::unique_ptr<State> state) : state_(std::move(state)) {
}

Screen::~Screen() {
	endwin();
	cli::Signals::call_first(nullptr);
	state_->guard.reset();
	delscreen(state_->terminal);
}

size_t Screen::height() const {
	return static_cast<size_t>(LINES);
}

size_t Screen::width() const {
	return static_cast<size_t>(COLS);
}

std::optional<uint32_t> Screen::key() {
	wint_t key = 0;
	for (;;) {
		const int what = get_wch(&key);
		if (what == ERR) return {};
		if (what == OK) {
			if (key == '\r' || key == '\n') return kKeyEnter;
			if (key == '\b' || key == 0x7f) return kKeyBackspace;
			if (key == 0x1b) return kKeyEscape;
			if (key == ('L' & 0x1f)) redraw();
			return key;
		}
		switch (key) {
		case KEY_UP:
			return kKeyUp;
		case KEY_DOWN:
			return kKeyDown;
		case KEY_PPAGE:
			return kKeyPageUp;
		case KEY_NPAGE:
			return kKeyPageDown;
		case KEY_HOME:
			return kKeyHome;
		case KEY_END:
			return kKeyEnd;
		case KEY_ENTER:
			return kKeyEnter;
		case KEY_BACKSPACE:
			return kKeyBackspace;
		case KEY_RESIZE: // the lines are drawn anew in any case
			return 0;
		default:
			break;
		}
	}
}

bool Screen::draw(const std::vector<TopLine> &lines) {
	pollfd room{STDOUT_FILENO, POLLOUT, 0};
	if (poll(&room, 1, 0) <= 0 || !(room.revents & POLLOUT)) return false;
	erase();
	for (size_t i = 0; i < lines.size(); i++) {
		attrset(static_cast<int>(attributes(lines[i].style, state_->colour)));
		mvaddstr(static_cast<int>(i), 0, lines[i].text.c_str());
	}
	attrset(A_NORMAL);
	refresh();
	return true;
}

void Screen::redraw() {
	clearok(curscr, TRUE);
}

} // namespace nft_drops
