// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_LOOP_SIGNALS_H
#define NFT_DROPS_NFT_EXT_LOOP_SIGNALS_H

#include <csignal>

namespace nft_drops::cli {

// SIGINT and SIGTERM as a descriptor that becomes readable; SIGPIPE is ignored from then on.
class Signals {
public:
	Signals();
	Signals(const Signals &) = delete;
	Signals &operator=(const Signals &) = delete;
	~Signals();
	[[nodiscard]] int fd() const { return fd_; }

private:
	sigset_t set_{};
	int fd_ = -1;
};

} // namespace nft_drops::cli

#endif
