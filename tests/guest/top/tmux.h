// SPDX-License-Identifier: GPL-2.0-only
// A terminal that nobody sits at: a shell in tmux. Keys go in as a person presses them, what a person would see comes
// out.
#ifndef NFT_DROPS_TESTS_GUEST_TOP_TMUX_H
#define NFT_DROPS_TESTS_GUEST_TOP_TMUX_H

#include <string>

namespace nft_drops::guest {

class Tmux {
public:
	// `term`: what TERM is in the shell.
	Tmux(int width, int height, const std::string &term);
	Tmux(const Tmux &) = delete;
	Tmux &operator=(const Tmux &) = delete;
	~Tmux();

	// Keys by tmux's names ("Enter", "Down", "C-c"), or a character.
	void press(const std::string &key);
	// Characters, as they are.
	void type(const std::string &text);
	// Types it, and Enter.
	void run(const std::string &command);
	void resize(int width, int height);
	// The screen's lines. `colours`: with escape sequences for colours and attributes.
	[[nodiscard]] std::string screen(bool colours = false) const;
	// Waits until the screen shows the text, or (`there` false) does not show it; false after two minutes.
	[[nodiscard]] bool wait_for(const std::string &text, bool there = true) const;
	// "0 1": the usual screen, with a cursor.
	[[nodiscard]] std::string state() const;
	// The number of the program in the foreground that run() started by exec.
	[[nodiscard]] int pid() const;
};

} // namespace nft_drops::guest

#endif
