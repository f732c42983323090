// SPDX-License-Identifier: GPL-2.0-only
// A terminal with ncurses: lines go out, keys come in. Nothing of what is shown is decided here.
#ifndef NFT_DROPS_NFT_EXT_VIEW_SCREEN_H
#define NFT_DROPS_NFT_EXT_VIEW_SCREEN_H

#include "jit/base/result.h"
#include "nft-ext/view/top_view.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace nft_drops {

class Screen {
public:
	// Whether standard input and output are a terminal that ncurses knows. Nothing is written. Fails with kUsage.
	static Result<void> check();
	// Takes the terminal. Its state comes back with the destructor, or when a fatal signal comes
	// (terminal_guard.h). One object at a time.
	static Result<std::unique_ptr<Screen>> open(bool colour);
	Screen(const Screen &) = delete;
	Screen &operator=(const Screen &) = delete;
	~Screen();

	// Of now: a resize is followed by the next key() or draw().
	[[nodiscard]] size_t height() const;
	[[nodiscard]] size_t width() const;
	// The next key, as TopView::press() takes it; nothing: there is none now. Does not wait.
	std::optional<uint32_t> key();
	// Writes what differs from what the terminal shows. False where the terminal takes nothing now (a slow line,
	// Ctrl-S): the caller draws again later, and older frames are never shown.
	bool draw(const std::vector<TopLine> &lines);
	// All of it again, whatever the terminal shows.
	void redraw();

private:
	struct State;
	explicit Screen(std::unique_ptr<State> state);
	std::unique_ptr<State> state_;
};

} // namespace nft_drops

#endif
