// SPDX-License-Identifier: GPL-2.0-only
// A MATCH over what the history holds of a flow: devices, addresses, protocol and destination port.
//
// The programs are those that monitor compiles into its probe (jit/match/program.h): nft and nf_tables made them of the
// user's words. Here they run over rows. A program that asks for anything else is refused by the field's name.
#ifndef NFT_DROPS_NFT_EXT_HISTORY_ROW_MATCH_H
#define NFT_DROPS_NFT_EXT_HISTORY_ROW_MATCH_H

#include "jit/base/result.h"
#include "jit/match/program.h"
#include "nft-ext/history/row.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace nft_drops {

class RowMatch {
public:
	static Result<RowMatch> make(std::vector<jit::FamilyMatch> families);

	// Whether a rule with this match, in the culprit's table, would match the flow's packets. False for the others
	// (FlowWords::kOthers): nobody knows what they were.
	[[nodiscard]] bool takes(const CulpritWords &culprit, const FlowWords &flow) const;

	// The only destination port (of ICMP: type and code) that any flow may have; nothing: there are several.
	[[nodiscard]] std::optional<uint16_t> port() const { return port_; }

private:
	std::vector<jit::FamilyMatch> families_;
	std::optional<uint16_t> port_;
};

} // namespace nft_drops

#endif
