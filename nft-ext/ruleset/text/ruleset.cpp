// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/ruleset.h"

#include "nft-ext/ruleset/text/worker.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>
#include <variant>

namespace nft_drops {
namespace {

// Far beyond what reading 100,000 rules or listing them all takes.
constexpr int kPatienceMs = 60'000;
constexpr const char *kWhat = "reading the ruleset";

} // namespace

Ruleset::Ruleset(Options options) : options_(options) {
}

Ruleset::~Ruleset() {
	stop();
	if (netns_ >= 0) close(netns_);
}

Result<std::unique_ptr<Ruleset>> Ruleset::start(Options options) {
	std::unique_ptr<Ruleset> ruleset(new Ruleset(options));
	if (options.netns >= 0) {
		ruleset->netns_ = fcntl(options.netns, F_DUPFD_CLOEXEC, 3);
		if (ruleset->netns_ < 0) return fail(kWhat, std::string("network namespace: ") + strerror(errno));
	}
	if (auto launched = ruleset->launch(); !launched) return std::unexpected(launched.error());
	return ruleset;
}

Result<void> Ruleset::launch() {
	std::array<int, 2> pair{};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
		return fail(kWhat, std::string("socketpair: ") + strerror(errno));
	const pid_t parent = getpid();
	const pid_t child = fork();
	if (child < 0) {
		const int error = errno;
		close(pair[0]);
		close(pair[1]);
		return fail(kWhat, std::string("fork: ") + strerror(error));
	}
	if (child == 0) run_worker(pair[1], netns_, parent);
	close(pair[1]);
	socket_ = pair[0];
	worker_ = child;
	ready_.reset();
	return {};
}

void Ruleset::stop() {
	if (socket_ >= 0) close(std::exchange(socket_, -1));
	ready_.reset();
	if (worker_ <= 0) return;
	// It may be in the middle of a long listing.
	kill(worker_, SIGKILL);
	while (waitpid(worker_, nullptr, 0) < 0 && errno == EINTR) {
	}
	worker_ = -1;
}

std::string Ruleset::epitaph() {
	int status = 0;
	// Its end of the socket is closed a moment before its parent can learn why.
	for (int i = 0; i < 100 && worker_ > 0; i++) {
		if (waitpid(worker_, &status, WNOHANG) == worker_) {
			worker_ = -1;
			if (WIFSIGNALED(status))
				return std::string("its process was ended by ") + strsignal(WTERMSIG(status));
			return "its process ended with status " + std::to_string(WEXITSTATUS(status));
		}
		usleep(1000);
	}
	return "its process does not answer";
}

Result<Ready> Ruleset::ready() {
	if (ready_) return *ready_;
	if (worker_ <= 0) {
		if (auto launched = launch(); !launched) return std::unexpected(launched.error());
	}
	const auto message = receive_message(socket_, kPatienceMs);
	const auto reply = message ? unpack(*message) : std::nullopt;
	if (reply && std::holds_alternative<Ready>(*reply)) {
		ready_ = std::get<Ready>(*reply);
		return *ready_;
	}
	Error error{.what = kWhat, .why = {}, .next = "check that `nft list ruleset` works"};
	if (reply && std::holds_alternative<Error>(*reply))
		error = std::get<Error>(*reply);
	else
		error.why = epitaph();
	stop();
	return std::unexpected(error);
}

Result<Attributed> Ruleset::ask(const nd_event &event, const nd_path *path) {
	if (auto is_ready = ready(); !is_ready) return std::unexpected(is_ready.error());
	std::string request(reinterpret_cast<const char *>(&event), sizeof(event));
	if (path) request.append(reinterpret_cast<const char *>(path), sizeof(*path));
	std::optional<Reply> reply;
	if (send_message(socket_, request)) {
		if (const auto message = receive_message(socket_, kPatienceMs)) reply = unpack(*message);
	}
	if (reply && std::holds_alternative<Attributed>(*reply)) return std::get<Attributed>(std::move(*reply));
	Error error{.what = kWhat, .why = {}, .next = "check that `nft list ruleset` works"};
	if (reply && std::holds_alternative<Error>(*reply))
		error = std::get<Error>(*reply);
	else
		error.why = epitaph();
	stop();
	return std::unexpected(error);
}

Result<Ruleset::About> Ruleset::about(const nd_event &event, const nd_path *path) {
	SharedAttribution known = cache_.find(event);
	if (known && !path) return About{std::move(known), {}};
	auto attributed = ask(event, path);
	// libnftables may exit or crash; once more with a fresh process.
	if (!attributed) attributed = ask(event, path);
	if (!attributed) return std::unexpected(attributed.error());
	// One text in memory for all drops of a rule, also where each has a path of its own.
	const bool same = known && known->known && attributed->attribution.known &&
	                  known->text == attributed->attribution.text && known->chain == attributed->attribution.chain;
	return About{same ? std::move(known) : cache_.keep(event, std::move(attributed->attribution)),
	             std::move(attributed->path)};
}

} // namespace nft_drops
