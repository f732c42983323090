// SPDX-License-Identifier: GPL-2.0-only
// One drop, one line, for grep and awk:
//
//	2026-11-20T21:40:11.482113+0100 inet filter input handle 7 "tcp dport 10000 drop" iif "veth0" ... length 60
//
// Fields: date and time with the zone's offset, family, table, chain (always four words: a space in a name is \x20),
// then what dropped it:
//	handle N "RULE"           a rule, or the jump that found the jump stack full; the line then ends in
//	                          `jump limit reached`
//	policy "type ... drop;"   the chain's policy
//	handle N "# rule gone", policy "# chain gone"   the text at the time of the drop is not known
//	handle N "# rule text not read yet"             the ruleset's reader did not answer in time
//	other                     the event names neither; the line then ends in `unknown cause`
// and then the packet's words (words.h). Between quotes, a quote is \", a backslash \\, a newline \n, a tab \t.
#ifndef NFT_DROPS_NFT_EXT_SINKS_LINE_H
#define NFT_DROPS_NFT_EXT_SINKS_LINE_H

#include "nft-ext/packet/kept_words.h"
#include "nft-ext/sinks/latest_said.h"
#include "nft-ext/sinks/renderer.h"
#include "nft-ext/text/clock.h"
#include "nft-ext/text/palette.h"

#include <string>
#include <utility>

namespace nft_drops {

// A line's words from the family on, without a newline. What the latest attributions say is kept.
class LineWords {
public:
	explicit LineWords(WordStyle style = {}, const Palette &palette = kNoColours)
	    : palette_(palette), words_(std::move(style)) {}
	void append(const Drop &drop, const Repeated &repeated, std::string &out);

private:
	// In front of the packet's words, and behind them.
	struct Shown : Said {
		std::string before, note;
	};
	const Shown &shown_of(const Drop &drop);

	Palette palette_;
	KeptWords words_;
	LatestSaid<Shown> shown_;
};

class LineRenderer final : public Renderer {
public:
	explicit LineRenderer(RenderStyle style = {})
	    : palette_(style.coloured ? kColours : kNoColours), words_(std::move(style.words), palette_) {}
	void drops(const Drop &drop, const Repeated &repeated, std::string &out) override;
	void left_out(const Repeated &these, std::string &out) override;
	void not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
	                 std::string_view why, std::string &out) override;
	void finish(std::string &out) override;

private:
	Palette palette_;
	Clock clock_{Clock::Zone::kLocal};
	LineWords words_;
};

} // namespace nft_drops

#endif
