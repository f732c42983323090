// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/calls.h"

#include <cstring>

namespace nft_drops::jit {
namespace {

void add_x86_64(const CodeRange &r, std::set<uint64_t> &to) {
	constexpr uint8_t kCall = 0xe8;
	constexpr size_t kBytes = 5;
	for (size_t at = 0; at + kBytes <= r.bytes.size(); at++) {
		int32_t distance = 0;
		if (r.bytes[at] != kCall) continue;
		memcpy(&distance, &r.bytes[at + 1], sizeof(distance));
		to.insert(r.address + at + kBytes + static_cast<uint64_t>(int64_t{distance}));
	}
}

void add_aarch64(const CodeRange &r, std::set<uint64_t> &to) {
	constexpr uint32_t kLink = 0x94000000;
	constexpr uint32_t kOpcode = 0xfc000000;
	uint32_t word = 0;
	for (size_t at = 0; at + sizeof(word) <= r.bytes.size(); at += sizeof(word)) {
		memcpy(&word, &r.bytes[at], sizeof(word));
		if ((word & kOpcode) != kLink) continue;
		const auto distance = static_cast<int32_t>(word << 6) >> 4; // 26 bits, in instructions
		to.insert(r.address + at + static_cast<uint64_t>(int64_t{distance}));
	}
}

} // namespace

std::set<uint64_t> called_addresses(const Image &image) {
	std::set<uint64_t> called;
	for (const CodeRange &r : image.ranges)
		(image.machine == Machine::kX86_64 ? add_x86_64 : add_aarch64)(r, called);
	return called;
}

} // namespace nft_drops::jit
