// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/output.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace nft_drops::cli {
namespace {

// Taken at once by everything that takes anything; more system calls would cost, and fewer would let a reader wait.
constexpr size_t kAtOnce = 64 * 1024;

// The same pipe or terminal with a file description of its own; -1 where it cannot be opened (another user's).
int open_anew(int fd) {
	const std::string path = "/proc/self/fd/" + std::to_string(fd);
	return open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

} // namespace

Output::Output(int fd) : fd_(fd) {
	struct stat s{};
	if (fstat(fd, &s) != 0) return;
	constexpr unsigned kMemoryDevices = 1; // /dev/null and the like (Documentation/admin-guide/devices.txt)
	if (S_ISREG(s.st_mode) || (S_ISCHR(s.st_mode) && major(s.st_rdev) == kMemoryDevices)) {
		kind_ = Kind::kFile;
	} else if (S_ISSOCK(s.st_mode)) {
		kind_ = Kind::kSocket;
	} else if (S_ISFIFO(s.st_mode) || isatty(fd)) {
		own_ = open_anew(fd);
		if (own_ >= 0) {
			fd_ = own_;
			kind_ = Kind::kNonBlocking;
		}
	}
}

Output::~Output() {
	if (own_ >= 0) close(own_);
}

bool Output::write_some() {
	const char *from = backlog_.data() + written_;
	const size_t size = std::min(kAtOnce, backlog_.size() - written_);
	ssize_t n = 0;
	switch (kind_) {
	case Kind::kFile:
	case Kind::kNonBlocking:
		n = write(fd_, from, size);
		break;
	case Kind::kSocket:
		n = send(fd_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case Kind::kOther: {
		// A pipe that says it has room takes this much at once.
		pollfd room{fd_, POLLOUT, 0};
		if (poll(&room, 1, 0) != 1 || !(room.revents & (POLLOUT | POLLERR | POLLHUP))) return false;
		n = write(fd_, from, std::min<size_t>(size, PIPE_BUF));
		break;
	}
	}
	if (n >= 0) {
		written_ += static_cast<size_t>(n);
		return true;
	}
	if (errno == EINTR) return true;
	if (errno != EAGAIN) error_ = errno;
	return false;
}

void Output::hung_up() {
	if (error_ == 0) error_ = EPIPE;
}

// What has been written goes away, but not for every few bytes.
void Output::tidy() {
	if (empty()) {
		gone_ += written_;
		backlog_.clear();
		// One long rule text must not stay for ever. Room that each batch fills is kept: to ask the kernel for
		// it again and again costs more than to write.
		if (backlog_.capacity() > 4 * kBehind && written_ < backlog_.capacity() / 4) backlog_.shrink_to_fit();
		written_ = 0;
	} else if (written_ > kBehind) {
		gone_ += written_;
		backlog_.erase(0, written_);
		written_ = 0;
	}
}

void Output::flush() {
	while (!empty() && !closed() && write_some()) {
	}
	tidy();
}

void Output::flush_all() {
	while (!empty() && !closed()) {
		if (write_some() || closed()) continue;
		pollfd room{fd_, POLLOUT, 0};
		poll(&room, 1, -1);
	}
	tidy();
}

bool write_out(std::string &text) {
	Output output;
	output.backlog().swap(text);
	output.flush_all();
	return !output.closed();
}

} // namespace nft_drops::cli
