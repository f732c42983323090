// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_LIVE_KERNEL_NAMES_H
#define NFT_DROPS_NFT_EXT_COMMANDS_LIVE_KERNEL_NAMES_H

#include "jit/kernel/live/expression_names.h"
#include "nft-ext/drop/kernel_names.h"

#include <unordered_map>

namespace nft_drops::cli {

// The names of the kernel that is running, each read from it once.
class LiveKernelNames final : public KernelNames {
public:
	explicit LiveKernelNames(const jit::ExpressionLayout &layout) : expressions_(layout) {}

	const std::string &expression(uint64_t operations) override { return expressions_.name(operations); }
	const std::string &function(uint64_t address) override;

private:
	jit::ExpressionNames expressions_;
	std::unordered_map<uint64_t, std::string> functions_;
};

} // namespace nft_drops::cli

#endif
