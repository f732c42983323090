// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_HELP_H
#define NFT_DROPS_NFT_EXT_CLI_HELP_H

#include "nft-ext/cli/command_line.h"

#include <optional>
#include <string>

namespace nft_drops::cli {

// The help text of one command, or of the whole program if `command` is nothing. The grammar is the source.
std::string help(std::optional<Command> command);

} // namespace nft_drops::cli

#endif
