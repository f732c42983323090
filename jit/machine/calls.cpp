// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/calls.h"

#include <algorithm>
#include <cstring>

namespace nft_drops::jit {
namespace {

void add_x86_64(const CodeRange &r, std::multiset<uint64_t> &to) {
	constexpr uint8_t kCall = 0xe8;
	constexpr size_t kBytes = 5;
	for (size_t at = 0; at + kBytes <= r.bytes.size(); at++) {
		int32_t distance = 0;
		if (r.bytes[at] != kCall) continue;
		memcpy(&distance, &r.bytes[at + 1], sizeof(distance));
		to.insert(r.address + at + kBytes + static_cast<uint64_t>(int64_t{distance}));
	}
}

void add_aarch64(const CodeRange &r, std::multiset<uint64_t> &to) {
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

// The addresses that direct calls lead to: an address is there once for each call.
std::multiset<uint64_t> calls_in(const Image &image) {
	std::multiset<uint64_t> calls;
	for (const CodeRange &r : image.ranges)
		(image.machine == Machine::kX86_64 ? add_x86_64 : add_aarch64)(r, calls);
	return calls;
}

} // namespace

std::set<uint64_t> called_addresses(const Image &image) {
	const auto calls = calls_in(image);
	return {calls.begin(), calls.end()};
}

size_t most_calls_of_one(const Image &image) {
	const auto calls = calls_in(image);
	size_t most = 0;
	for (auto at = calls.begin(); at != calls.end(); at = calls.upper_bound(*at))
		most = std::max(most, calls.count(*at));
	return most;
}

} // namespace nft_drops::jit
