// SPDX-License-Identifier: GPL-2.0-only
// `nft-drops monitor`: ring -> event -> ruleset -> renderer -> stdout.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_MONITOR_H
#define NFT_DROPS_NFT_EXT_COMMANDS_MONITOR_H

#include "jit/base/result.h"
#include "nft-ext/cli/command_line.h"

#include <functional>

namespace nft_drops::cli {

// Shows the drops that `options` ask for until told to stop (options, SIGINT, SIGTERM, a closed stdout), then prints
// the summary. `ready`, if any, is called after the ready line, once every drop from then on is seen.
Result<void> monitor(const MonitorOptions &options, const std::function<void()> &ready = {});

} // namespace nft_drops::cli

#endif
