// SPDX-License-Identifier: GPL-2.0-only
// Where and why a packet was dropped: what all formats say, drawn from the event and its attribution in one
// place.
#ifndef NFT_DROPS_NFT_EXT_SINKS_CONTEXT_H
#define NFT_DROPS_NFT_EXT_SINKS_CONTEXT_H

#include "nft-ext/drop/drop.h"
#include "nft-ext/packet/hook.h"
#include "nft-ext/sinks/renderer.h"
#include "nft-ext/text/clock.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace nft_drops {

enum class Reason { kRule, kPolicy, kJumpLimit, kOther };

struct Context {
	// Views into the drop. Where the attribution has no name, the event's own (possibly cut).
	std::string_view family;
	std::string_view table;
	std::string_view chain; // the rule's chain; where that cannot be told, the base chain
	std::string_view base_chain;
	std::string_view owner;    // the process that owns the table; empty: none, or not known
	uint64_t table_handle = 0; // 0 where unknown
	uint64_t chain_handle = 0;
	bool chain_known = false; // false where `chain` is only the base chain that led to the rule
	bool unread = false;      // nobody has read the text yet (Attribution::unread)
	bool text_known = false;  // Attribution.text is the line that dropped the packet
	Reason reason = Reason::kOther;
	std::string_view location; // the function that freed the packet, where no rule and no policy dropped it
	std::string_view netns;    // its name, where several are watched
	std::string_view by; // what in the rule dropped, in nft's words; empty: a plain drop, or it cannot be told
};

Context context_of(const Drop &drop);

// "rule", "policy", "jump-limit" or "other", as in the JSON output.
std::string_view reason_name(Reason reason);
// What the packet line says in addition: " jump limit reached", " unknown cause", " dropped by masquerade" where the
// rule's words do not say that it drops, or nothing. It depends on Context::reason, by and location only.
void append_note(std::string &out, const Context &context);
// " repeated 18,240 times in 1.0 s" where it was.
void append_repeated(std::string &out, const Repeated &repeated);
// " 18,240 drops left out in 1.0 s" without the space in front.
void append_left_out(std::string &out, const Repeated &these);
// "not watched: 13:00:04.100000 to 13:00:05.300000 (nf_tables was unloaded)".
void append_not_watched(std::string &out, Clock &clock, std::chrono::system_clock::time_point from,
                        std::chrono::system_clock::time_point to, std::string_view why);

} // namespace nft_drops

#endif
