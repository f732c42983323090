// SPDX-License-Identifier: GPL-2.0-only
// A BPF array with BPF_F_MMAPABLE in this process's memory: reading and writing it takes no bpf(2) call.
#ifndef NFT_DROPS_JIT_FLOWS_MAPPED_ARRAY_H
#define NFT_DROPS_JIT_FLOWS_MAPPED_ARRAY_H

#include <cstddef>
#include <span>
#include <sys/mman.h>
#include <utility>

namespace nft_drops::jit {

// Elements of such arrays are a multiple of 8 bytes apart (array_map_alloc() rounds up), as they are here.
template <typename T> class MappedArray {
	static_assert(sizeof(T) % 8 == 0);

public:
	MappedArray() = default;
	// Empty where it cannot be mapped (errno says why).
	MappedArray(int map, size_t elements) {
		void *at = mmap(nullptr, elements * sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
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
	[[nodiscard]] std::span<T> all() const { return elements_; }
	T &operator[](size_t at) const { return elements_[at]; }

private:
	std::span<T> elements_;
};

} // namespace nft_drops::jit

#endif
