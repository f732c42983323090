// SPDX-License-Identifier: GPL-2.0-only
// What the running kernel calls the things whose addresses stand in an event.
#ifndef NFT_DROPS_NFT_EXT_DROP_KERNEL_NAMES_H
#define NFT_DROPS_NFT_EXT_DROP_KERNEL_NAMES_H

#include <cstdint>
#include <string>

namespace nft_drops::cli {

class KernelNames {
public:
	KernelNames() = default;
	KernelNames(const KernelNames &) = delete;
	KernelNames &operator=(const KernelNames &) = delete;
	virtual ~KernelNames() = default;

	// "masq": the expression whose operations are at nd_event.expr_ops. Empty where it is not known.
	virtual const std::string &expression(uint64_t operations) = 0;
	// "nf_hook_slow": the function that the address nd_event.location is in.
	virtual const std::string &function(uint64_t address) = 0;
	// "vnet1": the device with this index, in the network namespace with this inode number. Empty where it is not
	// known.
	virtual std::string device(uint32_t netns, uint32_t index) = 0;
};

} // namespace nft_drops::cli

#endif
