// SPDX-License-Identifier: GPL-2.0-only
// Rules and flows as the kernel's sums give them.
#ifndef NFT_DROPS_TESTS_UNIT_NFT_EXT_VIEW_ROWS_H
#define NFT_DROPS_TESTS_UNIT_NFT_EXT_VIEW_ROWS_H

#include "bpf/shared/flow.h"
#include "nft-ext/history/row.h"

#include <cstdint>
#include <string>

namespace nft_drops {

constexpr int64_t kSecond = 1'000'000'000;

inline CulpritWords rule(uint64_t handle, const std::string &text, const std::string &chain = "input") {
	CulpritWords c;
	c.family = "inet";
	c.table = "filter";
	c.table_handle = 6;
	c.chain = c.base_chain = chain;
	c.chain_known = true;
	c.cause = ND_CAUSE_RULE;
	c.handle = handle;
	c.text = text;
	return c;
}

// UDP from 10.0.x.y, whose last bytes are `source`, to 10.0.0.1.
inline FlowWords udp(uint16_t source, uint16_t port) {
	FlowWords flow;
	flow.kind = ND_FLOW_IP | ND_FLOW_PORT;
	flow.protocol = 17;
	flow.port = port;
	flow.iif = "eth0";
	flow.saddr.size = flow.daddr.size = 4;
	flow.saddr.bytes = {10, 0, static_cast<uint8_t>(source >> 8), static_cast<uint8_t>(source)};
	flow.daddr.bytes = {10, 0, 0, 1};
	return flow;
}

inline Row row(const CulpritWords &culprit, const FlowWords &flow, int64_t packets, int64_t last = kSecond) {
	return {&culprit, flow, {packets, packets * 60, last, last}};
}

inline FlowWords others() {
	FlowWords flow;
	flow.kind = FlowWords::kOthers;
	return flow;
}

} // namespace nft_drops

#endif
