// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_DEMO_H
#define NFT_DROPS_NFT_EXT_COMMANDS_DEMO_H

#include "jit/base/result.h"

namespace nft_drops::cli {

// `nft-drops demo`: moves this process into a network namespace of its own, loads the article's ruleset there, sends
// packets that it drops and packets that it accepts, and shows the drops. Takes about two seconds; the namespace and
// all in it are gone when the process ends.
Result<void> demo();

} // namespace nft_drops::cli

#endif
