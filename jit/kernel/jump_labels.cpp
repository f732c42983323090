// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/jump_labels.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace nft_drops::jit {
namespace {

// struct jump_entry of <linux/jump_label.h> with CONFIG_HAVE_ARCH_JUMP_LABEL_RELATIVE.
struct Entry {
	int32_t code;   // from its own address
	int32_t target; // from its own address
	int64_t key;    // from its own address; the two low bits are flags
};
static_assert(sizeof(Entry) == 16);

std::optional<uint64_t> address_of(std::span<const Symbol> symbols, std::string_view name) {
	for (const Symbol &s : symbols) {
		if (s.module.empty() && s.name == name) return s.address;
	}
	return std::nullopt;
}

} // namespace

std::optional<JumpTable> core_jump_table(std::span<const Symbol> symbols) {
	auto start = address_of(symbols, kJumpTableStart);
	auto stop = address_of(symbols, kJumpTableStop);
	if (!start || !stop || *stop < *start) return std::nullopt;
	return JumpTable{*start, (*stop - *start) / sizeof(Entry)};
}

std::optional<JumpTable> module_jump_table(uint64_t module, const ModuleLayout &lay, const KernelMemory &memory) {
	if (!lay.jump_entries.size || !lay.num_jump_entries.size) return std::nullopt;
	auto entries = memory.read_integer(module + lay.jump_entries.offset, 8);
	auto count = memory.read_integer(module + lay.num_jump_entries.offset, lay.num_jump_entries.size);
	if (!entries || !count) return std::nullopt;
	return JumpTable{*entries, *count};
}

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

void read_jump_labels(Image &image, const JumpTable &table, const KernelMemory &memory) {
	constexpr uint64_t kMostEntries = 1'000'000;
	if (table.entries > kMostEntries) return;
	image.labels_known = true;
	if (table.entries == 0) return;
	auto bytes = memory.read(table.address, table.entries * sizeof(Entry));
	if (!bytes) {
		image.labels_known = false;
		return;
	}
	add_jump_labels(image, table.address, *bytes);
}

} // namespace nft_drops::jit
