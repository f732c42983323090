// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_LIST_H
#define NFT_DROPS_NFT_EXT_COMMANDS_LIST_H

#include "jit/base/result.h"
#include "nft-ext/cli/command_line.h"

#include <string_view>
#include <vector>

namespace nft_drops::cli {

// `nft-drops list ... --with-drop-counts`. `words` are nft's command.
Result<void> list(const ListOptions &options, const std::vector<std::string_view> &words);

} // namespace nft_drops::cli

#endif
