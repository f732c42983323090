// SPDX-License-Identifier: GPL-2.0-only
// `nft-drops why`: asks the history.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_WHY_H
#define NFT_DROPS_NFT_EXT_COMMANDS_WHY_H

#include "jit/base/result.h"
#include "nft-ext/cli/command_line.h"

namespace nft_drops::cli {

Result<void> why(const CommandLine &line);

} // namespace nft_drops::cli

#endif
