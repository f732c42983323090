// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/decode.h"

namespace nft_drops {

namespace {

constexpr size_t kMinBytes = 20;
constexpr uint16_t kOffsetMask = 0x1fff;
constexpr uint16_t kMoreFragments = 0x2000;

void read_address(Bytes bytes, size_t at, Address &address) {
	if (!bytes.reaches(at + 4)) return;
	address.size = 4;
	bytes.copy<4>(at, address.bytes);
}

void read_fragment(Bytes bytes, Packet &packet) {
	if (!bytes.reaches(8)) return;
	const uint16_t field = bytes.u16(6);
	if (!(field & (kOffsetMask | kMoreFragments))) return;
	packet.fragment = Fragment{.id = bytes.u16(4),
	                           .offset = static_cast<uint16_t>(field & kOffsetMask),
	                           .field = field,
	                           .more = (field & kMoreFragments) != 0};
}

} // namespace

void decode_ip(Bytes bytes, Packet &packet) {
	const uint8_t version = bytes.u8(0) >> 4;
	if (bytes.reaches(1) && version != 4) {
		packet.bad_version = version;
		return;
	}
	read_fragment(bytes, packet);
	if (bytes.reaches(10)) packet.protocol = bytes.u8(9);
	read_address(bytes, 12, packet.saddr);
	read_address(bytes, 16, packet.daddr);
	const uint8_t ihl = bytes.u8(0) & 0x0f;
	const size_t header = size_t{ihl} * 4;
	if (bytes.reaches(1) && header < kMinBytes) {
		packet.bad_hdrlength = ihl;
		if (!bytes.reaches(kMinBytes)) packet.truncated = Layer::kIp;
		return;
	}
	if (!bytes.reaches(kMinBytes) || !bytes.reaches(header)) {
		packet.truncated = Layer::kIp;
		return;
	}
	if (packet.fragment && packet.fragment->offset != 0) return;
	// Behind the packet's own end there is link padding. 0 is what big TCP packets have (kernel 6.3 and later).
	const size_t total = bytes.u16(2);
	if (total >= header) bytes = bytes.first(total);
	decode_l4(bytes.from(header), packet);
}

} // namespace nft_drops
