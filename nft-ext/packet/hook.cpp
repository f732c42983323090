// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/hook.h"

#include <linux/netfilter.h>

#include <array>
#include <cstring>

namespace nft_drops {
namespace {

template <size_t N> std::string_view padded(const char (&bytes)[N]) {
	return {bytes, strnlen(bytes, N)};
}

template <size_t N> std::string_view name_at(const std::array<std::string_view, N> &names, uint8_t index) {
	return index < N ? names[index] : std::string_view();
}

} // namespace

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

BridgePort physin_of(const nd_event &event) {
	if (event.physin == event.iif) return {};
	return {event.physin, padded(event.physin_name)};
}

BridgePort physout_of(const nd_event &event) {
	if (event.physout == event.oif) return {};
	return {event.physout, padded(event.physout_name)};
}

} // namespace nft_drops
