// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/loop/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

namespace nft_drops::cli {

Signals::Signals() {
	sigemptyset(&set_);
	sigaddset(&set_, SIGINT);
	sigaddset(&set_, SIGTERM);
	sigprocmask(SIG_BLOCK, &set_, nullptr);
	fd_ = signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK);
	signal(SIGPIPE, SIG_IGN);
}

Signals::~Signals() {
	close(fd_);
}

} // namespace nft_drops::cli
