// SPDX-License-Identifier: GPL-2.0-only
// Where a packet was dropped: the names of its hook and of its devices.
#ifndef NFT_DROPS_NFT_EXT_PACKET_HOOK_H
#define NFT_DROPS_NFT_EXT_PACKET_HOOK_H

#include "bpf/shared/event.h"

#include <cstdint>
#include <string_view>

namespace nft_drops {

// nft's name of the hook, e.g. "input"; empty where there is none. The numbers are NF_INET_*, NF_ARP_*, NF_BR_* or
// NF_NETDEV_* by nd_event.pf.
std::string_view hook_name(const nd_event &event);

std::string_view iif_name(const nd_event &event);
std::string_view oif_name(const nd_event &event);

// The port of a bridge through which the packet came, or goes out. The index is 0 if there is no port, and if the port
// is the device iif (or oif) itself: the kernel's log (PHYSIN, PHYSOUT) leaves out such a port, too.
struct BridgePort {
	uint32_t index;
	std::string_view name; // empty where it is not known
};
BridgePort physin_of(const nd_event &event);
BridgePort physout_of(const nd_event &event);

} // namespace nft_drops

#endif
