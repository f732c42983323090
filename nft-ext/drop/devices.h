// SPDX-License-Identifier: GPL-2.0-only
// The names of a network namespace's devices, by number.
#ifndef NFT_DROPS_NFT_EXT_DROP_DEVICES_H
#define NFT_DROPS_NFT_EXT_DROP_DEVICES_H

#include "jit/base/descriptor.h"
#include "nft-ext/drop/namespaces.h"

#include <cstdint>
#include <string>

namespace nft_drops::cli {

class Devices {
public:
	// Knows no device.
	Devices() = default;
	// Opens a socket in the namespace. If that fails, the object knows no device.
	explicit Devices(const NetNamespace &netns);

	// "vnet1" (any bytes but NUL and '/'); empty if there is no such device now, or in another network namespace.
	[[nodiscard]] std::string name(uint32_t netns, uint32_t index) const;

private:
	uint32_t netns_ = 0;
	jit::Descriptor socket_{-1};
};

} // namespace nft_drops::cli

#endif
