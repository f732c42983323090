// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/decode.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>

namespace nft_drops {

namespace {

// The header of RFC 826 with 6-byte hardware and 4-byte protocol addresses.
constexpr size_t kFixedBytes = 8;
constexpr size_t kSenderMac = 8;
constexpr size_t kSenderIp = 14;
constexpr size_t kTargetMac = 18;
constexpr size_t kTargetIp = 24;
constexpr size_t kBytes = 28;

void read_ip(Bytes bytes, size_t at, Address &address) {
	if (!bytes.reaches(at + 4)) return;
	address.size = 4;
	bytes.copy<4>(at, address.bytes);
}

void read_mac(Bytes bytes, size_t at, std::optional<MacAddress> &address) {
	if (bytes.reaches(at + 6)) bytes.copy<6>(at, address.emplace());
}

} // namespace

void decode_arp(Bytes bytes, Packet &packet) {
	Arp &arp = packet.arp.emplace();
	if (bytes.reaches(2)) arp.htype = bytes.u16(0);
	if (bytes.reaches(4)) arp.ptype = bytes.u16(2);
	if (!bytes.reaches(kFixedBytes)) {
		packet.truncated = Layer::kArp;
		return;
	}
	arp.operation = bytes.u16(6);
	const size_t hlen = bytes.u8(4);
	const size_t plen = bytes.u8(5);
	if (!bytes.reaches(kFixedBytes + 2 * (hlen + plen))) packet.truncated = Layer::kArp;
	if (arp.htype != ARPHRD_ETHER || arp.ptype != ETH_P_IP || hlen != 6 || plen != 4) return;
	static_assert(kBytes == kFixedBytes + 2 * (6 + 4) && kBytes == kTargetIp + 4);
	read_mac(bytes, kSenderMac, arp.saddr);
	read_ip(bytes, kSenderIp, packet.saddr);
	read_mac(bytes, kTargetMac, arp.daddr);
	read_ip(bytes, kTargetIp, packet.daddr);
}

} // namespace nft_drops
