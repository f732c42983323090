// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/run/run_signals.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
std::atomic<int> report_to = -1; // lock-free, so a handler may read it

extern "C" void on_run_signal(int number, siginfo_t *info, void *) {
	const int saved = errno;
	// The kernel sends a terminal's signal, to the whole process group.
	const RunSignals::Signal signal{.number = number, .for_cmd = info->si_code <= 0};
	static_cast<void>(!write(report_to, &signal, sizeof(signal)));
	errno = saved;
}

} // namespace

RunSignals::RunSignals() {
	static_cast<void>(pipe2(ends_, O_CLOEXEC | O_NONBLOCK));
	report_to = ends_[1];
	struct sigaction action{};
	action.sa_sigaction = on_run_signal;
	sigemptyset(&action.sa_mask);
	action.sa_flags = SA_RESTART | SA_SIGINFO;
	for (const int number : kSignals)
		sigaction(number, &action, nullptr);
	signal(SIGPIPE, SIG_IGN);
}

RunSignals::~RunSignals() {
	for (const int number : kSignals)
		signal(number, SIG_DFL);
	report_to = -1;
	for (const int fd : ends_)
		if (fd >= 0) close(fd);
}

std::optional<RunSignals::Signal> RunSignals::take() {
	Signal signal;
	if (read(ends_[0], &signal, sizeof(signal)) != sizeof(signal)) return std::nullopt;
	return signal;
}

} // namespace nft_drops::cli
