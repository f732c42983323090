// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/live_kernel_names.h"

#include "jit/kernel/live/symbols.h"

#include <algorithm>
#include <span>

namespace nft_drops::cli {

// "nf_hook_slow" of "nf_hook_slow+0x2a".
const std::string &LiveKernelNames::function(uint64_t address) {
	const auto [known, made] = functions_.try_emplace(address);
	if (made) {
		known->second = jit::describe_addresses(std::span(&address, 1)).front();
		known->second.resize(std::min(known->second.find('+'), known->second.size()));
	}
	return known->second;
}

} // namespace nft_drops::cli
