// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/jump_labels.h"

#include <optional>

namespace nft_drops::jit {
namespace {

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
	return JumpTable{*start, (*stop - *start) / kJumpEntryBytes};
}

std::optional<JumpTable> module_jump_table(uint64_t module, const ModuleLayout &lay, const KernelMemory &memory) {
	if (!lay.jump_entries.size || !lay.num_jump_entries.size) return std::nullopt;
	auto entries = memory.read_integer(module + lay.jump_entries.offset, 8);
	auto count = memory.read_integer(module + lay.num_jump_entries.offset, lay.num_jump_entries.size);
	if (!entries || !count) return std::nullopt;
	return JumpTable{*entries, *count};
}

void read_jump_labels(Image &image, const JumpTable &table, const KernelMemory &memory) {
	constexpr uint64_t kMostEntries = 1'000'000;
	if (table.entries > kMostEntries) return;
	image.labels_known = true;
	if (table.entries == 0) return;
	auto bytes = memory.read(table.address, table.entries * kJumpEntryBytes);
	if (!bytes) {
		image.labels_known = false;
		return;
	}
	add_jump_labels(image, table.address, *bytes);
}

} // namespace nft_drops::jit
