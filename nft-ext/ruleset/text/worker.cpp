// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/worker.h"

#include "bpf/shared/event.h"
#include "jit/base/debug.h"
#include "nft-ext/ruleset/text/confine.h"
#include "nft-ext/ruleset/text/lookup.h"
#include "nft-ext/ruleset/text/wire.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <utility>

namespace nft_drops {
namespace {

// The pair's end that the worker keeps; 0 to 2 are /dev/null.
constexpr int kSocket = 3;
constexpr int kNetns = 4;

// The ruleset of a hostile namespace may be of any size; 100,000 rules take 338 MiB while libnftables lists them.
constexpr size_t kMostMemory = size_t{1} << 30;
constexpr int kNice = 10;

// Leaves nothing of the parent's open but the two descriptors, which get the numbers above.
bool tidy_descriptors(int socket, int netns) {
	// Out of the way of the numbers that they are to get.
	const int high_socket = fcntl(socket, F_DUPFD, kNetns + 1);
	const int high_netns = netns < 0 ? -1 : fcntl(netns, F_DUPFD, kNetns + 1);
	const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (high_socket < 0 || nowhere < 0 || (netns >= 0 && high_netns < 0)) return false;
	for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
		if (standard == STDERR_FILENO && debugs(DebugTopic::kNetlink)) continue;
		if (dup2(nowhere, standard) < 0) return false;
	}
	if (dup3(high_socket, kSocket, O_CLOEXEC) < 0) return false;
	if (netns >= 0 && dup3(high_netns, kNetns, O_CLOEXEC) < 0) return false;
	return close_range(netns >= 0 ? kNetns + 1 : kNetns, ~0U, 0) == 0;
}

void tidy_signals() {
	// Ctrl-C goes to the whole process group; the parent still asks questions then.
	for (const int ignored : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT})
		signal(ignored, SIG_IGN);
	for (const int plain : {SIGCHLD, SIGALRM, SIGUSR1, SIGUSR2, SIGWINCH})
		signal(plain, SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, nullptr);
}

Result<void> enter_namespace(int netns) {
	if (netns < 0) return {};
	if (setns(kNetns, CLONE_NEWNET) != 0)
		return unsupported("network namespace", std::string("cannot be entered: ") + strerror(errno));
	close(kNetns);
	return {};
}

// The ruleset's owner may have written a rule that this process must not print.
void leave_if_unfit(const Lookup &lookup) {
	if (lookup.needs_xtables()) _exit(kNeedsXtables);
}

// Answers one request; false where the parent is gone.
bool serve(Lookup &lookup) {
	const auto request = receive_message(kSocket, -1);
	constexpr size_t kWithPath = sizeof(nd_event) + sizeof(nd_path);
	constexpr size_t kWithDetails = kWithPath + sizeof(nd_details);
	if (!request ||
	    (request->size() != sizeof(nd_event) && request->size() != kWithPath && request->size() != kWithDetails))
		return false;
	nd_event event{};
	memcpy(&event, request->data(), sizeof(event));
	Attributed attributed{.attribution = lookup.attribute(event), .path = {}, .details = {}};
	if (request->size() > sizeof(event)) {
		nd_path path{};
		memcpy(&path, request->data() + sizeof(event), sizeof(path));
		attributed.path = lookup.jump_path(event, path, attributed.attribution);
	}
	if (request->size() == kWithDetails) {
		nd_details seen{};
		memcpy(&seen, request->data() + kWithPath, sizeof(seen));
		attributed.details = lookup.details(event, seen, attributed.attribution, attributed.path);
	}
	leave_if_unfit(lookup);
	return send_message(kSocket, pack(attributed));
}

// Tells when the watched object comes or goes.
class Watch {
public:
	Watch(Lookup &lookup, const std::optional<WatchedObject> &object) : lookup_(lookup), object_(object) {}
	bool tell() {
		if (!object_) return true;
		const bool there = lookup_.is_there(*object_);
		return std::exchange(told_, there) == there || send_message(kSocket, pack(Presence{there}));
	}

private:
	Lookup &lookup_;
	const std::optional<WatchedObject> &object_;
	std::optional<bool> told_;
};

void loop(Lookup &lookup, Watch &watch) {
	std::array<pollfd, 3> watched{{{.fd = kSocket, .events = POLLIN, .revents = 0},
	                               {.fd = lookup.ruleset_descriptor(), .events = POLLIN, .revents = 0},
	                               {.fd = lookup.links_descriptor(), .events = POLLIN, .revents = 0}}};
	bool more = true;
	for (;;) {
		leave_if_unfit(lookup);
		const int ready = poll(watched.data(), watched.size(), more ? 0 : lookup.pause_ms());
		if (ready < 0 && errno != EINTR) return;
		const bool waited_in_vain = ready == 0 && !more;
		if (waited_in_vain || (ready > 0 && (watched[1].revents != 0 || watched[2].revents != 0))) {
			if (auto drained = lookup.drain(); !drained) {
				send_message(kSocket, pack(drained.error()));
				return;
			}
			if (!watch.tell()) return;
		}
		if (ready > 0 && watched[0].revents != 0 && !serve(lookup)) return;
		const bool worked = std::exchange(more, lookup.work());
		// Reading texts leaves memory behind that nobody needs for now.
		if (worked && !more) malloc_trim(0);
	}
}

// Gives up what reading a ruleset does not take.
Result<void> confine(const WorkerOptions &options, int parent) {
	bound_memory(kMostMemory);
	if (options.background) setpriority(PRIO_PROCESS, 0, kNice);
	if (auto kept = keep_only_net_admin(options.xtables); !kept) return kept;
	// Joining a user namespace made the kernel forget it (commit_creds).
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) _exit(1);
	return confine_system_calls(options.xtables);
}

} // namespace

void run_worker(int socket, const WorkerOptions &options, int parent) {
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	// The parent may have died before that call.
	if (getppid() != parent || !tidy_descriptors(socket, options.netns)) _exit(1);
	prctl(PR_SET_NAME, kWorkerName);
	tidy_signals();
	try {
		if (auto entered = enter_namespace(options.netns); !entered) {
			send_message(kSocket, pack(entered.error()));
			_exit(1);
		}
		auto lookup = Lookup::open({.narrow = options.narrow, .xtables = options.xtables, .confine = [&] {
			                            return confine(options, parent);
		                            }});
		if (!lookup) {
			send_message(kSocket, pack(lookup.error()));
			_exit(1);
		}
		leave_if_unfit(**lookup);
		malloc_trim(0);
		const Lookup::Size size = (*lookup)->size();
		Watch watch(**lookup, options.watched);
		if (watch.tell() &&
		    send_message(kSocket, pack(Ready{size.tables, size.rules, size.generation, size.narrow})))
			loop(**lookup, watch);
	} catch (const std::exception &) {
		_exit(1);
	}
	// Not exit(): what the parent has not written yet is the parent's to write.
	_exit(0);
}

} // namespace nft_drops
