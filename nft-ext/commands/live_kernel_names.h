// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_LIVE_KERNEL_NAMES_H
#define NFT_DROPS_NFT_EXT_COMMANDS_LIVE_KERNEL_NAMES_H

#include "jit/kernel/live/expression_names.h"
#include "nft-ext/drop/devices.h"
#include "nft-ext/drop/kernel_names.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace nft_drops::cli {

// The names of the kernel that is running, each read from it once.
class LiveKernelNames final : public KernelNames {
public:
	explicit LiveKernelNames(const jit::ExpressionLayout &layout, Devices devices = {})
	    : expressions_(std::in_place, layout), devices_(std::move(devices)) {}

	const std::string &expression(uint64_t operations) override { return expressions_->name(operations); }
	const std::string &function(uint64_t address) override;
	std::string device(uint32_t netns, uint32_t index) override { return devices_.name(netns, index); }
	// Forgets all names: nf_tables was loaded anew, and addresses mean other things now.
	void start_anew(const jit::ExpressionLayout &layout) {
		expressions_.emplace(layout);
		functions_.clear();
	}

private:
	std::optional<jit::ExpressionNames> expressions_;
	Devices devices_;
	std::unordered_map<uint64_t, std::string> functions_;
};

} // namespace nft_drops::cli

#endif
