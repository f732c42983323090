// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/ruleset.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <variant>
#include <vector>

namespace nft_drops {
namespace {

constexpr const char *kWhat = "reading the ruleset";
constexpr const char *kNext = "check that `nft list ruleset` works";

// Children that were killed and are not gone yet: in the middle of a system call of the kernel's, SIGKILL takes a
// moment. Nobody waits for them here.
std::vector<pid_t> &dying() {
	static std::vector<pid_t> pids;
	return pids;
}

void collect_dying() {
	std::erase_if(dying(), [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
}

} // namespace

Result<std::unique_ptr<Ruleset>> Ruleset::start(const WorkerOptions &options) {
	collect_dying();
	std::array<int, 2> pair{};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
		return usage_error(kWhat, std::string("socketpair: ") + strerror(errno));
	const pid_t parent = getpid();
	const pid_t child = fork();
	if (child < 0) {
		const int error = errno;
		close(pair[0]);
		close(pair[1]);
		return usage_error(kWhat, std::string("fork: ") + strerror(error));
	}
	if (child == 0) run_worker(pair[1], options, parent);
	close(pair[1]);
	std::unique_ptr<Ruleset> ruleset(new Ruleset);
	ruleset->socket_ = pair[0];
	ruleset->worker_ = child;
	return ruleset;
}

Ruleset::~Ruleset() {
	if (socket_ >= 0) close(socket_);
	if (worker_ > 0) {
		// It may be in the middle of a long listing.
		kill(worker_, SIGKILL);
		dying().push_back(worker_);
	}
	collect_dying();
}

std::string Ruleset::epitaph() {
	int status = 0;
	// Its end of the socket is closed a moment before its parent can learn why.
	for (int i = 0; i < 10; i++) {
		if (waitpid(worker_, &status, WNOHANG) == worker_) {
			worker_ = -1;
			if (WIFSIGNALED(status))
				return std::string("its process was ended by ") + strsignal(WTERMSIG(status));
			needs_xtables_ = WEXITSTATUS(status) == kNeedsXtables;
			return "its process ended with status " + std::to_string(WEXITSTATUS(status));
		}
		usleep(1000);
	}
	return "its process closed the connection";
}

void Ruleset::end(Error error) {
	state_ = State::kEnded;
	open_ = 0;
	error_ = std::move(error);
}

void Ruleset::receive(const std::function<void(Attributed)> &reply) {
	while (state_ != State::kEnded) {
		const auto got = reader_.receive(socket_);
		if (got == MessageReader::Got::kNothing) return;
		if (got == MessageReader::Got::kEnd) {
			end({.what = kWhat, .why = epitaph(), .next = kNext});
			return;
		}
		auto message = unpack(reader_.take());
		if (!message) {
			end({.what = kWhat, .why = "its process sent what is no reply", .next = kNext});
		} else if (const auto *ready = std::get_if<Ready>(&*message)) {
			ready_ = *ready;
			state_ = State::kReady;
		} else if (const auto *presence = std::get_if<Presence>(&*message)) {
			is_there_ = presence->there;
		} else if (auto *error = std::get_if<Error>(&*message)) {
			end(std::move(*error));
		} else if (auto *attributed = std::get_if<Attributed>(&*message); attributed && open_ > 0) {
			open_--;
			reply(std::move(*attributed));
		}
	}
}

bool Ruleset::ask(const nd_event &event, const nd_path *path, const nd_details *details) {
	if (state_ != State::kReady || open_ >= kWindow) return false;
	std::string request(reinterpret_cast<const char *>(&event), sizeof(event));
	if (path) request.append(reinterpret_cast<const char *>(path), sizeof(*path));
	if (path && details) request.append(reinterpret_cast<const char *>(details), sizeof(*details));
	// Where the child is gone, receive() learns why.
	if (!try_send_message(socket_, request)) return false;
	open_++;
	return true;
}

} // namespace nft_drops
