// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_PROGRAMS_VERSION_H
#define NFT_DROPS_NFT_EXT_PROGRAMS_VERSION_H

#include <string>

namespace nft_drops::cli {

// `nft-drops version`: a line each for this program and the libraries that it has. libnftables tells its own version
// only where it may talk to the kernel; elsewhere it is the one that was there at build time.
std::string version();

} // namespace nft_drops::cli

#endif
