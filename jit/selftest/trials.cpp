// SPDX-License-Identifier: GPL-2.0-only
#include "jit/selftest/trials.h"

#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>

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

// What each family has of its own: nft_do_chain's caller there could have a copy of it.
constexpr TrialChain kIngressChains[] = {{"spare1"}, {"ingress", NF_NETDEV_INGRESS, false, "lo"}};
constexpr TrialRule kIngressRules[] = {{"ingress", {9906}, Verb::kDrop}, {"ingress", {9031}, Verb::kDrop}};
constexpr TrialChain kEgressChains[] = {{"spare1"}, {"spare2"}, {"egress", NF_NETDEV_EGRESS, false, "lo"}};
constexpr TrialRule kEgressRules[] = {{"egress", {9907}, Verb::kDrop}, {"egress", {9030}, Verb::kDrop}};
constexpr TrialChain kInetIngressChains[] = {{"inet-ingress", NF_INET_INGRESS, false, "lo"}};
constexpr TrialRule kInetIngressRules[] = {{"inet-ingress", {9908}, Verb::kDrop},
                                           {"inet-ingress", {9032}, Verb::kDrop}};
constexpr TrialChain kArpChains[] = {{"spare1"}, {"arp-in", NF_ARP_IN}};
constexpr TrialRule kArpRules[] = {{"arp-in", {2}, Verb::kDrop}, {"arp-in", {1}, Verb::kDrop}};
// Nobody listens to the queue: nf_queue() frees the packet, and no rule has dropped it.
constexpr TrialChain kQueueChains[] = {{"queue-out", NF_INET_LOCAL_OUT}};
constexpr TrialRule kQueueRules[] = {{"queue-out", {9016}, Verb::kQueue}};
// Sends nothing: a TCP reset is no answer to UDP.
constexpr TrialChain kRejectChains[] = {{"spare1"}, {"reject-out", NF_INET_LOCAL_OUT}};
constexpr TrialRule kRejectRules[] = {{"reject-out", {9909}, Verb::kDrop}, {"reject-out", {9017}, Verb::kReject}};

// In trials: the tables' places.
enum Table : uint8_t { kIp, kInet, kIngress, kEgress, kInetIngress, kArp, kQueue, kReject };

constexpr std::array<TrialTable, kTrialTables> kTables{{
        {NFPROTO_IPV4, "nd-self-test-ip", kIpChains, kIpElements, kIpTableRules, "out"},
        {NFPROTO_INET, "nd-self-test-inet", kInetChains, kInetElements, kInetTableRules, nullptr},
        {NFPROTO_NETDEV, "nd-self-test-ingress", kIngressChains, {}, kIngressRules, nullptr, true},
        {NFPROTO_NETDEV, "nd-self-test-egress", kEgressChains, {}, kEgressRules, nullptr, true},
        {NFPROTO_INET, "nd-self-test-inet-ingress", kInetIngressChains, {}, kInetIngressRules, nullptr, true},
        {NFPROTO_ARP, "nd-self-test-arp", kArpChains, {}, kArpRules, nullptr, true},
        {NFPROTO_IPV4, "nd-self-test-queue", kQueueChains, {}, kQueueRules, nullptr, true, "nft_queue"},
        {NFPROTO_IPV4, "nd-self-test-reject", kRejectChains, {}, kRejectRules, nullptr, true, "nft_reject_ipv4"},
}};

constexpr int kOneJump[] = {kJumps};
constexpr int kTwoJumps[] = {kJumpsDeep, kDeeper};
constexpr int kMapJump[] = {kInetByMap};

constexpr Trial kTrials[] = {
        {"the first rule", 9001, false, 8, kIp, "out", kFirst},
        {"a rule after a jump", 9002, false, 9, kIp, "out", kJumped, kOneJump},
        {"the only rule of a chain, by goto", 9003, false, 10, kIp, "out", kAlone},
        {"a verdict map", 9004, false, 11, kIp, "out", kByMap},
        {"a rule after a return", 9005, false, 12, kIp, "out", kAfterReturn},
        {"a chain that a verdict map goes to", 9006, false, 13, kIp, "out", kMapped},
        {"a rule in the middle", 9007, false, 200, kIp, "out", kMiddle},
        {"a rule after two jumps", 9008, false, 15, kIp, "out", kDeepest, kTwoJumps},
        {"the last rule", 9009, false, 0, kIp, "out", kLast},
        {"a rule of an inet table", 9020, false, 17, kInet, "inet-out", kInetDrop},
        {"a rule that a verdict map jumps to", 9022, false, 18, kInet, "inet-out", kSide, kMapJump},
        {"an IPv6 packet", 9020, true, 19, kInet, "inet-out", kInetDrop},
        {"reject", 9017, false, 26, kReject, "reject-out", 1},
        {"a queue without a listener", 9016, false, 27, kQueue, "queue-out", 0, {}, false, false},
        {"a rule of a netdev egress chain", 9030, false, 28, kEgress, "egress", 1},
        {"a rule of a netdev ingress chain", 9031, false, 29, kIngress, "ingress", 1},
        {"a rule of an inet ingress chain", 9032, false, 30, kInetIngress, "inet-ingress", 1},
        {"a rule of an arp chain", 1, false, 0, kArp, "arp-in", 1, {}, true},
        {"a policy", 9010, false, 20, kIp, "in"},
        {"the first rule of the input chain", 9011, false, 21, kIp, "in", kInFirst},
        {"a policy after a jump", 9012, false, 22, kIp, "in"},
        {"a policy after a goto", 9013, false, 23, kIp, "in"},
        {"the last rule of the input chain", 9015, false, 24, kIp, "in", kInLast},
        {"an inet chain's policy", 9021, false, 25, kInet, "inet-pre"},
};

} // namespace

std::span<const TrialTable, kTrialTables> trial_tables() {
	return kTables;
}

std::span<const Trial> trials() {
	return kTrials;
}

} // namespace nft_drops::jit
