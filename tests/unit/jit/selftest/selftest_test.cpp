// SPDX-License-Identifier: GPL-2.0-only
// The self-test's own rightness: what it expects of its packets follows from its rules, and no wrong fact escapes it.
#include "jit/selftest/difference.h"
#include "jit/selftest/selftest.h"
#include "jit/selftest/trials.h"

#include "temporary_file.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>

#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace nft_drops::jit_test {
namespace {

using namespace jit;

// How nf_tables evaluates a base chain (nf_tables(8), verdict statements): the rule that drops, or by policy.
struct Outcome {
	bool ended = false;
	int rule = -1;
	std::vector<int> jumps = {}; // the rules whose jumps led there and are still to be returned from
	bool dropped = true;         // false: queued
	bool operator==(const Outcome &) const = default;
};

class Evaluation {
public:
	Evaluation(const TrialTable &table, uint16_t port) : table_(table), port_(port) {}

	Outcome base(const TrialChain &chain) {
		switch (walk(chain.name)) {
		case End::kDropped:
		case End::kQueued:
			return {true, rule_, jumps_, !queued_};
		case End::kAccepted:
			return {};
		default:
			return {chain.policy_drop, -1};
		}
	}

private:
	enum class End { kBack, kDropped, kQueued, kAccepted };

	End walk(const std::string &chain) {
		for (size_t i = 0; i < table_.rules.size(); i++) {
			const TrialRule &r = table_.rules[i];
			if (chain != r.chain) continue;
			Verb verb = r.verb;
			const char *target = r.target;
			if (verb == Verb::kMap) {
				const TrialElement *found = nullptr;
				for (const TrialElement &e : table_.elements)
					if (e.port == port_) found = &e;
				if (!found) continue;
				verb = found->verb;
				target = found->target;
			} else if (r.match.port != 0 && (r.match.port == port_) == r.match.but) {
				continue;
			}
			switch (verb) {
			case Verb::kAccept:
				return End::kAccepted;
			case Verb::kQueue:
				queued_ = true;
				[[fallthrough]];
			case Verb::kDrop:
			case Verb::kReject:
				rule_ = static_cast<int>(i);
				return queued_ ? End::kQueued : End::kDropped;
			case Verb::kReturn:
				return End::kBack;
			case Verb::kGoto:
				return walk(target);
			default:
				jumps_.push_back(static_cast<int>(i));
				if (const End end = walk(target); end != End::kBack) return end;
				jumps_.pop_back();
			}
		}
		return End::kBack;
	}

	const TrialTable &table_;
	uint16_t port_;
	int rule_ = -1;
	bool queued_ = false;
	std::vector<int> jumps_;
};

struct Verdict {
	size_t table = 0;
	std::string base_chain;
	int rule = -1;
	std::vector<int> jumps = {};
	bool dropped = true;
	bool operator==(const Verdict &) const = default;
};

enum class Packet { kIp, kIp6, kArp };

Packet packet_of(const Trial &trial) {
	return trial.arp ? Packet::kArp : trial.ip6 ? Packet::kIp6 : Packet::kIp;
}

bool sees(uint8_t family, Packet packet) {
	switch (family) {
	case NFPROTO_IPV4:
		return packet == Packet::kIp;
	case NFPROTO_INET:
		return packet != Packet::kArp;
	case NFPROTO_ARP:
		return packet == Packet::kArp;
	default:
		return true;
	}
}

// Whoever takes it first, in the order in which the hooks see a packet over lo.
std::vector<Verdict> fate(uint16_t port, Packet packet) {
	constexpr uint8_t kIp = NFPROTO_UNSPEC; // the families ip, ip6 and inet
	const struct {
		uint8_t family;
		int hook;
	} hooks[] = {{kIp, NF_INET_LOCAL_OUT}, {NFPROTO_NETDEV, NF_NETDEV_EGRESS}, {NFPROTO_NETDEV, NF_NETDEV_INGRESS},
	             {kIp, NF_INET_INGRESS},   {NFPROTO_ARP, NF_ARP_IN},           {kIp, NF_INET_PRE_ROUTING},
	             {kIp, NF_INET_LOCAL_IN}};
	for (const auto &hook : hooks) {
		for (size_t t = 0; t < trial_tables().size(); t++) {
			const TrialTable &table = trial_tables()[t];
			const bool of_ip = table.family == NFPROTO_IPV4 || table.family == NFPROTO_INET;
			if ((of_ip ? kIp : table.family) != hook.family || !sees(table.family, packet)) continue;
			for (const TrialChain &chain : table.chains) {
				if (chain.hook != hook.hook) continue;
				const Outcome o = Evaluation(table, port).base(chain);
				if (o.ended) return {{t, chain.name, o.rule, o.jumps, o.dropped}};
			}
		}
	}
	return {};
}

TEST(SelfTest, ExpectsWhatItsRulesSay) {
	for (const Trial &t : trials()) {
		const auto f = fate(t.port, packet_of(t));
		ASSERT_EQ(f.size(), 1U) << t.name;
		EXPECT_EQ(f[0], (Verdict{t.table, t.base_chain, t.rule, {t.jumps.begin(), t.jumps.end()}, t.seen}))
		        << t.name;
	}
	EXPECT_TRUE(fate(kFencePort, Packet::kIp).empty());
}

TEST(SelfTest, EveryFamilyIsTried) {
	std::set<std::pair<uint8_t, int>> hooks;
	for (const TrialTable &table : trial_tables())
		for (const TrialChain &chain : table.chains)
			if (chain.hook >= 0) hooks.emplace(table.family, chain.hook);
	const std::set<std::pair<uint8_t, int>> wanted{{NFPROTO_ARP, NF_ARP_IN},
	                                               {NFPROTO_NETDEV, NF_NETDEV_INGRESS},
	                                               {NFPROTO_NETDEV, NF_NETDEV_EGRESS},
	                                               {NFPROTO_INET, NF_INET_INGRESS}};
	for (const auto &hook : wanted)
		EXPECT_TRUE(hooks.contains(hook)) << int{hook.first} << " " << hook.second;
}

TEST(SelfTest, SendsThingsThatDifferFromEachOther) {
	std::set<std::pair<uint16_t, Packet>> packets;
	std::set<uint16_t> lengths;
	for (const Trial &t : trials()) {
		EXPECT_TRUE(packets.emplace(t.port, packet_of(t)).second) << t.name;
		EXPECT_TRUE(lengths.insert(t.payload).second || t.payload == 8 || t.arp) << t.name;
	}
}

Expectation some_expectation() {
	Expectation x{.not_before = 100, .not_after = 200};
	nd_event &e = x.event;
	e.cause = ND_CAUSE_RULE;
	e.rule_handle = 17;
	e.table_handle = 3;
	e.chain_handle = 4;
	e.netns = 4026532000;
	e.generation = 9;
	e.family = NFPROTO_INET;
	e.pf = NFPROTO_IPV4;
	e.hook = NF_INET_LOCAL_IN;
	e.iif = 1;
	e.length = 40;
	e.l3_len = 40;
	e.l2_len = 14;
	e.flags = ND_FLAG_L2;
	e.protocol = 0x800;
	e.dev_type = 772;
	strcpy(e.iifname, "lo");
	strcpy(e.table, "t");
	strcpy(e.base_chain, "c");
	for (size_t i = 0; i < e.l3_len; i++) {
		e.l3[i] = static_cast<uint8_t>(i);
		x.l3_mask[i] = i != 4;
	}
	return x;
}

nd_event as_expected(const Expectation &x) {
	nd_event e = x.event;
	e.time_ns = x.not_before;
	return e;
}

TEST(SelfTest, EveryFactIsCompared) {
	const Expectation x = some_expectation();
	EXPECT_EQ(difference(x, as_expected(x)), std::nullopt);
	const struct {
		const char *word;
		std::function<void(nd_event &)> damage;
	} damages[] = {
	        {"cause: expected rule, saw policy", [](nd_event &e) { e.cause = ND_CAUSE_POLICY; }},
	        {"cause: expected rule, saw jump limit", [](nd_event &e) { e.cause = ND_CAUSE_JUMP_LIMIT; }},
	        {"rule handle: expected 17, saw 18", [](nd_event &e) { e.rule_handle++; }},
	        {"table handle: expected 3, saw 2", [](nd_event &e) { e.table_handle--; }},
	        {"base chain handle", [](nd_event &e) { e.chain_handle = 0; }},
	        {"network namespace", [](nd_event &e) { e.netns++; }},
	        {"family", [](nd_event &e) { e.family = NFPROTO_IPV4; }},
	        {"hook's protocol", [](nd_event &e) { e.pf = NFPROTO_IPV6; }},
	        {"hook", [](nd_event &e) { e.hook = NF_INET_FORWARD; }},
	        {"input interface: expected 1", [](nd_event &e) { e.iif = 2; }},
	        {"output interface: expected 0", [](nd_event &e) { e.oif = 2; }},
	        {"input interface: expected \"lo\"", [](nd_event &e) { e.iifname[1] = 'x'; }},
	        {"output interface: expected \"\", saw \"?\"", [](nd_event &e) { e.oifname[0] = '\x1b'; }},
	        {"length", [](nd_event &e) { e.length--; }},
	        {"protocol", [](nd_event &e) { e.protocol = 0x86dd; }},
	        {"flags", [](nd_event &e) { e.flags |= ND_FLAG_VLAN; }},
	        {"device type", [](nd_event &e) { e.dev_type = 1; }},
	        {"network header", [](nd_event &e) { e.l3_len--; }},
	        {"link header", [](nd_event &e) { e.l2_len--; }},
	        {"link header", [](nd_event &e) { e.l2[13] = 1; }},
	        {"generation", [](nd_event &e) { e.generation--; }},
	        {"generation: expected 9, saw 0", [](nd_event &e) { e.generation = 0; }},
	        {"table: expected \"t\"", [](nd_event &e) { e.table[0] = 'u'; }},
	        {"base chain: expected \"c\"", [](nd_event &e) { e.base_chain[1] = 'c'; }},
	        {"byte 39 of the packet: expected 0x27, saw 0x28", [](nd_event &e) { e.l3[39]++; }},
	        {"time", [](nd_event &e) { e.time_ns = 99; }},
	        {"time", [](nd_event &e) { e.time_ns = 201; }},
	        {"verdict", [](nd_event &e) { e.verdict = 1; }},
	};
	for (const auto &d : damages) {
		nd_event e = as_expected(x);
		d.damage(e);
		const auto words = difference(x, e);
		ASSERT_TRUE(words) << d.word;
		EXPECT_NE(words->find(d.word), std::string::npos) << *words;
	}
}

TEST(SelfTest, WhatCannotBeKnownIsNotCompared) {
	const Expectation x = some_expectation();
	nd_event e = as_expected(x);
	e.l3[4] ^= 0xff;
	e.cpu = 3;
	e.site = 2;
	EXPECT_EQ(difference(x, e), std::nullopt);
}

TEST(SelfTest, EveryJumpIsCompared) {
	nd_path x{};
	x.depth = 2;
	x.jumps[0] = {.next = 7, .chain = 3};
	x.jumps[1] = {.next = 0, .chain = 4};
	EXPECT_EQ(difference_of_paths(x, x), std::nullopt);
	nd_path untold = x;
	untold.jumps[0].chain = 0; // the rule tells it
	EXPECT_EQ(difference_of_paths(x, untold), std::nullopt);
	const struct {
		const char *word;
		std::function<void(nd_path &)> damage;
	} damages[] = {
	        {"jumps: expected 2, saw 1", [](nd_path &p) { p.depth = 1; }},
	        {"jumps: expected 2, saw 65535", [](nd_path &p) { p.depth = ND_DEPTH_UNKNOWN; }},
	        {"rule behind jump 1: expected 7, saw 8", [](nd_path &p) { p.jumps[0].next++; }},
	        {"rule behind jump 2: expected 0, saw 9", [](nd_path &p) { p.jumps[1].next = 9; }},
	        {"chain of jump 1: expected 3, saw 4", [](nd_path &p) { p.jumps[0].chain++; }},
	        {"chain of jump 2: expected 4, saw 0", [](nd_path &p) { p.jumps[1].chain = 0; }},
	};
	for (const auto &d : damages) {
		nd_path p = x;
		d.damage(p);
		EXPECT_EQ(difference_of_paths(x, p), d.word);
	}
}

TEST(SelfTest, EveryExpressionIsCompared) {
	const auto event = [](uint8_t cause, uint64_t ops) {
		nd_event e{};
		e.cause = cause;
		e.expr_ops = ops;
		return e;
	};
	Operations right;
	EXPECT_EQ(right.difference(event(ND_CAUSE_RULE, 0x10), Operations::kImmediate, true), std::nullopt);
	EXPECT_EQ(right.difference(event(ND_CAUSE_RULE, 0x20), Operations::kLookup, true), std::nullopt);
	EXPECT_EQ(right.difference(event(ND_CAUSE_RULE, 0x10), Operations::kImmediate, true), std::nullopt);
	EXPECT_EQ(right.difference(event(ND_CAUSE_RULE, 0x40), Operations::kReject, true), std::nullopt);
	EXPECT_EQ(right.difference(event(ND_CAUSE_POLICY, 0), Operations::kImmediate, true), std::nullopt);
	EXPECT_TRUE(right.difference(event(ND_CAUSE_POLICY, 0x10), Operations::kImmediate, true));
	EXPECT_TRUE(right.difference(event(ND_CAUSE_RULE, 0x30), Operations::kImmediate, true));
	Operations all_alike;
	EXPECT_EQ(all_alike.difference(event(ND_CAUSE_RULE, 0x10), Operations::kImmediate, true), std::nullopt);
	EXPECT_TRUE(all_alike.difference(event(ND_CAUSE_RULE, 0x10), Operations::kLookup, true));
	// Said where it is known, and only there.
	Operations other;
	EXPECT_TRUE(other.difference(event(ND_CAUSE_RULE, 0), Operations::kLookup, true));
	EXPECT_EQ(other.difference(event(ND_CAUSE_RULE, 0), Operations::kLookup, false), std::nullopt);
	EXPECT_TRUE(other.difference(event(ND_CAUSE_RULE, 0x10), Operations::kLookup, false));
}

TEST(SelfTest, ExpressionsHaveTheirNames) {
	const auto name_of = [](uint64_t operations) -> std::string {
		return operations == 0x10 ? "immediate" : operations == 0x20 ? "lookup" : "";
	};
	const auto wrong = [&](uint64_t operations, Operations::Kind kind) {
		nd_event e{};
		e.cause = ND_CAUSE_RULE;
		e.expr_ops = operations;
		return Operations(name_of).difference(e, kind, true);
	};
	EXPECT_EQ(wrong(0x10, Operations::kImmediate), std::nullopt);
	EXPECT_EQ(wrong(0x20, Operations::kLookup), std::nullopt);
	EXPECT_EQ(wrong(0x10, Operations::kLookup), "expression: expected \"lookup\", saw \"immediate\"");
	EXPECT_EQ(wrong(0x20, Operations::kImmediate), "expression: expected \"immediate\", saw \"lookup\"");
	EXPECT_EQ(wrong(0x30, Operations::kImmediate), "expression: expected \"immediate\", saw \"\"");
}

TEST(SelfTest, CountsOverflowsOfAllBacklogs) {
	const TemporaryFile file("0000a1f3 0000000a 00000000 00000000\n00000001 00000010 00000000 00000000\n");
	EXPECT_EQ(jit::backlog_overflows(file.path()), 26U);
	EXPECT_EQ(jit::backlog_overflows("/nonexistent"), 0U);
}

} // namespace
} // namespace nft_drops::jit_test
