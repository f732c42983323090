// SPDX-License-Identifier: GPL-2.0-only
// The kernel's names of rule expressions ("immediate", "masq"), by the address of their operations: nd_event.expr_ops.
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_EXPRESSION_NAMES_H
#define NFT_DROPS_JIT_KERNEL_LIVE_EXPRESSION_NAMES_H

#include "jit/kernel/live/memory.h"
#include "jit/kernel/types/layout.h"

#include <optional>
#include <string>
#include <unordered_map>

namespace nft_drops::jit {

class ExpressionNames {
public:
	explicit ExpressionNames(const ExpressionLayout &layout) : layout_(layout) {}

	// Reads each name from the kernel once. Empty if the name cannot be read.
	const std::string &name(uint64_t operations);

private:
	[[nodiscard]] std::string read(uint64_t operations) const;

	// The kernel allocates an xt extension's operations for the first rule and frees them with the last rule. A
	// later extension may get the same address.
	static constexpr size_t kMost = 1024;

	ExpressionLayout layout_;
	std::optional<KernelMemory> memory_; // opened when first needed
	bool opened_ = false;
	std::unordered_map<uint64_t, std::string> names_;
};

} // namespace nft_drops::jit

#endif
