// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_COUNTING_WHERE_H
#define NFT_DROPS_NFT_EXT_COMMANDS_COUNTING_WHERE_H

#include "jit/count/rule_counter.h"

#include <string>

namespace nft_drops::cli {

// "counting at 3 sites in nft_do_chain of Linux 6.12.117".
std::string counting_where(const jit::RuleCounter &counter);

} // namespace nft_drops::cli

#endif
