// SPDX-License-Identifier: GPL-2.0-only
// nft's own global options, as nft(8) lists them.
#ifndef NFT_DROPS_NFT_EXT_CLI_NFT_OPTIONS_H
#define NFT_DROPS_NFT_EXT_CLI_NFT_OPTIONS_H

#include <span>

namespace nft_drops::cli {

struct NftOption {
	char letter;
	const char *name;
	bool argument;
};

std::span<const NftOption> nft_options();

} // namespace nft_drops::cli

#endif
