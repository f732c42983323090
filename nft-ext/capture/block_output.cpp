// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/capture/block_output.h"

#include <cerrno>
#include <unistd.h>

namespace nft_drops::pcapng {
namespace {

// A disk takes this much at once; more would only cost memory.
constexpr size_t kAtOnce = 256 * 1024;

} // namespace

void BlockOutput::done(uint32_t packets) {
	blocks_.push_back({regular_ ? begin_ + disk_.size() : output_.appended(), packets});
	if (regular_ && disk_.size() >= kAtOnce) write_to_disk();
}

void BlockOutput::flush() {
	if (regular_) {
		write_to_disk();
		return;
	}
	output_.flush();
	while (!blocks_.empty() && blocks_.front().end <= output_.written())
		blocks_.pop_front();
}

void BlockOutput::write_to_disk() {
	size_t written = 0;
	while (written < disk_.size()) {
		const ssize_t n = write(descriptor_, disk_.data() + written, disk_.size() - written);
		if (n > 0) {
			written += static_cast<size_t>(n);
		} else if (n == 0 || errno != EINTR) {
			error_ = n == 0 ? ENOSPC : errno;
			break;
		}
	}
	const bool all = written == disk_.size();
	// Where the last whole block ends that is of use: a section or an interface without packets is of none.
	uint64_t whole = begin_;
	while (!blocks_.empty() && blocks_.front().end <= begin_ + written) {
		if (all || blocks_.front().packets > 0) whole = blocks_.front().end;
		blocks_.pop_front();
	}
	const auto rest = static_cast<off_t>(begin_ + written - whole);
	if (rest > 0) {
		// The position is asked for: standard output may begin anywhere in its file.
		const off_t at = lseek(descriptor_, 0, SEEK_CUR);
		if (at >= rest && ftruncate(descriptor_, at - rest) == 0) lseek(descriptor_, at - rest, SEEK_SET);
	}
	if (!all) failures_++;
	for (const Block &block : blocks_)
		given_up_ += block.packets;
	blocks_.clear();
	begin_ += disk_.size();
	disk_.clear();
}

uint64_t BlockOutput::give_up() {
	uint64_t packets = 0;
	for (const Block &block : blocks_)
		packets += block.packets;
	blocks_.clear();
	return packets;
}

} // namespace nft_drops::pcapng
