// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_CHECK_H
#define NFT_DROPS_NFT_EXT_COMMANDS_CHECK_H

#include "jit/base/result.h"

namespace nft_drops::cli {

// `nft-drops check`: prints every requirement with its state, one a line, then the verdict. Fails with kMachine where
// this machine cannot run nft-drops.
Result<void> check();

} // namespace nft_drops::cli

#endif
