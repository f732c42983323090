// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/expression_names.h"

namespace nft_drops::jit {

const std::string &ExpressionNames::name(uint64_t operations) {
	if (auto known = names_.find(operations); known != names_.end()) return known->second;
	if (!opened_) {
		opened_ = true;
		if (auto memory = KernelMemory::open()) memory_.emplace(std::move(*memory));
	}
	if (names_.size() >= kMost) names_.clear();
	return names_.emplace(operations, read(operations)).first->second;
}

std::string ExpressionNames::read(uint64_t operations) const {
	constexpr size_t kLongest = 32;
	if (!operations || !memory_ || !layout_.type.size || !layout_.name.size) return {};
	const auto type = memory_->read_integer(operations + layout_.type.offset, 8);
	if (!type || !*type) return {};
	const auto text = memory_->read_integer(*type + layout_.name.offset, 8);
	if (!text || !*text) return {};
	std::string name;
	while (name.size() < kLongest) {
		// Byte by byte: the memory behind the string may be unmapped.
		const auto byte = memory_->read_integer(*text + name.size(), 1);
		if (!byte) return {};
		if (!*byte) return name;
		name += static_cast<char>(*byte);
	}
	return {};
}

} // namespace nft_drops::jit
