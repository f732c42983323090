// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_SINKS_OUTPUT_H
#define NFT_DROPS_NFT_EXT_SINKS_OUTPUT_H

#include <string>

namespace nft_drops::cli {

// Standard output with what it has not taken yet. Its reader may be slow: then the backlog grows, and the one who
// writes sees it and writes less. SIGPIPE must be ignored.
class Output {
public:
	Output();

	// Whole lines are appended here.
	std::string &backlog() { return backlog_; }
	// Writes as much as is taken without waiting.
	void flush();
	// Writes all of it, however long that takes.
	void flush_all();
	[[nodiscard]] bool behind() const { return backlog_.size() - written_ > kBehind; }
	[[nodiscard]] bool empty() const { return backlog_.size() == written_; }
	// Nobody reads it any more, or it cannot be written.
	[[nodiscard]] bool closed() const { return closed_; }

private:
	static constexpr size_t kBehind = 64 * 1024;
	void write_some(size_t most);
	void tidy();

	std::string backlog_;
	size_t written_ = 0; // of the backlog
	bool file_ = false;  // never makes anybody wait
	bool closed_ = false;
};

// Writes all of `text` and empties it. False where nobody reads it.
bool write_out(std::string &text);

} // namespace nft_drops::cli

#endif
