// SPDX-License-Identifier: GPL-2.0-only
// A view of packet bytes that cannot be read beyond its end, whatever the lengths inside the packet claim.
#ifndef NFT_DROPS_NFT_EXT_TEXT_BYTES_H
#define NFT_DROPS_NFT_EXT_TEXT_BYTES_H

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace nft_drops {

class Bytes {
public:
	Bytes() = default;
	Bytes(const uint8_t *data, size_t size) : data_(data), size_(size) {}

	[[nodiscard]] size_t size() const { return size_; }
	// True where bytes 0..end-1 are there.
	[[nodiscard]] bool reaches(size_t end) const { return size_ >= end; }

	// Big-endian integers; 0 where they are not wholly there (callers ask reaches() where that matters).
	[[nodiscard]] uint8_t u8(size_t at) const { return at < size_ ? data_[at] : 0; }
	[[nodiscard]] uint16_t u16(size_t at) const {
		return fits(at, 2) ? static_cast<uint16_t>(data_[at] << 8 | data_[at + 1]) : 0;
	}
	[[nodiscard]] uint32_t u32(size_t at) const { return fits(at, 4) ? uint32_t{u16(at)} << 16 | u16(at + 2) : 0; }

	// N bytes from `at` on into `to`; `to` stays as it is where they are not wholly there.
	template <size_t N, size_t M> void copy(size_t at, std::array<uint8_t, M> &to) const {
		static_assert(N <= M);
		if (fits(at, N)) std::memcpy(to.data(), data_ + at, N);
	}

	[[nodiscard]] Bytes from(size_t at) const { return at < size_ ? Bytes(data_ + at, size_ - at) : Bytes(); }
	[[nodiscard]] Bytes first(size_t count) const { return {data_, std::min(count, size_)}; }

private:
	[[nodiscard]] bool fits(size_t at, size_t count) const { return at <= size_ && size_ - at >= count; }

	const uint8_t *data_ = nullptr;
	size_t size_ = 0;
};

} // namespace nft_drops

#endif
