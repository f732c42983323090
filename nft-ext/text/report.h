// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_REPORT_H
#define NFT_DROPS_NFT_EXT_CLI_REPORT_H

#include "jit/base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace nft_drops::cli {

// One line on stderr, "nft-drops: ...". Newlines and control characters in it are escaped.
void say(std::string_view text);

// The same for an error; returns the exit status that it calls for.
int report(const Error &error);

// "3 sites in nft_do_chain of Linux 6.12.117"; and, where the kernel does not count every missed hit, that.
std::string where_it_looks(size_t sites, std::string_view release, bool tells_misses = true);

} // namespace nft_drops::cli

#endif
