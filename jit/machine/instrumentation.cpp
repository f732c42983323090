// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/instrumentation.h"

#include "jit/machine/addresses.h"
#include "jit/machine/calls.h"

#include <algorithm>

namespace nft_drops::jit {

bool is_check(std::string_view function) {
	constexpr std::string_view kPrefixes[] = {"__asan_", "__hwasan_", "__kasan_check_", "__tsan_", "__kcsan_",
	                                          "__ubsan_", "__sanitizer_cov_",
	                                          // Lockdep's, which rcu_dereference() calls with CONFIG_PROVE_RCU.
	                                          "debug_lockdep_", "lockdep_", "lock_is_held", "rcu_read_lock_"};
	// These fill and copy memory that is the function's own.
	constexpr std::string_view kCopies[] = {"memset", "memcpy", "memmove"};
	const auto begins = [function](std::string_view prefix) { return function.starts_with(prefix); };
	const auto ends = [function](std::string_view suffix) { return function.ends_with(suffix); };
	return std::ranges::any_of(kPrefixes, begins) && std::ranges::none_of(kCopies, ends);
}

bool may_have_checks(const Image &image) {
	// Debian's kernels call one from seven places at most (a check of UBSAN); with KASAN it was 27.
	constexpr size_t kManyCalls = 8;
	return most_calls_of_one(image) > kManyCalls;
}

std::optional<uint64_t> shadow_offset(const Code &code, const Architecture &architecture) {
	// The shadow of the highest address is a kernel address, one of the upper 2^48: the offset lies 2^64 / 8 below.
	constexpr uint64_t kBelow = uint64_t{1} << 61;
	constexpr uint64_t kUpper = uint64_t{0xffff} << 48;
	constexpr uint64_t kAlign = uint64_t{1} << 32;
	const auto addresses = addresses_in(code, architecture);
	const auto is_offset = [](uint64_t a) { return a < kUpper && a + kBelow >= kUpper && a % kAlign == 0; };
	const auto found = std::ranges::find_if(addresses, is_offset);
	return found == addresses.end() ? std::nullopt : std::optional(*found);
}

} // namespace nft_drops::jit
