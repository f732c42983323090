// SPDX-License-Identifier: GPL-2.0-only
// A file descriptor that is closed with its owner.
#ifndef NFT_DROPS_JIT_BASE_DESCRIPTOR_H
#define NFT_DROPS_JIT_BASE_DESCRIPTOR_H

#include <unistd.h>
#include <utility>

namespace nft_drops::jit {

class Descriptor {
public:
	// What open() and the like return; negative: there is none.
	explicit Descriptor(int fd) : fd_(fd) {}
	Descriptor(Descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
	Descriptor &operator=(Descriptor &&) = delete;
	~Descriptor() {
		if (fd_ >= 0) close(fd_);
	}
	[[nodiscard]] int get() const { return fd_; }

private:
	int fd_;
};

} // namespace nft_drops::jit

#endif
