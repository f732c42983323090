// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/jump_labels.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace nft_drops::jit {
namespace {

// struct jump_entry of <linux/jump_label.h> with CONFIG_HAVE_ARCH_JUMP_LABEL_RELATIVE.
struct Entry {
	int32_t code;   // from its own address
	int32_t target; // from its own address
	int64_t key;    // from its own address; the two low bits are flags
};
static_assert(sizeof(Entry) == kJumpEntryBytes);

} // namespace

void add_jump_labels(Image &image, uint64_t address, std::span<const uint8_t> table) {
	for (size_t i = 0; i + sizeof(Entry) <= table.size(); i += sizeof(Entry)) {
		Entry e;
		memcpy(&e, table.data() + i, sizeof(e));
		const uint64_t at = address + i;
		const uint64_t code = at + static_cast<uint64_t>(int64_t{e.code});
		const bool ours = std::ranges::any_of(image.ranges, [&](const CodeRange &r) {
			return code >= r.address && code < r.address + r.bytes.size();
		});
		std::erase_if(image.helpers, [code](const CodeRange &r) { return code - r.address < r.bytes.size(); });
		if (!ours) continue;
		const uint64_t target = at + offsetof(Entry, target) + static_cast<uint64_t>(int64_t{e.target});
		const uint64_t key = (at + offsetof(Entry, key) + static_cast<uint64_t>(e.key)) & ~uint64_t{3};
		image.labels.push_back({code, target, key});
	}
}

} // namespace nft_drops::jit
