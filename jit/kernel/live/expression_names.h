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

	// Read from the kernel once each. Empty where it cannot be told.
	const std::string &name(uint64_t operations);

private:
	[[nodiscard]] std::string read(uint64_t operations) const;

	// An xt extension's operations are made with its first rule and go with its last: addresses may be used again.
	static constexpr size_t kMost = 1024;

	ExpressionLayout layout_;
	std::optional<KernelMemory> memory_; // opened when first needed
	bool opened_ = false;
	std::unordered_map<uint64_t, std::string> names_;
};

} // namespace nft_drops::jit

#endif
