// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_OUTPUT_FLAGS_H
#define NFT_DROPS_NFT_EXT_CLI_OUTPUT_FLAGS_H

namespace nft_drops::cli {

// libnftables' NFT_CTX_OUTPUT_* for one of nft's options; 0 for the others.
unsigned output_flag(int letter);

} // namespace nft_drops::cli

#endif
