// SPDX-License-Identifier: GPL-2.0-only
// A BPF array with BPF_F_MMAPABLE in this process's memory: reading and writing it takes no bpf(2) call. The kernel's
// programs write to it at the same time.
#ifndef NFT_DROPS_JIT_BASE_MAPPED_ARRAY_H
#define NFT_DROPS_JIT_BASE_MAPPED_ARRAY_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <sys/mman.h>
#include <utility>

namespace nft_drops::jit {

// Elements of such arrays are a multiple of 8 bytes apart (array_map_alloc() rounds up), as they are here.
template <typename T> class MappedArray {
	static_assert(sizeof(T) % 8 == 0);

public:
	enum class Access : int { kRead = PROT_READ, kReadWrite = PROT_READ | PROT_WRITE };

	MappedArray() = default;
	// Empty where it cannot be mapped (errno says why). The map has at least so many elements of T.
	MappedArray(int map, size_t elements, Access access = Access::kReadWrite) {
		void *at = mmap(nullptr, elements * sizeof(T), static_cast<int>(access), MAP_SHARED, map, 0);
		if (at != MAP_FAILED) elements_ = {static_cast<T *>(at), elements};
	}
	MappedArray(MappedArray &&other) noexcept : elements_(std::exchange(other.elements_, {})) {}
	MappedArray &operator=(MappedArray &&other) noexcept {
		std::swap(elements_, other.elements_);
		return *this;
	}
	~MappedArray() {
		if (!elements_.empty()) munmap(elements_.data(), elements_.size_bytes());
	}

	[[nodiscard]] bool empty() const { return elements_.empty(); }
	[[nodiscard]] size_t size() const { return elements_.size(); }
	[[nodiscard]] std::span<T> all() const { return elements_; }
	T &operator[](size_t at) const { return elements_[at]; }

	// A copy of an element that the kernel may be writing to. Its 64-bit words are read one after the other, first
	// to last; each word is whole.
	[[nodiscard]] T read(size_t at) const {
		T copy;
		const auto *from = reinterpret_cast<const uint64_t *>(&elements_[at]);
		for (size_t i = 0; i < sizeof(T) / sizeof(uint64_t); i++) {
			const uint64_t word = __atomic_load_n(from + i, __ATOMIC_ACQUIRE);
			memcpy(reinterpret_cast<char *>(&copy) + i * sizeof(word), &word, sizeof(word));
		}
		return copy;
	}

private:
	std::span<T> elements_;
};

} // namespace nft_drops::jit

#endif
