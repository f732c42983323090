// SPDX-License-Identifier: GPL-2.0-only
// FNV-1a, 64 bits: finds accidental differences, not forged ones.
#ifndef NFT_DROPS_JIT_BASE_CHECKSUM_H
#define NFT_DROPS_JIT_BASE_CHECKSUM_H

#include <cstdint>
#include <string_view>

namespace nft_drops::jit {

class Checksum {
public:
	void add(std::string_view bytes) {
		for (const unsigned char c : bytes)
			sum_ = (sum_ ^ c) * 0x100000001b3;
	}
	// The bytes of a value without padding.
	template <typename T> void add_value(const T &value) {
		add({reinterpret_cast<const char *>(&value), sizeof(value)});
	}
	[[nodiscard]] uint64_t sum() const { return sum_; }

private:
	uint64_t sum_ = 0xcbf29ce484222325;
};

} // namespace nft_drops::jit

#endif
