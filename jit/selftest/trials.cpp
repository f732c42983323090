// SPDX-License-Identifier: GPL-2.0-only
#include "jit/selftest/trials.h"

#include <linux/netfilter.h>

#include <array>

namespace nft_drops::jit {
namespace {

// Chains that hold nothing come first, so that no chain's handle is another table's or chain's.
constexpr TrialChain kIpChains[] = {{"spare1"},
                                    {"spare2"},
                                    {"spare3"},
                                    {"out", NF_INET_LOCAL_OUT},
                                    {"in", NF_INET_LOCAL_IN, true},
                                    {"jumped"},
                                    {"returning"},
                                    {"alone"},
                                    {"mapped"},
                                    {"deep1"},
                                    {"deep2"},
                                    {"falls"}};

constexpr TrialElement kIpElements[] = {{9004, Verb::kDrop}, {9006, Verb::kGoto, "mapped"}};

// 9900 and more: no packet goes there. They make neighbours that differ.
enum IpRule : uint8_t {
	kFirst,
	kJumps,
	kGoes,
	kByMap,
	kJumpsInVain,
	kGoesByMap,
	kMiddle,
	kAfterReturn,
	kJumpsDeep,
	kLast,
	kBeforeJumped,
	kJumped,
	kBehindJumped,
	kReturns,
	kNotReached,
	kAlone,
	kMapped,
	kDeeper,
	kBeforeDeepest,
	kDeepest,
	kInFirst,
	kInJumps,
	kInGoes,
	kInAccepts,
	kInLast,
	kFalls,
	kIpRules,
};
constexpr std::array<TrialRule, kIpRules> kIpTableRules{{
        {"out", {9001}, Verb::kDrop},
        {"out", {9002}, Verb::kJump, "jumped"},
        {"out", {9003}, Verb::kGoto, "alone"},
        {"out", {9004}, Verb::kMap},
        {"out", {9005}, Verb::kJump, "returning"},
        {"out", {9006}, Verb::kMap},
        {"out", {9007}, Verb::kDrop, nullptr, true},
        {"out", {9005}, Verb::kDrop},
        {"out", {9008}, Verb::kJump, "deep1", true},
        {"out", {9009}, Verb::kDrop},
        {"jumped", {9900}, Verb::kDrop},
        {"jumped", {9002}, Verb::kDrop},
        {"jumped", {9901}, Verb::kAccept},
        {"returning", {9005}, Verb::kReturn},
        {"returning", {}, Verb::kDrop},
        {"alone", {}, Verb::kDrop},
        {"mapped", {}, Verb::kDrop, nullptr, true},
        {"deep1", {}, Verb::kJump, "deep2"},
        {"deep2", {9902}, Verb::kAccept},
        {"deep2", {9008}, Verb::kDrop},
        {"in", {9011}, Verb::kDrop},
        {"in", {9012}, Verb::kJump, "falls"},
        {"in", {9013}, Verb::kGoto, "falls"},
        {"in", {kFencePort}, Verb::kAccept},
        {"in", {9015}, Verb::kDrop, nullptr, true},
        {"falls", {9903}, Verb::kDrop},
}};

constexpr TrialChain kInetChains[] = {{"spare1"}, {"spare2"},
                                      {"spare3"}, {"spare4"},
                                      {"spare5"}, {"inet-out", NF_INET_LOCAL_OUT},
                                      {"side"},   {"inet-pre", NF_INET_PRE_ROUTING, true}};
constexpr TrialElement kInetElements[] = {{9022, Verb::kJump, "side"}};

enum InetRule : uint8_t { kInetBefore, kInetDrop, kInetByMap, kSideBefore, kSide, kPreAccepts, kInetRules };
constexpr std::array<TrialRule, kInetRules> kInetTableRules{{
        {"inet-out", {9904}, Verb::kDrop},
        {"inet-out", {9020}, Verb::kDrop},
        {"inet-out", {9022}, Verb::kMap},
        {"side", {9905}, Verb::kReturn, nullptr, true},
        {"side", {9022}, Verb::kDrop},
        {"inet-pre", {9021, true}, Verb::kAccept},
}};

constexpr std::array<TrialTable, kTrialTables> kTables{{
        {NFPROTO_IPV4, "nd-self-test-ip", kIpChains, kIpElements, kIpTableRules, "out"},
        {NFPROTO_INET, "nd-self-test-inet", kInetChains, kInetElements, kInetTableRules, nullptr},
}};

constexpr int kOneJump[] = {kJumps};
constexpr int kTwoJumps[] = {kJumpsDeep, kDeeper};
constexpr int kMapJump[] = {kInetByMap};

constexpr Trial kTrials[] = {
        {"the first rule", 9001, false, 8, 0, "out", kFirst},
        {"a rule after a jump", 9002, false, 9, 0, "out", kJumped, kOneJump},
        {"the only rule of a chain, by goto", 9003, false, 10, 0, "out", kAlone},
        {"a verdict map", 9004, false, 11, 0, "out", kByMap},
        {"a rule after a return", 9005, false, 12, 0, "out", kAfterReturn},
        {"a chain that a verdict map goes to", 9006, false, 13, 0, "out", kMapped},
        {"a rule in the middle", 9007, false, 200, 0, "out", kMiddle},
        {"a rule after two jumps", 9008, false, 15, 0, "out", kDeepest, kTwoJumps},
        {"the last rule", 9009, false, 0, 0, "out", kLast},
        {"a rule of an inet table", 9020, false, 17, 1, "inet-out", kInetDrop},
        {"a rule that a verdict map jumps to", 9022, false, 18, 1, "inet-out", kSide, kMapJump},
        {"an IPv6 packet", 9020, true, 19, 1, "inet-out", kInetDrop},
        {"a policy", 9010, false, 20, 0, "in"},
        {"the first rule of the input chain", 9011, false, 21, 0, "in", kInFirst},
        {"a policy after a jump", 9012, false, 22, 0, "in"},
        {"a policy after a goto", 9013, false, 23, 0, "in"},
        {"the last rule of the input chain", 9015, false, 24, 0, "in", kInLast},
        {"an inet chain's policy", 9021, false, 25, 1, "inet-pre"},
};

} // namespace

std::span<const TrialTable, kTrialTables> trial_tables() {
	return kTables;
}

std::span<const Trial> trials() {
	return kTrials;
}

} // namespace nft_drops::jit
