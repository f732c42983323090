// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/view/top_view.h"

#include "nft-ext/text/figures.h"
#include "nft-ext/text/utf8.h"
#include "nft-ext/view/cells.h"
#include "nft-ext/view/top_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace nft_drops {
namespace {

constexpr size_t kRate = 8, kTotal = 11, kLast = 8;
constexpr size_t kMostTyped = 4096; // bytes of a MATCH
constexpr size_t kTextLines = 6;    // of an opened rule

constexpr const char *kHelp[] = {
        "Rules and policies by drops a second, each with total, last seen and its text.",
        "",
        "up down, k j    one line up or down      Enter    flows and a sample of the rule",
        "PgUp PgDn       one page up or down      Esc      back to the rules",
        "Home End        first or last line       s        order: drops/s, total,",
        "                                                  last seen, name",
        "/   filter with a MATCH, such as tcp dport 22; figures begin anew. Empty: none",
        "p   pause what is shown; drops are still counted",
        "r   zero: figures begin anew",
        "n   names for addresses of flows, from the resolver",
        "?   this help, and back",
        "q   quit",
};

void append_utf8(std::string &to, uint32_t c) {
	const auto tail = [&](int shift) { to += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
	if (c < 0x80) {
		to += static_cast<char>(c);
	} else if (c < 0x800) {
		to += static_cast<char>(0xc0 | c >> 6);
		tail(0);
	} else if (c < 0x10000) {
		to += static_cast<char>(0xe0 | c >> 12);
		tail(6);
		tail(0);
	} else {
		to += static_cast<char>(0xf0 | c >> 18);
		tail(12);
		tail(6);
		tail(0);
	}
}

std::string columns(const TopFigures &figures) {
	return fmt::format("{} {} {} ", fit_right(rate_words(figures.rate), kRate),
	                   fit_right(grouped(figures.total), kTotal), fit(time_of_day(figures.last), kLast));
}

std::string heads() {
	return fmt::format("{} {} {} ", fit_right("DROPS/S", kRate), fit_right("TOTAL", kTotal), fit("LAST", kLast));
}

} // namespace

std::string sight_words(const TopFrame &frame, const TopSight &sight) {
	std::string text = fmt::format("{} drops", grouped(frame.all.total));
	if (sight.seen) text += fmt::format(" of {}", grouped(*sight.seen));
	text += fmt::format(", {}/s", rate_words(frame.all.rate));
	if (sight.undecided != 0) text += fmt::format(", {} undecided", grouped(sight.undecided));
	if (!sight.blind.empty()) return text + ", blind";
	if (sight.unseen.empty()) return text + fmt::format(", {} lost", grouped(sight.lost));
	return text + fmt::format(", unseen for {} s, lost otherwise: {}", sight.unseen, grouped(sight.lost));
}

std::string subject_words(const TopFrame &frame, const TopSight &sight) {
	if (!sight.blind.empty())
		return fmt::format("drops are not seen since {}: {}", time_of_day(sight.blind_since), sight.blind);
	std::string text = sight.of;
	if (!sight.match.empty()) text += (text.empty() ? "/ " : "  / ") + sight.match;
	if (frame.earlier != 0)
		text += fmt::format("{}{} drops by rules not listed any more", text.empty() ? "" : "  ",
		                    grouped(frame.earlier));
	return text;
}

void TopView::take(TopFrame frame, TopSight sight, int64_t now) {
	frame_ = std::move(frame);
	sight_ = std::move(sight);
	now_ = now;
	const auto opened = std::ranges::find(frame_.rules, opened_, &TopRule::id);
	if (opened_ != 0 && opened != frame_.rules.end()) opened_rule_ = *opened;
}

void TopView::say(std::string message, bool bad) {
	message_ = std::move(message);
	bad_message_ = bad;
}

size_t TopView::selected() const {
	const auto at = std::ranges::find(frame_.rules, chosen_, &TopRule::id);
	return chosen_ == 0 || at == frame_.rules.end() ? 0 : static_cast<size_t>(at - frame_.rules.begin());
}

void TopView::move(ptrdiff_t by) {
	const auto last = static_cast<ptrdiff_t>(count()) - 1;
	const auto from = static_cast<ptrdiff_t>(opened_ ? flow_ : selected());
	const auto to = static_cast<size_t>(std::max<ptrdiff_t>(std::min(from + by, last), 0));
	if (opened_)
		flow_ = to;
	else if (to < frame_.rules.size())
		chosen_ = frame_.rules[to].id;
}

void TopView::open() {
	if (frame_.rules.empty()) return;
	const TopRule &rule = frame_.rules[selected()];
	chosen_ = opened_ = rule.id;
	opened_rule_ = rule;
	flow_ = 0;
}

TopAction TopView::type(uint32_t key) {
	switch (key) {
	case kKeyEnter:
		typing_ = false;
		typed_ = input_;
		return TopAction::kFilter;
	case kKeyEscape:
		typing_ = false;
		return TopAction::kNone;
	case kKeyBackspace:
		while (!input_.empty() && (static_cast<uint8_t>(input_.back()) & 0xc0) == 0x80)
			input_.pop_back();
		if (!input_.empty()) input_.pop_back();
		return TopAction::kNone;
	default:
		// ^U empties the line, as in a shell.
		if (key == ('U' & 0x1f)) input_.clear();
		if (key >= ' ' && key != 0x7f && key < kKeyUp && input_.size() < kMostTyped) append_utf8(input_, key);
		return TopAction::kNone;
	}
}

TopAction TopView::press(uint32_t key) {
	message_.clear();
	if (typing_) return type(key);
	if (help_) {
		help_ = false;
		return key == 'q' ? TopAction::kQuit : TopAction::kNone;
	}
	constexpr ptrdiff_t kAll = 1 << 24;
	const auto page = static_cast<ptrdiff_t>(page_);
	switch (key) {
	case 'q':
		return TopAction::kQuit;
	case '?':
	case 'h':
		help_ = true;
		return TopAction::kNone;
	case 's':
		sort_ = next_of(sort_);
		say(fmt::format("sorted by {}", nft_drops::name_of(sort_)), false);
		return TopAction::kReload;
	case 'p':
		paused_ = !paused_;
		return TopAction::kReload;
	case 'r':
		chosen_ = opened_ = 0;
		opened_rule_.reset();
		first_ = 0;
		return TopAction::kZero;
	case 'n':
		names_ = !names_;
		say(names_ ? "names for addresses" : "addresses as numbers", false);
		return TopAction::kNames;
	case '/':
		typing_ = true;
		input_ = sight_.match;
		return TopAction::kNone;
	case kKeyUp:
	case 'k':
		move(-1);
		return TopAction::kNone;
	case kKeyDown:
	case 'j':
		move(1);
		return TopAction::kNone;
	case kKeyPageUp:
		move(-page);
		return TopAction::kNone;
	case kKeyPageDown:
	case ' ':
		move(page);
		return TopAction::kNone;
	case kKeyHome:
	case 'g':
		move(-kAll);
		return TopAction::kNone;
	case kKeyEnd:
	case 'G':
		move(kAll);
		return TopAction::kNone;
	case kKeyEnter:
		if (opened_ != 0) return TopAction::kNone;
		open();
		return TopAction::kReload;
	case kKeyEscape:
	case kKeyBackspace:
		opened_ = 0;
		opened_rule_.reset();
		return TopAction::kReload;
	default:
		return TopAction::kNone;
	}
}

std::string TopView::foot() const {
	if (help_) return "any key: back";
	if (!message_.empty()) return message_;
	return opened_ ? "Esc rules  s sort  p pause  r zero  n names  q quit  ? help"
	               : "Enter flows  / filter  s sort  p pause  r zero  n names  q quit  ? help";
}

// So that the line `at` is one of the `room` lines shown.
void TopView::scroll_to(size_t at, size_t room) {
	if (at < first_) first_ = at;
	if (room > 0 && at >= first_ + room) first_ = at - room + 1;
	const size_t most = frame_.rules.size() > room ? frame_.rules.size() - room : 0;
	first_ = std::min(first_, most);
}

void TopView::add_rules(std::vector<TopLine> &lines, size_t room, size_t width) {
	const size_t chosen = selected();
	scroll_to(chosen, room);
	for (size_t i = first_; i < frame_.rules.size() && i < first_ + room; i++) {
		const TopRule &rule = frame_.rules[i];
		lines.push_back({fit(columns(rule.figures) + rule_words(*rule.culprit), width),
		                 i == chosen ? TopStyle::kSelected : TopStyle::kPlain});
	}
}

// The rule that is opened, and one packet of it.
void TopView::add_opened(std::vector<TopLine> &lines, size_t room, size_t width) {
	const CulpritWords &culprit = *opened_rule_->culprit;
	const size_t begin = lines.size();
	lines.push_back({fit(columns(opened_rule_->figures) + place_words(culprit), width), TopStyle::kHeader});
	if (width <= 4) return;
	const auto add = [&](const std::string &words, const char *indent, size_t most) {
		const std::vector<std::string> parts = wrap(words, width - std::string_view(indent).size(), most);
		for (const std::string &part : parts)
			lines.push_back({fit(indent + part, width)});
		return parts.size();
	};
	add(text_words(culprit), "  ", kTextLines);
	// The user opened the rule to see its flows. The flows keep half of the screen.
	const size_t used = lines.size() - begin;
	size_t most = room / 2 > used ? room / 2 - used : 0;
	for (size_t i = 0; i < sample_.size() && most > 0; i++)
		most -= add(sample_[i], i == 0 ? "  " : "    ", most);
}

void TopView::add_flows(std::vector<TopLine> &lines, size_t room, size_t width, const Names &name_of) {
	struct Words {
		std::string from, to, port, devices;
	};
	constexpr size_t kMostOfAddress = 39, kMostOfName = 48;
	flow_ = std::min(flow_, frame_.flows.size());
	std::vector<Words> words;
	size_t from = 6, to = 11, port = 4; // of the heads
	for (size_t i = flow_; i < frame_.flows.size() && i < flow_ + room; i++) {
		const FlowWords &flow = frame_.flows[i].flow;
		const auto address = [&](const Address &a) {
			const std::string name = names_ && a.size != 0 ? name_of(a) : "";
			return name.empty() ? address_words(a) : name;
		};
		words.push_back({address(flow.saddr), address(flow.daddr), port_words(flow), device_words(flow)});
		from = std::max(from, columns_of(words.back().from));
		to = std::max(to, columns_of(words.back().to));
		port = std::max(port, columns_of(words.back().port));
	}
	from = std::min(from, names_ ? kMostOfName : kMostOfAddress);
	to = std::min(to, names_ ? kMostOfName : kMostOfAddress);
	lines.push_back({fit(heads() + fit("SOURCE", from) + ' ' + fit("DESTINATION", to) + " PORT", width),
	                 TopStyle::kHeader});
	for (size_t i = 0; i < words.size() && i + 1 < room; i++) {
		const Words &w = words[i];
		lines.push_back({fit(columns(frame_.flows[flow_ + i].figures) + fit(w.from, from) + ' ' +
		                             fit(w.to, to) + ' ' + fit(w.port, port) + ' ' + w.devices,
		                     width),
		                 TopStyle::kPlain});
	}
	if (frame_.others.total != 0 && words.size() + 1 < room)
		lines.push_back({fit(columns(frame_.others) + "others: flows that there was no room for", width),
		                 TopStyle::kPlain});
}

std::vector<TopLine> TopView::lines(size_t height, size_t width, const Names &name_of) {
	std::vector<TopLine> lines;
	const bool warns = !sight_.blind.empty() || !sight_.unseen.empty() || sight_.lost != 0;
	std::string first = "nft-drops top  " + sight_words(frame_, sight_);
	const std::string right = paused_ ? "PAUSED " + time_of_day(now_) : time_of_day(now_);
	const size_t used = columns_of(first) + 2 + right.size();
	if (used <= width) first += std::string(width - used + 2, ' ') + right;
	lines.push_back({fit(first, width), warns ? TopStyle::kWarning : TopStyle::kTitle});
	const std::string second = subject_words(frame_, sight_);
	if (!second.empty())
		lines.push_back({fit(second, width), sight_.blind.empty() ? TopStyle::kPlain : TopStyle::kWarning});
	const auto left = [&] { return height > lines.size() + 1 ? height - lines.size() - 1 : 0; };
	if (help_) {
		for (const char *line : kHelp)
			lines.push_back({fit(line, width)});
	} else if (opened_ != 0 && opened_rule_) {
		add_opened(lines, left(), width);
		page_ = left() > 1 ? left() - 1 : 1;
		add_flows(lines, left(), width, name_of);
	} else {
		lines.push_back({fit(heads() + "RULE", width), TopStyle::kHeader});
		page_ = std::max<size_t>(left(), 1);
		if (frame_.rules.empty() && left() > 0)
			lines.push_back({fit("no drop so far", width)});
		else
			add_rules(lines, left(), width);
	}
	if (height > 0) lines.resize(std::min(lines.size(), height - 1));
	while (lines.size() + 1 < height)
		lines.push_back({std::string(width, ' ')});
	if (typing_) {
		// The end of what is typed stays in sight.
		std::string_view input = input_;
		while (columns_of(input) + 9 > width && !input.empty())
			input.remove_prefix(std::max<size_t>(decode_utf8(input).bytes, 1));
		lines.push_back({fit(fmt::format("filter: {}_", input), width), TopStyle::kSelected});
	} else if (height > 0) {
		const bool bad = bad_message_ && !message_.empty();
		lines.push_back({fit(foot(), width), bad ? TopStyle::kWarning : TopStyle::kTitle});
	}
	lines.resize(height);
	return lines;
}

} // namespace nft_drops
