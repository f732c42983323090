// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_COLOURS_H
#define NFT_DROPS_NFT_EXT_COMMANDS_COLOURS_H

#include "nft-ext/cli/command_line.h"

namespace nft_drops::cli {

// Whether text for `fd` has colours. kAuto: where `fd` is a terminal, $TERM is not "dumb", and $NO_COLOR is unset or
// empty (https://no-color.org).
bool wants_colours(Colour colour, int fd);

} // namespace nft_drops::cli

#endif
