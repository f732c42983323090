// SPDX-License-Identifier: GPL-2.0-only
// The pcapng file format (draft-ietf-opsawg-pcapng): the four kinds of block that a capture of drops is made of.
//
//	Section Header Block            one, first
//	Interface Description Block     in front of the first packet of an interface; numbered from 0 in file order
//	Enhanced Packet Block           one for each packet
//	Interface Statistics Block      at the end
//
// Each function appends one whole block, padded to 4 bytes, in this machine's byte order (the section header tells
// which). Texts may hold any bytes: a block holds valid UTF-8 (nft-ext/text/escape.h), cut to 65,535 bytes, which is
// the longest that an option can be.
#ifndef NFT_DROPS_NFT_EXT_CAPTURE_FORMAT_H
#define NFT_DROPS_NFT_EXT_CAPTURE_FORMAT_H

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nft_drops::pcapng {

// `application` is the program that writes the file ("nft-drops 0.1.0"), `system` what it runs on ("Linux 6.12.9").
// Empty texts are left out.
void append_section(std::string &out, std::string_view application, std::string_view system);

struct Interface {
	std::string name;        // if_name
	std::string description; // if_description; empty: none
	uint16_t link_type = 0;  // LINKTYPE_* (link_type.h)
	uint32_t snaplen = 0;    // no packet of this interface has more bytes in the file
};
// Times of this interface are in nanoseconds (if_tsresol 9).
void append_interface(std::string &out, const Interface &interface);

// Relative to the packet's interface.
enum class Direction : uint8_t { kUnknown = 0, kInbound = 1, kOutbound = 2 };

struct PacketBlock {
	uint32_t interface = 0; // its number
	uint64_t time_ns = 0;   // since 1970
	// The bytes in the file, one piece behind the other.
	std::array<std::span<const uint8_t>, 3> pieces;
	uint32_t original_length = 0; // on the wire
	Direction direction = Direction::kUnknown;
	std::string_view comment;
};
void append_packet(std::string &out, const PacketBlock &packet);

struct Statistics {
	uint32_t interface = 0; // its number
	uint64_t begin_ns = 0;  // since 1970
	uint64_t end_ns = 0;
	uint64_t delivered = 0;          // isb_usrdeliv: packets of this interface in the file
	std::optional<uint64_t> dropped; // isb_ifdrop: packets that are not in the file
	std::string_view comment;        // empty: none
};
void append_statistics(std::string &out, const Statistics &statistics);

} // namespace nft_drops::pcapng

#endif
