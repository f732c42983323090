// SPDX-License-Identifier: GPL-2.0-only
// The path of a control group (v2) by its id, which is what the kernel tells of a socket.
#ifndef NFT_DROPS_NFT_EXT_DROP_GROUP_PATH_H
#define NFT_DROPS_NFT_EXT_DROP_GROUP_PATH_H

#include <cstdint>
#include <string>

namespace nft_drops::cli {

// "system.slice/nginx.service": below the mount, as nft's `socket cgroupv2` takes it. Empty for the root group, and
// where there is no such group (any more). Waits for nothing.
std::string group_path(uint64_t id);

} // namespace nft_drops::cli

#endif
