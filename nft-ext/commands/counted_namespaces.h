// SPDX-License-Identifier: GPL-2.0-only
// The network namespaces that there are, as the counts know them.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_COUNTED_NAMESPACES_H
#define NFT_DROPS_NFT_EXT_COMMANDS_COUNTED_NAMESPACES_H

#include "jit/base/result.h"
#include "nft-ext/drop/namespaces.h"

#include <cstdint>
#include <string>
#include <vector>

namespace nft_drops::cli {

struct CountedNamespace {
	NetNamespace file; // keeps the namespace, so that its cookie and its number mean this one
	std::string label; // its name of `ip netns`; else its inode number. No two have the same
	uint64_t cookie = 0;
	uint32_t generation = 0; // of its ruleset
	bool home = false;
};

// `home`, which is the present one, first; then those that a name or a process keeps (all_namespaces()), at most
// kMostNamespaces. Waits for none. One that cannot be entered is left out. Enters them one after another, so the
// process must have one thread.
Result<std::vector<CountedNamespace>> look_at_namespaces(const NetNamespace &home);

} // namespace nft_drops::cli

#endif
