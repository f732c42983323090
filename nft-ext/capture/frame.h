// SPDX-License-Identifier: GPL-2.0-only
// From the bytes that the probe kept of a packet to what stands in the file.
#ifndef NFT_DROPS_NFT_EXT_CAPTURE_FRAME_H
#define NFT_DROPS_NFT_EXT_CAPTURE_FRAME_H

#include "bpf/shared/capture.h"
#include "bpf/shared/event.h"
#include "nft-ext/capture/format.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace nft_drops::pcapng {

enum class LinkTypes : uint8_t {
	kNative, // each packet with its own link header
	kRaw,    // IPv4 and IPv6 alone, all of LINKTYPE_RAW: what libpcap reads
};

// A network device, as far as the event tells.
struct Device {
	uint32_t index = 0;    // 0: none
	std::string_view name; // hostile: any bytes but NUL and '/'. Points into the event
};

struct Frame {
	uint16_t link_type = 0;
	// Point into the event's bytes, and (a VLAN tag) into `tag`.
	std::array<std::span<const uint8_t>, 3> pieces;
	std::array<uint8_t, 4> tag = {};
	uint32_t original_length = 0; // on the wire, link header and tags included
	Device device;                // the link header's, else iif, else oif
	Direction direction = Direction::kUnknown;

	Frame() = default;
	Frame(const Frame &) = delete; // `pieces` may point into `tag`
	Frame &operator=(const Frame &) = delete;
};

// Fills in a new `frame`. False where the packet is none that the file can hold: it has no link header that pcap knows,
// and is no IP. A tag that the kernel keeps beside the packet (skb->vlan_tci) is put back behind the Ethernet
// addresses. `snaplen` is the most bytes that the file may hold of it.
bool make_frame(const nd_event &event, const nd_capture &capture, LinkTypes types, uint32_t snaplen, Frame &frame);

} // namespace nft_drops::pcapng

#endif
