// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_RUN_RUN_SIGNALS_H
#define NFT_DROPS_NFT_EXT_RUN_RUN_SIGNALS_H

#include <optional>
#include <sys/types.h>

namespace nft_drops::cli {

// The signals that would end nft-drops while CMD runs: SIGINT, SIGQUIT, SIGTERM, SIGHUP. A terminal sends the first two
// to CMD as well, since CMD is in the same process group; what a process sends to nft-drops alone is CMD's to get.
//
// One object at a time. SIGPIPE is ignored from then on. The destructor restores the default.
class RunSignals {
public:
	RunSignals();
	RunSignals(const RunSignals &) = delete;
	RunSignals &operator=(const RunSignals &) = delete;
	~RunSignals();

	struct Signal {
		int number = 0;
		bool for_cmd = false; // CMD did not get it
	};
	// For poll(2): readable when there is one.
	[[nodiscard]] int fd() const { return ends_[0]; }
	// The next one; nothing where there is none.
	std::optional<Signal> take();

private:
	int ends_[2] = {-1, -1};
};

} // namespace nft_drops::cli

#endif
