// SPDX-License-Identifier: GPL-2.0-only
#include "jit/selftest/difference.h"

#include "bpf/shared/capture.h"

#include <fmt/format.h>
#include <linux/netfilter.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace nft_drops::jit {
namespace {

std::string name_of(const char *bytes, size_t most) {
	std::string text;
	for (const char c : std::string_view(bytes, strnlen(bytes, most)))
		text += c > ' ' && c < '\x7f' ? c : '?'; // a wrong Plan shows any bytes
	return text;
}

std::string cause_name(uint64_t cause) {
	switch (cause) {
	case ND_CAUSE_RULE:
		return "rule";
	case ND_CAUSE_POLICY:
		return "policy";
	case ND_CAUSE_JUMP_LIMIT:
		return "jump limit";
	default:
		return fmt::format("{}", cause);
	}
}

} // namespace

std::optional<std::string> difference(const Expectation &expected, const nd_event &s) {
	const nd_event &e = expected.event;
	const struct {
		const char *name;
		uint64_t expected, seen;
	} numbers[] = {
	        {"rule handle", e.rule_handle, s.rule_handle},
	        {"table handle", e.table_handle, s.table_handle},
	        {"base chain handle", e.chain_handle, s.chain_handle},
	        {"network namespace", e.netns, s.netns},
	        {"family", e.family, s.family},
	        {"hook's protocol", e.pf, s.pf},
	        {"hook", e.hook, s.hook},
	        {"input interface", e.iif, s.iif},
	        {"output interface", e.oif, s.oif},
	        {"input port of a bridge", e.physin, s.physin},
	        {"output port of a bridge", e.physout, s.physout},
	        {"length", e.length, s.length},
	        {"protocol", e.protocol, s.protocol},
	        // Whether the jumps and the packet come with the event is up to who asked.
	        {"flags", e.flags, s.flags & ~uint64_t{ND_FLAG_PATH | ND_FLAG_CAPTURE}},
	        // That of the device whose link header it is.
	        {"device type", e.l2_len ? e.dev_type : s.dev_type, s.dev_type},
	        {"bytes from the network header on", e.l3_len, s.l3_len},
	        {"bytes of the link header", e.l2_len, s.l2_len},
	        {"ruleset generation", e.generation, s.generation},
	};
	if (e.cause != s.cause)
		return fmt::format("cause: expected {}, saw {}", cause_name(e.cause), cause_name(s.cause));
	for (const auto &n : numbers) {
		if (n.expected != n.seen) return fmt::format("{}: expected {}, saw {}", n.name, n.expected, n.seen);
	}
	const struct {
		const char *name, *expected, *seen;
		size_t size;
	} names[] = {
	        {"table", e.table, s.table, ND_NAME_BYTES},
	        {"base chain", e.base_chain, s.base_chain, ND_NAME_BYTES},
	        {"input interface", e.iifname, s.iifname, ND_IFNAME_BYTES},
	        {"output interface", e.oifname, s.oifname, ND_IFNAME_BYTES},
	};
	for (const auto &n : names) {
		if (strncmp(n.expected, n.seen, n.size) != 0)
			return fmt::format("{}: expected \"{}\", saw \"{}\"", n.name, name_of(n.expected, n.size),
			                   name_of(n.seen, n.size));
	}
	for (size_t i = 0; i < e.l3_len; i++) {
		if (expected.l3_mask[i] && e.l3[i] != s.l3[i])
			return fmt::format("byte {} of the packet: expected {:#04x}, saw {:#04x}", i, e.l3[i], s.l3[i]);
	}
	if (memcmp(e.l2, s.l2, e.l2_len) != 0) return "link header: other bytes than sent";
	if (s.time_ns < expected.not_before || s.time_ns > expected.not_after)
		return fmt::format("time: expected {} to {}, saw {}", expected.not_before, expected.not_after,
		                   s.time_ns);
	if (e.cause == ND_CAUSE_RULE && (s.verdict & 0xff) != NF_DROP)
		return fmt::format("verdict: expected {} (drop), saw {:#x}", NF_DROP, s.verdict);
	return std::nullopt;
}

std::optional<std::string> difference_of_paths(const nd_path &expected, const nd_path &seen) {
	if (seen.depth != expected.depth) return fmt::format("jumps: expected {}, saw {}", expected.depth, seen.depth);
	for (uint32_t i = 0; i < expected.depth; i++) {
		const nd_path::nd_jump &e = expected.jumps[i], &s = seen.jumps[i];
		if (s.next != e.next)
			return fmt::format("rule behind jump {}: expected {}, saw {}", i + 1, e.next, s.next);
		if (s.chain != e.chain && (s.chain != 0 || s.next == 0))
			return fmt::format("chain of jump {}: expected {}, saw {}", i + 1, e.chain, s.chain);
	}
	return std::nullopt;
}

std::optional<std::string> Operations::difference(const nd_event &seen, Kind kind, bool told) {
	static constexpr std::array kNames{"immediate", "lookup", "reject"};
	const bool expected = told && seen.cause == ND_CAUSE_RULE;
	if (!expected) return seen.expr_ops ? std::optional("expression: expected none") : std::nullopt;
	if (!seen.expr_ops) return "expression: expected one, saw none";
	uint64_t &mine = known_[kind];
	if (mine == 0) {
		const std::string right = kNames[kind];
		const std::string name = name_of_ ? name_of_(seen.expr_ops) : right;
		if (name != right)
			return fmt::format("expression: expected \"{}\", saw \"{}\"", right,
			                   name_of(name.data(), name.size()));
		if (std::ranges::count(known_, seen.expr_ops) != 0)
			return "expression: expected another one than of other kinds of rules";
		mine = seen.expr_ops;
	}
	if (mine != seen.expr_ops) return "expression: expected the same as of other rules of this kind";
	return std::nullopt;
}

} // namespace nft_drops::jit
