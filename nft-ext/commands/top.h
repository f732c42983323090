// SPDX-License-Identifier: GPL-2.0-only
// `nft-drops top`: once a second, from the kernel's sums by rule and flow to a screen or to a pipe.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_TOP_H
#define NFT_DROPS_NFT_EXT_COMMANDS_TOP_H

#include "jit/base/result.h"
#include "nft-ext/cli/command_line.h"

namespace nft_drops::cli {

// `which`: SELECTOR, MATCH and the network namespaces. Until a signal comes, or the user ends it.
Result<void> top(const MonitorOptions &which, const TopOptions &options);

} // namespace nft_drops::cli

#endif
