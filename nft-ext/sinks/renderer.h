// SPDX-License-Identifier: GPL-2.0-only
// Drops as text: the three formats of `nft-drops monitor`. (The command line's contract shows each.)
//
// A renderer appends whole lines to the buffer that it is given. Of a drop it keeps only the table and chain that it is
// in, and what it printed for recent attributions. It never fails: hostile bytes are escaped, unknown things are named
// as unknown. Not for use from several threads.
#ifndef NFT_DROPS_NFT_EXT_SINKS_RENDERER_H
#define NFT_DROPS_NFT_EXT_SINKS_RENDERER_H

#include "nft-ext/drop/drop.h"
#include "nft-ext/packet/word_style.h"
#include "nft-ext/text/format.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace nft_drops {

// Identical packets shown as one.
struct Repeated {
	uint64_t times = 1;
	std::chrono::milliseconds within{}; // from the first to the last
};

class Renderer {
public:
	Renderer() = default;
	Renderer(const Renderer &) = delete;
	Renderer &operator=(const Renderer &) = delete;
	virtual ~Renderer() = default;

	// block and line print the time in the process's time zone, json in UTC.
	void drop(const Drop &drop, std::string &out) { drops(drop, {}, out); }
	// The same for identical packets, of which this is the first one.
	virtual void drops(const Drop &drop, const Repeated &repeated, std::string &out) = 0;

	// So many drops are not shown at all.
	virtual void left_out(const Repeated &these, std::string &out) = 0;

	// In this time drops may not have been seen; `why` is in words.
	virtual void not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
	                         std::string_view why, std::string &out) = 0;

	// Closes what is open (the braces of block); drop() may be called again after it.
	virtual void finish(std::string &out) = 0;
};

struct RenderStyle {
	// People read it, so that the second and further drops by a rule with thousands of elements show a short text
	// (block only: line and JSON always have the whole text).
	bool for_terminal = false;
	bool coloured = false; // block and line
	WordStyle words{};     // block and line
};
std::unique_ptr<Renderer> make_renderer(Format format, RenderStyle style = {});

} // namespace nft_drops

#endif
