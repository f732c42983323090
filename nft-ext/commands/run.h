// SPDX-License-Identifier: GPL-2.0-only
// `nft-drops run -- CMD`: CMD in a control group of its own, and the drops that concern it.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_RUN_H
#define NFT_DROPS_NFT_EXT_COMMANDS_RUN_H

#include "nft-ext/cli/command_line.h"

namespace nft_drops::cli {

// Runs CMD once the probe sees, and watches until CMD and all its children have ended. Returns the exit status: CMD's,
// 126 or 127 where CMD cannot be started, or 125 where nft-drops failed, which it has told.
int run_command(const MonitorOptions &watch, const RunOptions &options);

} // namespace nft_drops::cli

#endif
