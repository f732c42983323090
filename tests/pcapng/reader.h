// SPDX-License-Identifier: GPL-2.0-only
// Reads pcapng as draft-ietf-opsawg-pcapng has it, and shares no code with the writer. Strict: whatever a writer should
// not do is an error, with one exception, which is a last block that is not whole.
#ifndef NFT_DROPS_TESTS_PCAPNG_READER_H
#define NFT_DROPS_TESTS_PCAPNG_READER_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::pcapng_test {

struct ReadInterface {
	uint16_t link_type = 0;
	uint32_t snaplen = 0;
	std::string name, description;
	int resolution = 6; // decimal digits of a second
};

struct ReadPacket {
	uint32_t interface = 0; // its place in Capture::interfaces
	uint64_t time = 0;      // in the interface's resolution
	uint32_t original_length = 0;
	std::string bytes;
	std::optional<std::string> comment;
	std::optional<uint32_t> flags;
};

struct ReadStatistics {
	uint32_t interface = 0; // its place in Capture::interfaces
	uint64_t begin = 0, end = 0;
	std::optional<uint64_t> dropped, os_dropped, delivered;
	std::string comment;
};

struct Capture {
	std::string error; // empty: all is as it should be
	std::string application, system;
	size_t sections = 0;
	std::vector<ReadInterface> interfaces; // of all sections
	size_t first_interface = 0;            // of the last section
	std::vector<ReadPacket> packets;
	std::vector<ReadStatistics> statistics;
	size_t left_over = 0; // bytes of a last block that is not whole
};

Capture read_capture(std::string_view file);

} // namespace nft_drops::pcapng_test

#endif
