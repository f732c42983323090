// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/view/terminal_guard.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

namespace nft_drops {
namespace {

constexpr int kFatal[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL, SIGABRT, SIGTRAP,
                          SIGSYS,  SIGXCPU, SIGXFSZ, SIGHUP, SIGQUIT, SIGALRM};
constexpr unsigned kSeconds = 2;

// What a handler can reach.
std::atomic<bool> armed = false;
static_assert(std::atomic<bool>::is_always_lock_free);
int own = -1; // the terminal, opened anew
termios before{};
char bytes[256];
size_t size = 0;
struct sigaction actions[std::size(kFatal)];

extern "C" void on_fatal(int number) {
	TerminalGuard::restore();
	// Blocked until this handler returns; then the default action ends the process.
	signal(number, SIG_DFL);
	raise(number);
}

} // namespace

TerminalGuard::TerminalGuard(int terminal, const std::string &leave) {
	tcgetattr(terminal, &before);
	char path[64] = {};
	if (ttyname_r(terminal, path, sizeof(path)) == 0)
		own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0) own = fcntl(terminal, F_DUPFD_CLOEXEC, 0);
	size = std::min(leave.size(), sizeof(bytes));
	memcpy(bytes, leave.data(), size);
	struct sigaction action{};
	action.sa_handler = on_fatal;
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < std::size(kFatal); i++) {
		sigaction(kFatal[i], nullptr, &actions[i]);
		// Whoever started us with `nohup` wants no SIGHUP.
		if (actions[i].sa_handler != SIG_IGN) sigaction(kFatal[i], &action, nullptr);
	}
	armed = true;
}

TerminalGuard::~TerminalGuard() {
	armed = false;
	alarm(0);
	for (size_t i = 0; i < std::size(kFatal); i++)
		sigaction(kFatal[i], &actions[i], nullptr);
	if (own >= 0) close(own);
	own = -1;
}

void TerminalGuard::restore() {
	if (!armed.exchange(false)) return;
	const int saved = errno;
	// What the terminal did not take yet would come behind.
	tcflush(own, TCOFLUSH);
	static_cast<void>(!write(own, bytes, size));
	tcsetattr(own, TCSANOW, &before);
	errno = saved;
}

void TerminalGuard::end_soon() {
	if (armed) alarm(kSeconds);
}

} // namespace nft_drops
