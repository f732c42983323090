// SPDX-License-Identifier: GPL-2.0-only
// What the self-test's namespace holds and what is sent there: tables, chains, rules, packets, and which rule or policy
// drops which packet. Data alone.
#ifndef NFT_DROPS_JIT_SELFTEST_TRIALS_H
#define NFT_DROPS_JIT_SELFTEST_TRIALS_H

#include "bpf/shared/event.h"

#include <cstdint>
#include <span>

namespace nft_drops::jit {

struct TrialChain {
	const char *name;
	int hook = -1; // NF_INET_*; -1: no base chain
	bool policy_drop = false;
};

enum class Verb { kAccept, kDrop, kReturn, kJump, kGoto, kMap };

// A UDP destination port that a rule is for.
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
};

constexpr size_t kTrialTables = 2;
std::span<const TrialTable, kTrialTables> trial_tables();

// A UDP datagram to this machine's own loopback address.
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
};

// In the order in which they are sent: first those that are dropped on the way out.
std::span<const Trial> trials();

// Accepted, over lo: when it has arrived, everything that was sent before it has passed the rules.
constexpr uint16_t kFencePort = 9014;
constexpr uint16_t kSourcePort = 9100;
// Byte i of a payload.
constexpr uint8_t payload_byte(uint16_t port, size_t i) {
	return static_cast<uint8_t>(port + 7 * i);
}

} // namespace nft_drops::jit

#endif
