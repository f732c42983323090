// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/decode.h"

#include <netinet/in.h>

namespace nft_drops {

namespace {

constexpr size_t kFixedBytes = 40;
constexpr size_t kFragBytes = 8;

void read_address(Bytes bytes, size_t at, Address &address) {
	if (!bytes.reaches(at + 16)) return;
	address.size = 16;
	bytes.copy<16>(at, address.bytes);
}

// The same headers as the kernel's ipv6_ext_hdr(), which nft_set_pktinfo_ipv6() walks over: not ESP, not mobility.
uint8_t exthdr_of(uint8_t protocol) {
	switch (protocol) {
	case IPPROTO_HOPOPTS:
		return kHbh;
	case IPPROTO_ROUTING:
		return kRt;
	case IPPROTO_DSTOPTS:
		return kDst;
	case IPPROTO_FRAGMENT:
		return kFrag;
	case IPPROTO_AH:
		return kAuth;
	default:
		return 0;
	}
}

size_t exthdr_bytes(uint8_t exthdr, Bytes bytes) {
	switch (exthdr) {
	case kFrag:
		return kFragBytes;
	case kAuth:
		return (size_t{bytes.u8(1)} + 2) * 4;
	default:
		return (size_t{bytes.u8(1)} + 1) * 8;
	}
}

Fragment read_fragment(Bytes bytes) {
	const uint16_t field = bytes.u16(2);
	const auto offset = static_cast<uint16_t>(field >> 3);
	return {.id = bytes.u32(4), .offset = offset, .field = offset, .more = (field & 1) != 0};
}

} // namespace

void decode_ip6(Bytes bytes, Packet &packet) {
	const uint8_t version = bytes.u8(0) >> 4;
	if (bytes.reaches(1) && version != 6) {
		packet.bad_version = version;
		return;
	}
	if (bytes.reaches(7)) packet.protocol = bytes.u8(6);
	read_address(bytes, 8, packet.saddr);
	read_address(bytes, 24, packet.daddr);
	if (!bytes.reaches(kFixedBytes)) {
		packet.truncated = Layer::kIp6;
		return;
	}
	// Behind the packet's own end there is link padding. 0 is what jumbograms have.
	const size_t payload = bytes.u16(4);
	bytes = payload != 0 ? bytes.from(kFixedBytes).first(payload) : bytes.from(kFixedBytes);

	// Each round takes 8 bytes at least, so that l3[] bounds the walk.
	while (const uint8_t exthdr = exthdr_of(*packet.protocol)) {
		packet.exthdrs |= exthdr;
		if (exthdr == kRt && bytes.reaches(3)) packet.rt_type = bytes.u8(2);
		const size_t size = exthdr_bytes(exthdr, bytes);
		if (!bytes.reaches(2) || !bytes.reaches(size)) {
			packet.truncated = Layer::kExthdr;
			return;
		}
		packet.protocol = bytes.u8(0);
		if (exthdr == kFrag) {
			packet.fragment = read_fragment(bytes);
			if (packet.fragment->offset != 0) return;
		}
		bytes = bytes.from(size);
	}
	decode_l4(bytes, packet);
}

} // namespace nft_drops
