// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/worker_process.h"

#include "jit/base/debug.h"
#include "nft-ext/ruleset/text/confine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

namespace nft_drops {
namespace {

constexpr int kNetns = kWorkerDescriptor + 1;
constexpr int kNice = 10;

// Leaves nothing of the parent's open but the two descriptors, which get the numbers above; 0 to 2 are /dev/null.
bool tidy_descriptors(int kept, int netns) {
	// Out of the way of the numbers that they are to get.
	const int high_kept = fcntl(kept, F_DUPFD, kNetns + 1);
	const int high_netns = netns < 0 ? -1 : fcntl(netns, F_DUPFD, kNetns + 1);
	const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (high_kept < 0 || nowhere < 0 || (netns >= 0 && high_netns < 0)) return false;
	for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
		if (standard == STDERR_FILENO && debugs(DebugTopic::kNetlink)) continue;
		if (dup2(nowhere, standard) < 0) return false;
	}
	if (dup3(high_kept, kWorkerDescriptor, O_CLOEXEC) < 0) return false;
	if (netns >= 0 && dup3(high_netns, kNetns, O_CLOEXEC) < 0) return false;
	return close_range(netns >= 0 ? kNetns + 1 : kNetns, ~0U, 0) == 0;
}

void tidy_signals() {
	// Ctrl-C goes to the whole process group; the parent still wants its replies then.
	for (const int ignored : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT})
		signal(ignored, SIG_IGN);
	for (const int plain : {SIGCHLD, SIGALRM, SIGUSR1, SIGUSR2, SIGWINCH, SIGXFSZ})
		signal(plain, SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Children that were killed and are not gone yet.
std::vector<pid_t> &dying() {
	static std::vector<pid_t> pids;
	return pids;
}

} // namespace

Result<void> begin_worker(int kept, int netns, int parent) {
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	// The parent may have died before that call.
	if (getppid() != parent || !tidy_descriptors(kept, netns)) _exit(1);
	prctl(PR_SET_NAME, kWorkerName);
	tidy_signals();
	if (netns < 0) return {};
	if (setns(kNetns, CLONE_NEWNET) != 0)
		return unsupported("network namespace", std::string("cannot be entered: ") + strerror(errno));
	close(kNetns);
	return {};
}

Result<void> confine_worker(const WorkerConfinement &confinement, int parent) {
	if (confinement.most_memory) bound_memory(*confinement.most_memory);
	if (confinement.background) setpriority(PRIO_PROCESS, 0, kNice);
	if (auto kept = keep_only_net_admin(confinement.xtables); !kept) return kept;
	// Joining a user namespace made the kernel forget it (commit_creds).
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) _exit(1);
	return confine_system_calls(confinement.xtables);
}

void end_worker(int pid) {
	kill(pid, SIGKILL);
	dying().push_back(pid);
	collect_ended_workers();
}

void collect_ended_workers() {
	std::erase_if(dying(), [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
}

} // namespace nft_drops
