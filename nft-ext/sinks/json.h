// SPDX-License-Identifier: GPL-2.0-only
// One JSON object a line. Members, in this order (names as in libnftables-json(5) where it has one):
//
//	time          "2026-11-20T21:40:11.482113Z": UTC, microseconds
//	netns         inode number of the network namespace
//	family table table_handle
//	chain chain_handle   the chain that the dropping rule stands in; null where that cannot be told
//	reason        "rule", "policy", "jump-limit" or "other"
//	handle        the rule that dropped it, else null
//	rule          its text, for jump-limit that of the jump; null for a policy and where it cannot be told
//	hook          "input"; null where it has no name
//	iif oif       names; null where there is none, the number as a string where it has no name
//	length        bytes from the network header on
//	packet        json_packet.h
//	base_chain    where the packet entered
//	text_unread   true, only where the ruleset's reader did not answer in time: rule and policy_line are null then
//	policy_line   only for reason policy: the chain's `type ... policy drop;`, null where it cannot be told
//	jump_handle   only for reason jump-limit: the jump that found the jump stack full
//
// Always valid JSON in plain ASCII: every other character is \uXXXX, bytes that are not UTF-8 are shown as "\\xNN".
#ifndef NFT_DROPS_NFT_EXT_SINKS_JSON_H
#define NFT_DROPS_NFT_EXT_SINKS_JSON_H

#include "nft-ext/sinks/renderer.h"
#include "nft-ext/text/clock.h"

namespace nft_drops {

class JsonRenderer final : public Renderer {
public:
	void drops(const Drop &drop, const Repeated &repeated, std::string &out) override;
	void left_out(const Repeated &these, std::string &out) override;
	void not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
	                 std::string_view why, std::string &out) override;
	void finish(std::string &out) override;

private:
	Clock clock_{Clock::Zone::kUtc};
};

} // namespace nft_drops

#endif
