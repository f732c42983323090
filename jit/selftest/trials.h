// SPDX-License-Identifier: GPL-2.0-only
// What the self-test's namespace holds and what is sent there: tables, chains, rules, packets, and which rule or policy
// drops which packet. Data alone.
#ifndef NFT_DROPS_JIT_SELFTEST_TRIALS_H
#define NFT_DROPS_JIT_SELFTEST_TRIALS_H

#include "bpf/shared/event.h"

#include <array>
#include <cstdint>
#include <span>

namespace nft_drops::jit {

struct TrialChain {
	const char *name;
	int hook = -1; // NF_INET_*, NF_ARP_*, NF_NETDEV_* by the table's family; -1: no base chain
	bool policy_drop = false;
	const char *device = nullptr; // of hooks that belong to a device
};

enum class Verb { kAccept, kDrop, kReturn, kJump, kGoto, kMap, kQueue, kReject };

// A UDP destination port that a rule is for; in family arp the ARP operation.
struct TrialMatch {
	uint16_t port = 0; // 0: any
	bool but = false;  // any other than this one
};

struct TrialRule {
	const char *chain;
	TrialMatch match;
	Verb verb;
	const char *target = nullptr; // of kJump, kGoto
	bool counter = false;         // an expression more
};

// An element of the table's verdict map, which kMap looks the port up in.
struct TrialElement {
	uint16_t port;
	Verb verb;
	const char *target = nullptr;
};

struct TrialTable {
	uint8_t family; // NFPROTO_*
	const char *name;
	std::span<const TrialChain> chains;
	std::span<const TrialElement> elements;
	std::span<const TrialRule> rules;
	// The chain that begins with a rule which evaluates expressions of many kinds and decides nothing.
	const char *every_kind = nullptr;
	// Not every kernel takes it: where it is refused, whatever the reason, its trials are left out.
	bool optional = false;
	const char *module = nullptr; // left out where this is not loaded: a self-test loads no module
};

constexpr size_t kTrialTables = 8;
std::span<const TrialTable, kTrialTables> trial_tables();

// A UDP datagram to this machine's own loopback address, or an ARP request for it.
struct Trial {
	const char *name; // what it is about, for messages
	uint16_t port;
	bool ip6 = false;
	uint16_t payload = 8; // bytes
	size_t table = 0;     // index in trial_tables()
	const char *base_chain = nullptr;
	int rule = -1; // index in the table's rules of the one that drops it; -1: the base chain's policy does
	// Of these rules: the jumps that are still to be returned from then, outermost first.
	std::span<const int> jumps = {};
	bool arp = false;
	bool seen = true; // false: the rule takes the packet, which is no drop by nf_tables
};

// In the order in which they are sent: first those that are dropped on the way out.
std::span<const Trial> trials();

// Accepted, over lo: when it has arrived, everything that was sent before it has passed the rules.
constexpr uint16_t kFencePort = 9014;
constexpr uint16_t kSourcePort = 9100;
// The ARP request, behind its Ethernet header.
constexpr std::array<uint8_t, 28> kArpRequest{0,   1, 8, 0, 6, 4, 0, 1, 0, 0, 0,   0, 0, 0,
                                              127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 127, 0, 0, 1};
// Byte i of a payload.
constexpr uint8_t payload_byte(uint16_t port, size_t i) {
	return static_cast<uint8_t>(port + 7 * i);
}

} // namespace nft_drops::jit

#endif
