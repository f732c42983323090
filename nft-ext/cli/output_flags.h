// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_OUTPUT_FLAGS_H
#define NFT_DROPS_NFT_EXT_CLI_OUTPUT_FLAGS_H

#include <string_view>

namespace nft_drops::cli {

// The NFT_CTX_OUTPUT_* flag of libnftables for the letter of an nft option; 0 if the option sets no flag.
unsigned output_flag(int letter);

// The flags for several letters ("nS").
unsigned output_flags(std::string_view letters);

} // namespace nft_drops::cli

#endif
