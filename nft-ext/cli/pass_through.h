// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_PASS_THROUGH_H
#define NFT_DROPS_NFT_EXT_CLI_PASS_THROUGH_H

namespace nft_drops::cli {

// Does what nft does with this command line, through libnftables; returns the exit status.
int pass_through(int argc, char *argv[]);

} // namespace nft_drops::cli

#endif
