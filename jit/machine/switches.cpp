// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/switches.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <set>
#include <utility>

namespace nft_drops::jit {
namespace {

constexpr uint64_t kWord = sizeof(uint64_t);
constexpr size_t kMostTargets = 64; // of one table; more are no switch of a small function

// Without decoding: what only looks like such a jump leads to no table.
std::set<uint64_t> candidates(const Image &image) {
	constexpr uint8_t kJump[] = {0xff, 0x24}; // jmp, its target in memory by an address of index and number
	constexpr uint8_t kScaleAndBase = 0xc7;   // of the byte that names the index,
	constexpr uint8_t kByEightNoBase = 0xc5;  // as they must be
	constexpr size_t kBytes = 7;
	std::set<uint64_t> found;
	for (const CodeRange &r : image.ranges) {
		for (size_t at = 0; at + kBytes <= r.bytes.size(); at++) {
			const uint8_t *code = &r.bytes[at];
			if (memcmp(code, kJump, sizeof(kJump)) != 0 || (code[2] & kScaleAndBase) != kByEightNoBase)
				continue;
			int32_t address = 0;
			memcpy(&address, code + 3, sizeof(address));
			found.insert(static_cast<uint64_t>(int64_t{address}));
		}
	}
	return found;
}

} // namespace

void add_switch_tables(Image &image, const ReadWord &read) {
	if (image.machine != Machine::kX86_64) return;
	const auto in_code = [&image](uint64_t address) {
		return std::ranges::any_of(
		        image.ranges, [address](const CodeRange &r) { return address - r.address < r.bytes.size(); });
	};
	const auto tables = candidates(image);
	for (auto at = tables.begin(); at != tables.end(); ++at) {
		const uint64_t end = std::next(at) == tables.end() ? UINT64_MAX : *std::next(at);
		SwitchTable table{.address = *at, .targets = {}};
		for (uint64_t word = *at; word < end && table.targets.size() < kMostTargets; word += kWord) {
			const auto target = read(word);
			if (!target || !in_code(*target)) break;
			table.targets.push_back(*target);
		}
		if (!table.targets.empty()) image.switches.push_back(std::move(table));
	}
}

} // namespace nft_drops::jit
