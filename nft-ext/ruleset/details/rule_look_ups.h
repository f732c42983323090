// SPDX-License-Identifier: GPL-2.0-only
// What one rule looks up in sets and maps, with the keys of one packet: the rule's expressions are walked as
// nft_do_chain does, over registers that hold what the event tells of the packet.
#ifndef NFT_DROPS_NFT_EXT_RULESET_DETAILS_RULE_LOOK_UPS_H
#define NFT_DROPS_NFT_EXT_RULESET_DETAILS_RULE_LOOK_UPS_H

#include "bpf/shared/details.h"
#include "bpf/shared/event.h"

#include <libmnl/libmnl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nft_drops {

// struct nft_regs: 16 registers of 4 bytes. A byte may be unknown.
class PacketRegisters {
public:
	static constexpr size_t kBytes = 64;

	// `reg` is an enum nft_registers. Stores `bytes`, and zeroes up to the end of the last 4 bytes, as nf_tables
	// does.
	void store(uint32_t reg, const std::vector<uint8_t> &bytes);
	// The `length` bytes from that register on are not known.
	void forget(uint32_t reg, size_t length);
	// nullopt where any of the bytes is not known.
	[[nodiscard]] std::optional<std::vector<uint8_t>> load(uint32_t reg, size_t length) const;

private:
	std::array<uint8_t, kBytes> bytes_{};
	std::array<bool, kBytes> known_{};
};

// One look-up in a set or map that has a name.
struct LookUp {
	std::string set;
	uint32_t source = 0;       // the register that the key begins in
	PacketRegisters registers; // as they are then
	bool negated = false;      // the rule goes on where there is no such element
	bool verdicts = false;     // a verdict map
};

// What a rule does with a packet, as far as sets and its own verdict tell.
struct RuleLookUps {
	std::vector<LookUp> look_ups;
	// Of an immediate verdict: NFT_JUMP, NFT_GOTO, NF_DROP ...; nullopt where the rule has none.
	std::optional<int32_t> verdict;
	std::string chain; // that it leads to
	uint64_t handle = 0;
};

// `message` is an NFT_MSG_NEWRULE. nullopt where it is none.
std::optional<RuleLookUps> look_ups_of_rule(const nlmsghdr *message, const nd_event &event, const nd_details &seen);

// `length` bytes of the packet at `offset` from the header `base` (enum nft_payload_bases) on; nullopt where the event
// does not hold them, or the kernel would not find that header.
std::optional<std::vector<uint8_t>> payload_of(const nd_event &event, uint32_t base, uint32_t offset, uint32_t length);

// The transport protocol and where its header begins in nd_event.l3, as nft_set_pktinfo_ipv4() and
// nft_set_pktinfo_ipv6() find them; nullopt for a later fragment, and where the event does not hold the headers before.
struct Transport {
	uint8_t protocol = 0;
	size_t offset = 0;
};
std::optional<Transport> transport_of(const nd_event &event);

} // namespace nft_drops

#endif
