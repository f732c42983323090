// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_SINKS_OUTPUT_H
#define NFT_DROPS_NFT_EXT_SINKS_OUTPUT_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <unistd.h>

namespace nft_drops::cli {

// A descriptor to write to, with what its reader has not taken yet (the backlog). The reader may be slow: then the
// backlog grows, and the one who writes sees it by behind() and writes less. SIGPIPE must be ignored.
//
// flush() never waits, whatever the descriptor is: pipes and terminals are opened anew without blocking (the file
// description that was handed to this process is shared with others, so its flags are not touched); sockets take
// MSG_DONTWAIT; regular files do not block.
class Output {
public:
	// The descriptor stays the caller's.
	explicit Output(int fd = STDOUT_FILENO);
	Output(const Output &) = delete;
	Output &operator=(const Output &) = delete;
	~Output();

	// Whole lines are appended here.
	std::string &backlog() { return backlog_; }
	// How many bytes were appended, and how many of these were written, since the start.
	[[nodiscard]] uint64_t appended() const { return gone_ + backlog_.size(); }
	[[nodiscard]] uint64_t written() const { return gone_ + written_; }
	// Writes as much as is taken without waiting.
	void flush();
	// Writes all of it, however long that takes.
	void flush_all();
	[[nodiscard]] bool behind() const { return backlog_.size() - written_ > kBehind; }
	[[nodiscard]] bool empty() const { return backlog_.size() == written_; }
	// Nobody reads it any more, as poll(2) told.
	void hung_up();
	// Nobody reads it any more, or it cannot be written: error() is errno, EPIPE for a reader that is gone.
	[[nodiscard]] bool closed() const { return error_ != 0; }
	[[nodiscard]] int error() const { return error_; }
	// What to poll(2).
	[[nodiscard]] int descriptor() const { return fd_; }

private:
	static constexpr size_t kBehind = 64 * 1024;
	enum class Kind : uint8_t { kFile, kNonBlocking, kSocket, kOther };

	// False where nothing more is taken now.
	bool write_some();
	void tidy();

	int fd_;
	int own_ = -1; // the same pipe or terminal, opened anew; else -1
	Kind kind_ = Kind::kOther;
	std::string backlog_;
	size_t written_ = 0; // of the backlog
	uint64_t gone_ = 0;  // bytes that were in front of the backlog
	int error_ = 0;
};

// Writes all of `text` to standard output and empties it. False where nobody reads it.
bool write_out(std::string &text);

} // namespace nft_drops::cli

#endif
