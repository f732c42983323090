// SPDX-License-Identifier: GPL-2.0-only
// A fuzzer's bytes, taken apart; and the end of the program where an output is not what it must be.
#ifndef NFT_DROPS_TESTS_FUZZ_INPUT_H
#define NFT_DROPS_TESTS_FUZZ_INPUT_H

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace nft_drops::fuzz {

class Input {
public:
	explicit Input(std::span<const uint8_t> bytes) : rest_(bytes) {}

	// Zeroes where the input has ended.
	void take(void *to, size_t size) {
		if (size == 0) return; // an empty vector's data() is null
		std::memset(to, 0, size);
		const size_t have = std::min(size, rest_.size());
		if (have) std::memcpy(to, rest_.data(), have);
		rest_ = rest_.subspan(have);
	}
	template <typename T> T number() {
		T value;
		take(&value, sizeof(value));
		return value;
	}
	// At most 255 bytes: the first one tells how many.
	std::string text() {
		std::string text(std::min<size_t>(number<uint8_t>(), rest_.size()), '\0');
		take(text.data(), text.size());
		return text;
	}
	std::string_view rest() { return {reinterpret_cast<const char *>(rest_.data()), rest_.size()}; }

private:
	std::span<const uint8_t> rest_;
};

// A finding: what is wrong, with what text.
inline void require(bool holds, const char *what, std::string_view text) {
	if (holds) return;
	std::fprintf(stderr, "%s:\n%.*s\n", what, static_cast<int>(text.size()), text.data());
	std::abort();
}

} // namespace nft_drops::fuzz

#endif
