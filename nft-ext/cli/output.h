// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_OUTPUT_H
#define NFT_DROPS_NFT_EXT_CLI_OUTPUT_H

#include <string>

namespace nft_drops::cli {

// Writes all of `text` (whole lines) to stdout and empties it. False where nobody reads it any more or it cannot be
// written. SIGPIPE must be ignored.
bool write_out(std::string &text);

} // namespace nft_drops::cli

#endif
