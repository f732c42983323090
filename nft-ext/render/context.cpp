// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/render/context.h"

#include <linux/netfilter.h>

#include <array>
#include <cstring>

namespace nft_drops {

namespace {

template <size_t N> std::string_view padded(const char (&bytes)[N]) {
	return {bytes, strnlen(bytes, N)};
}

std::string_view family_name(uint8_t family) {
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return "unknown";
	}
}

Reason reason_of(uint8_t cause) {
	switch (cause) {
	case ND_CAUSE_RULE:
		return Reason::kRule;
	case ND_CAUSE_POLICY:
		return Reason::kPolicy;
	case ND_CAUSE_JUMP_LIMIT:
		return Reason::kJumpLimit;
	default:
		return Reason::kOther;
	}
}

template <size_t N> std::string_view name_at(const std::array<std::string_view, N> &names, uint8_t index) {
	return index < N ? names[index] : std::string_view();
}

} // namespace

Context context_of(const nd_event &event, const Answer &answer) {
	Context context;
	context.family = answer.family.empty() ? family_name(event.family) : std::string_view(answer.family);
	context.table = answer.table.empty() ? padded(event.table) : std::string_view(answer.table);
	context.table_handle = answer.table_handle != 0 ? answer.table_handle : event.table_handle;
	context.base_chain = answer.base_chain.empty() ? padded(event.base_chain) : std::string_view(answer.base_chain);
	context.reason = reason_of(event.cause);
	// A rule without an expression drops nothing: no text is no knowledge.
	context.text_known = answer.known && !answer.text.empty();
	if (!answer.chain.empty()) {
		context.chain = answer.chain;
		context.chain_handle = answer.chain_handle;
		context.chain_known = true;
	} else {
		context.chain = context.base_chain;
		context.chain_handle = event.chain_handle;
		context.chain_known = context.reason == Reason::kPolicy;
	}
	return context;
}

std::string_view reason_name(Reason reason) {
	switch (reason) {
	case Reason::kRule:
		return "rule";
	case Reason::kPolicy:
		return "policy";
	case Reason::kJumpLimit:
		return "jump-limit";
	case Reason::kOther:
		break;
	}
	return "other";
}

std::string_view reason_note(Reason reason) {
	switch (reason) {
	case Reason::kRule:
	case Reason::kPolicy:
		return {};
	case Reason::kJumpLimit:
		return " jump limit reached";
	case Reason::kOther:
		break;
	}
	return " unknown cause";
}

std::string_view hook_name(const nd_event &event) {
	static constexpr std::array<std::string_view, 6> kInet = {"prerouting", "input",       "forward",
	                                                          "output",     "postrouting", "ingress"};
	static constexpr std::array<std::string_view, 5> kBridge = {"prerouting", "input", "forward", "output",
	                                                            "postrouting"};
	static constexpr std::array<std::string_view, 3> kArp = {"input", "output", "forward"};
	static constexpr std::array<std::string_view, 2> kNetdev = {"ingress", "egress"};
	switch (event.pf) {
	case NFPROTO_INET:
	case NFPROTO_IPV4:
	case NFPROTO_IPV6:
		return name_at(kInet, event.hook);
	case NFPROTO_BRIDGE:
		return name_at(kBridge, event.hook);
	case NFPROTO_ARP:
		return name_at(kArp, event.hook);
	case NFPROTO_NETDEV:
		return name_at(kNetdev, event.hook);
	default:
		return {};
	}
}

std::string_view iif_name(const nd_event &event) {
	return padded(event.iifname);
}

std::string_view oif_name(const nd_event &event) {
	return padded(event.oifname);
}

} // namespace nft_drops
