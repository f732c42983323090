// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/output.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nft_drops::cli {

Output::Output() {
	struct stat s{};
	file_ = fstat(STDOUT_FILENO, &s) == 0 && S_ISREG(s.st_mode);
}

void Output::write_some(size_t most) {
	const size_t size = std::min(most, backlog_.size() - written_);
	const ssize_t n = write(STDOUT_FILENO, backlog_.data() + written_, size);
	if (n >= 0) {
		written_ += static_cast<size_t>(n);
	} else if (errno == EAGAIN) { // a non-blocking pipe of somebody else's making
		pollfd room{STDOUT_FILENO, POLLOUT, 0};
		poll(&room, 1, -1);
	} else if (errno != EINTR) {
		closed_ = true;
	}
}

// What has been written goes away, but not for every few bytes.
void Output::tidy() {
	if (empty()) {
		backlog_.clear();
		written_ = 0;
	} else if (written_ > kBehind) {
		backlog_.erase(0, written_);
		written_ = 0;
	}
}

void Output::flush() {
	while (!empty() && !closed_) {
		// A pipe that says it has room takes this much at once.
		pollfd room{STDOUT_FILENO, POLLOUT, 0};
		if (!file_ && (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))) break;
		write_some(file_ ? SIZE_MAX : PIPE_BUF);
	}
	tidy();
}

void Output::flush_all() {
	while (!empty() && !closed_)
		write_some(SIZE_MAX);
	tidy();
}

bool write_out(std::string &text) {
	Output output;
	output.backlog().swap(text);
	output.flush_all();
	return !output.closed();
}

} // namespace nft_drops::cli
