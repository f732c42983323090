// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_CHECK_H
#define NFT_DROPS_NFT_EXT_COMMANDS_CHECK_H

#include "jit/base/result.h"
#include "nft-ext/cli/command_line.h"

#include <string_view>

namespace nft_drops::cli {

// `nft-drops check`: prints each step of the start with its state, one a line ("ok    lockdown: off", "FAIL  types:
// ..."), then the verdict. Ends with the first step that fails: the others need it. With CheckOptions::report, prints
// the `versions` (lines) and the kernel's release first, how long each step took, and the Plan in words. Fails with
// kMachine where this machine cannot run nft-drops. Nothing that an earlier start kept is believed, and nothing is left
// behind.
Result<void> check(const CheckOptions &options, std::string_view versions);

} // namespace nft_drops::cli

#endif
