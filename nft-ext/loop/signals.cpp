// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/loop/signals.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <sys/eventfd.h>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

// What a handler can reach. Lock-free atomics are async-signal-safe.
std::atomic<bool> reporting = false;
std::atomic<int> report_to = -1;
std::atomic<void (*)(bool)> run_first = nullptr;
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

extern "C" void on_signal(int number) {
	const int saved = errno;
	const bool first = reporting.exchange(false);
	if (void (*hook)(bool) = run_first) hook(first);
	if (first) {
		const uint64_t one = 1;
		static_cast<void>(!write(report_to, &one, sizeof(one)));
	} else {
		// Blocked until this handler returns; then the default action ends the process.
		signal(number, SIG_DFL);
		raise(number);
	}
	errno = saved;
}

} // namespace

Signals::Signals() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
	report_to = fd_;
	struct sigaction action{};
	action.sa_handler = on_signal;
	sigemptyset(&action.sa_mask);
	action.sa_flags = SA_RESTART; // what is half done is finished; poll(2) ends all the same
	for (const int number : {SIGINT, SIGTERM})
		sigaction(number, &action, nullptr);
	signal(SIGPIPE, SIG_IGN);
}

Signals::~Signals() {
	reporting = false;
	for (const int number : {SIGINT, SIGTERM})
		signal(number, SIG_DFL);
	report_to = -1;
	if (fd_ >= 0) close(fd_);
}

void Signals::call_first(void (*hook)(bool)) {
	run_first = hook;
}

void Signals::report() {
	reporting = true;
}

void Signals::end_at_once() {
	reporting = false;
}

} // namespace nft_drops::cli
