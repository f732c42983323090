// SPDX-License-Identifier: GPL-2.0-only
// Blocks on their way to a capture file: whole, or not at all.
#ifndef NFT_DROPS_NFT_EXT_CAPTURE_BLOCK_OUTPUT_H
#define NFT_DROPS_NFT_EXT_CAPTURE_BLOCK_OUTPUT_H

#include "nft-ext/sinks/output.h"

#include <cstdint>
#include <deque>
#include <string>

namespace nft_drops::pcapng {

// The caller appends one block, or several that belong together, to buffer() and then calls done(). A block waits until
// its reader takes it. Nothing here waits. Where a disk is full, the file is cut to its last whole packet, and what
// does not fit is given up: the file stays readable, and later blocks are tried anew.
class BlockOutput {
public:
	// `regular`: the descriptor is a file of a disk.
	BlockOutput(int descriptor, bool regular) : output_(descriptor), descriptor_(descriptor), regular_(regular) {}

	std::string &buffer() { return regular_ ? disk_ : output_.backlog(); }
	// The block is complete; it holds so many packets.
	void done(uint32_t packets);
	void flush();

	// So much waits for the reader that no packet should be added.
	[[nodiscard]] bool behind() const { return waiting() > kMost; }
	[[nodiscard]] bool empty() const { return waiting() == 0; }
	// Nobody reads any more.
	[[nodiscard]] bool closed() const { return output_.closed(); }
	// As poll(2) told.
	void hung_up() { output_.hung_up(); }
	// errno, where closed().
	[[nodiscard]] int closed_by() const { return output_.error(); }
	[[nodiscard]] int descriptor() const { return output_.descriptor(); }
	// errno of the last write to a disk that failed; 0: none did.
	[[nodiscard]] int error() const { return error_; }
	// How often blocks were given up: those that later blocks refer to may be among them.
	[[nodiscard]] uint64_t failures() const { return failures_; }
	// Packets of blocks that were given up.
	[[nodiscard]] uint64_t given_up() const { return given_up_; }
	// Gives up all that waits; returns how many packets it holds.
	uint64_t give_up();

private:
	static constexpr size_t kMost = 4 * 1024 * 1024;
	struct Block {
		uint64_t end; // position of its last byte's successor among all bytes
		uint32_t packets;
	};
	[[nodiscard]] size_t waiting() const {
		return regular_ ? disk_.size() : static_cast<size_t>(output_.appended() - output_.written());
	}
	void write_to_disk();

	cli::Output output_; // of pipes and all else
	std::string disk_;   // not written yet
	int descriptor_;
	bool regular_;
	std::deque<Block> blocks_; // that are not written yet
	uint64_t begin_ = 0;       // position of disk_'s first byte
	uint64_t given_up_ = 0;
	uint64_t failures_ = 0;
	int error_ = 0;
};

} // namespace nft_drops::pcapng

#endif
