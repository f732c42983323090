// SPDX-License-Identifier: GPL-2.0-only
#include "tmux.h"

#include "tests/guest/running.h"

#include <unistd.h>

namespace nft_drops::guest {
namespace {

// With a UTF-8 locale, which tmux insists on.
const std::string kTmux = "env LC_ALL=C.UTF-8 tmux -L top -f /dev/null ";

std::string quoted(const std::string &text) {
	std::string out = "'";
	for (const char c : text)
		out += c == '\'' ? "'\\''" : std::string(1, c);
	return out + "'";
}

} // namespace

Tmux::Tmux(int width, int height, const std::string &term) {
	shell("rm -f /tmp/before /tmp/after /tmp/pid");
	shell(kTmux + "new-session -d -x " + std::to_string(width) + " -y " + std::to_string(height) + " sh \\; " +
	      "set -g status off \\; set -g default-terminal screen \\; set -g window-size manual");
	run("export LC_ALL=C.UTF-8 TZ=UTC PS1='ready> ' TERM=" + term);
	run("clear");
}

Tmux::~Tmux() {
	shell(kTmux + "kill-server || true");
}

void Tmux::press(const std::string &key) {
	shell(kTmux + "send-keys " + quoted(key));
}

void Tmux::type(const std::string &text) {
	shell(kTmux + "send-keys -l " + quoted(text));
}

void Tmux::run(const std::string &command) {
	type(command);
	press("Enter");
}

void Tmux::resize(int width, int height) {
	shell(kTmux + "resize-window -x " + std::to_string(width) + " -y " + std::to_string(height));
}

std::string Tmux::screen(bool colours) const {
	return shell(kTmux + "capture-pane -p" + (colours ? "e" : ""));
}

bool Tmux::wait_for(const std::string &text, bool there) const {
	for (int i = 0; i < 600; i++) {
		if ((screen().find(text) != std::string::npos) == there) return true;
		usleep(200'000);
	}
	return false;
}

std::string Tmux::state() const {
	return lines_of(shell(kTmux + "display-message -p '#{alternate_on} #{cursor_flag}'")).at(0);
}

int Tmux::pid() const {
	return std::stoi(shell("cat /tmp/pid"));
}

} // namespace nft_drops::guest
