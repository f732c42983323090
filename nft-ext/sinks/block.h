// SPDX-License-Identifier: GPL-2.0-only
// The default format: it looks like `nft -a list ruleset`, and stays valid nft syntax.
//
//	# 2026-11-20
//	table inet filter { # handle 6
//		chain input { # handle 1
//			# 21:40:11.482113 iif "veth0" ip saddr 10.0.0.2 ... length 60
//			tcp dport 10000 drop # handle 7
//		}
//	}
//
// The second line of a drop is one of
//
//	RULE # handle N                the rule that dropped it, or the jump that found the jump stack full: the
//	                               packet line then ends in `jump limit reached`
//	type ... policy drop;          the chain's policy
//	RULE # handle N # M elements not shown again
//	                               on a terminal, of a rule with thousands of elements in its braces: the whole rule
//	                               stands above already (short_text.h)
//	# handle N # rule gone         the rule's text at the time of the drop is not known
//	# handle N # rule text not read yet
//	                               the ruleset's reader did not answer in time
//	# policy drop # chain gone     the same for a policy
//	# policy drop # rule text not read yet
//
// and is absent where the event names neither (the packet line then ends in `unknown cause`). Braces are closed when
// table or chain change; a handle that is unknown is left out. Between chains of a table there is an empty line, as
// in nft's own listings. The date stands in front of the first drop, and again where it changes.
#ifndef NFT_DROPS_NFT_EXT_SINKS_BLOCK_H
#define NFT_DROPS_NFT_EXT_SINKS_BLOCK_H

#include "nft-ext/packet/kept_words.h"
#include "nft-ext/sinks/context.h"
#include "nft-ext/sinks/latest_said.h"
#include "nft-ext/sinks/renderer.h"
#include "nft-ext/text/clock.h"
#include "nft-ext/text/palette.h"

#include <array>
#include <string>
#include <string_view>

namespace nft_drops {

class BlockRenderer final : public Renderer {
public:
	explicit BlockRenderer(RenderStyle style);
	void drops(const Drop &drop, const Repeated &repeated, std::string &out) override;
	void left_out(const Repeated &these, std::string &out) override;
	void not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
	                 std::string_view why, std::string &out) override;
	void finish(std::string &out) override;

private:
	void leave_for(uint32_t netns, const Context &context, std::string &out);
	void enter(uint32_t netns, const Context &context, std::string &out);

	// What the latest attributions say: behind the packet's words, and on the lines below.
	struct Shown : Said {
		std::string text;       // note, newline, culprit: mostly nothing stands between them
		size_t note_bytes = 0;  // of `text`
		bool shortened = false; // the culprit is
		[[nodiscard]] std::string_view note() const { return std::string_view(text).substr(0, note_bytes); }
		[[nodiscard]] std::string_view culprit() const { return std::string_view(text).substr(note_bytes + 1); }
	};
	void append_date(std::string &out, const Drop &drop);
	void append_time(std::string &out, const Drop &drop);
	void colour(std::string &text, size_t begin) const;
	const Shown &prepare(const Drop &drop, std::string &out);
	[[nodiscard]] bool whole_stands_above(const Drop &drop);

	bool for_terminal_;
	Palette palette_;
	std::array<uint64_t, 64> printed_{}; // Attribution::id of long rules that were printed whole
	LatestSaid<Shown> shown_;
	uint64_t entered_ = 0; // the attribution that the open braces belong to; 0 where it has no number
	Clock clock_{Clock::Zone::kLocal};
	std::array<char, Clock::kDateBytes> date_{}; // the latest that was printed
	std::string time_line_;                      // what a packet's line begins with, of the latest drop
	KeptWords words_;
	bool open_ = false;  // the braces of the table and chain below
	uint32_t netns_ = 0; // handles are only unique within one
	std::string netns_name_;
	std::string family_;
	std::string table_;
	uint64_t table_handle_ = 0;
	std::string chain_;
	uint64_t chain_handle_ = 0;
};

} // namespace nft_drops

#endif
