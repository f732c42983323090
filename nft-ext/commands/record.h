// SPDX-License-Identifier: GPL-2.0-only
// `nft-drops record`: once a second, from the kernel's sums by rule and flow to the history's database.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_RECORD_H
#define NFT_DROPS_NFT_EXT_COMMANDS_RECORD_H

#include "jit/base/result.h"
#include "nft-ext/cli/command_line.h"

#include <optional>
#include <string>

namespace nft_drops::cli {

// Until SIGINT or SIGTERM.
// `match`: SELECTOR and MATCH, as they were typed; only drops that satisfy both are kept. Null: all are.
Result<void> record(const RecordOptions &options, const std::optional<std::string> &match);

} // namespace nft_drops::cli

#endif
