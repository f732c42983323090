// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/code.h"

#include <fmt/format.h>

namespace nft_drops::jit {

Result<Code> Code::decode(const Image &image, Architecture &architecture) {
	Code code;
	code.image_ = &image;
	if (image.ranges.empty() || image.ranges.front().bytes.empty())
		return unsupported(image.ranges.empty() ? "function" : image.ranges.front().name, "no machine code");
	code.decode_ranges(image.ranges, architecture);
	code.helpers_ = std::make_unique<Code>();
	code.helpers_->image_ = &image;
	code.helpers_->decode_ranges(image.helpers, architecture);
	return code;
}

void Code::decode_ranges(const std::vector<CodeRange> &ranges, Architecture &architecture) {
	for (const CodeRange &r : ranges) {
		RangeIndex index{r.address, std::vector<int32_t>(r.bytes.size(), -1)};
		for (size_t at = 0; at < r.bytes.size();) {
			Instruction i;
			if (!architecture.decode(r.address + at, r.bytes.data() + at, r.bytes.size() - at, i)) {
				// Padding between functions is counted to the one before: nothing reachable stands
				// there.
				at++;
				continue;
			}
			index.by_offset[at] = static_cast<int32_t>(all_.size());
			all_.push_back(i);
			at += i.size;
		}
		index_.push_back(std::move(index));
	}
}

const Instruction *Code::at(uint64_t address) const {
	for (const RangeIndex &r : index_) {
		const uint64_t offset = address - r.address;
		if (offset >= r.by_offset.size()) continue;
		const int32_t i = r.by_offset[offset];
		return i < 0 ? nullptr : &all_[static_cast<size_t>(i)];
	}
	return nullptr;
}

const CodeRange *Code::range_of(uint64_t address) const {
	for (const CodeRange &r : image_->ranges) {
		if (address - r.address < r.bytes.size()) return &r;
	}
	return nullptr;
}

const uint8_t *Code::bytes_of(const Instruction &i) const {
	const CodeRange *r = range_of(i.address);
	return r ? r->bytes.data() + (i.address - r->address) : nullptr;
}

std::string Code::place(uint64_t address) const {
	const CodeRange *r = range_of(address);
	return r ? fmt::format("{}+{:#x}", r->name, address - r->address) : fmt::format("{:#x}", address);
}

} // namespace nft_drops::jit
