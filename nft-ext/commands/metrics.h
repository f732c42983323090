// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_METRICS_H
#define NFT_DROPS_NFT_EXT_COMMANDS_METRICS_H

#include "jit/base/result.h"
#include "nft-ext/cli/command_line.h"

namespace nft_drops::cli {

// `nft-drops metrics`: once to standard output or to a file, or served until a signal comes.
Result<void> metrics(const MetricsOptions &options);

} // namespace nft_drops::cli

#endif
