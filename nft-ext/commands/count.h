// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_COUNT_H
#define NFT_DROPS_NFT_EXT_COMMANDS_COUNT_H

#include "jit/base/result.h"
#include "nft-ext/cli/command_line.h"

#include <string_view>

namespace nft_drops::cli {

// `nft-drops count start|stop|reset|status`.
Result<void> count(std::string_view what, const CountOptions &options);

} // namespace nft_drops::cli

#endif
