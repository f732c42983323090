// SPDX-License-Identifier: GPL-2.0-only
#include "tests/pcapng/figures.h"

#include <array>
#include <cstring>
#include <fstream>
#include <vector>

namespace nft_drops::pcapng_test {
namespace {

constexpr uint32_t kPacket = 6, kStatistics = 5;
constexpr uint16_t kDropped = 5;

template <typename T> T at(const std::vector<char> &bytes, size_t position) {
	T value{};
	if (position + sizeof(T) <= bytes.size()) std::memcpy(&value, bytes.data() + position, sizeof(T));
	return value;
}

// Options follow the interface's number and the time.
uint64_t dropped_in(const std::vector<char> &body) {
	for (size_t i = 12; i + 4 <= body.size();) {
		const auto code = at<uint16_t>(body, i), size = at<uint16_t>(body, i + 2);
		if (code == kDropped && size == 8) return at<uint64_t>(body, i + 4);
		i += 4 + (size + 3U) / 4 * 4;
	}
	return 0;
}

} // namespace

Figures figures_of(const std::string &file) {
	Figures figures;
	std::ifstream in(file, std::ios::binary);
	std::array<uint32_t, 2> head{}; // type, and size with head and tail
	while (in.read(reinterpret_cast<char *>(head.data()), sizeof(head))) {
		if (head[1] < 12 || head[1] % 4 != 0) return figures;
		std::vector<char> body(head[1] - sizeof(head));
		if (!in.read(body.data(), static_cast<std::streamsize>(body.size()))) return figures;
		if (at<uint32_t>(body, body.size() - 4) != head[1]) return figures;
		figures.packets += head[0] == kPacket;
		if (head[0] == kStatistics) figures.dropped += dropped_in(body);
	}
	figures.whole = in.gcount() == 0;
	return figures;
}

} // namespace nft_drops::pcapng_test
