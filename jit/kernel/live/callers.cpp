// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/callers.h"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <cstring>

namespace nft_drops::jit {
namespace {

// A branch may pass over the marks for indirect branches (ENDBR64, BTI) and the room for ftrace. It may also lead to
// the padding in front of the function, which counts calls (callthunks_patch_builtin_calls(),
// CONFIG_CALL_DEPTH_TRACKING).
constexpr uint64_t kMarks = 16;
constexpr uint64_t kPadding = 64;

bool is_entered(uint64_t function, uint64_t target) {
	return target + kPadding >= function && target <= function + kMarks;
}

// kCallers.size(): none.
size_t caller_of(std::string_view name) {
	name = name.substr(0, name.find('.'));
	return static_cast<size_t>(std::ranges::find(kCallers, name) - kCallers.begin());
}

} // namespace

bool branches_to(Machine machine, std::span<const uint8_t> code, uint64_t address, uint64_t function) {
	const size_t step = machine == Machine::kAArch64 ? 4 : 1;
	for (size_t i = 0; i + 4 <= code.size(); i += step) {
		uint32_t word = 0;
		memcpy(&word, code.data() + i, sizeof(word));
		if (machine == Machine::kAArch64) {
			if ((word & 0x7c000000) != 0x14000000) continue;
			const auto words = static_cast<int32_t>(word << 6) >> 6; // 26 bits, signed
			if (is_entered(function, address + i + static_cast<uint64_t>(int64_t{words} * 4))) return true;
			continue;
		}
		// Any four bytes: what else counts from its own end to this function is not to be expected.
		const auto distance = static_cast<uint64_t>(int64_t{static_cast<int32_t>(word)});
		if (is_entered(function, address + i + sizeof(word) + distance)) return true;
	}
	return false;
}

Result<void> check_callers(Machine machine, std::span<const Symbol> symbols, const Symbol &entry,
                           const ReadCode &read) {
	constexpr uint64_t kMostBytes = 64 * 1024;
	std::bitset<kCallers.size()> there, right;
	const auto of_nf_tables = [&](const Symbol &s) {
		return s.module == entry.module && s.size > 0 && caller_of(s.name) < kCallers.size();
	};
	for (const Symbol &s : symbols) {
		if (!of_nf_tables(s)) continue;
		const size_t caller = caller_of(s.name);
		there.set(caller);
		auto code = read(s.address, std::min(s.size, kMostBytes));
		if (!code) return std::unexpected(code.error());
		const bool branches = branches_to(machine, *code, s.address, entry.address) ||
		                      std::ranges::any_of(symbols, [&](const Symbol &other) {
			                      return of_nf_tables(other) && caller_of(other.name) != caller &&
			                             branches_to(machine, *code, s.address, other.address);
		                      });
		if (branches) right.set(caller);
	}
	for (size_t i = 0; i < kCallers.size(); i++) {
		if (!there[i] || right[i]) continue;
		return unsupported(std::string(kCallers[i]),
		                   fmt::format("it does not call {}: its compiler put a copy there, where drops would "
		                               "not be seen",
		                               entry.name),
		                   "please report this, with the kernel's version and compiler (/proc/version)");
	}
	return {};
}

} // namespace nft_drops::jit
