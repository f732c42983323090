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

struct Table {
	uint64_t address;
	uint64_t count;
};

std::optional<uint64_t> address_of(std::span<const Symbol> symbols, std::string_view name) {
	for (const Symbol &s : symbols) {
		if (s.module.empty() && s.name == name) return s.address;
	}
	return std::nullopt;
}

std::optional<Table> core_table(std::span<const Symbol> symbols) {
	auto start = address_of(symbols, "__start___jump_table");
	auto stop = address_of(symbols, "__stop___jump_table");
	if (!start || !stop || *stop < *start) return std::nullopt;
	return Table{*start, (*stop - *start) / sizeof(Entry)};
}

// Walks the kernel's list of modules.
std::optional<Table> module_table(const std::string &module, const ModuleLayout &lay, std::span<const Symbol> symbols,
                                  const KernelMemory &memory) {
	auto head = address_of(symbols, "modules");
	if (!head || !lay.list.size || !lay.name.size || !lay.jump_entries.size || !lay.num_jump_entries.size)
		return std::nullopt;
	constexpr int kMostModules = 100'000; // against a list that changes under our feet
	uint64_t node = *head;
	for (int i = 0; i < kMostModules; i++) {
		auto next = memory.read_integer(node, 8);
		if (!next || *next == *head) return std::nullopt;
		node = *next;
		const uint64_t at = node - lay.list.offset;
		auto name = memory.read(at + lay.name.offset, module.size() + 1);
		if (!name || memcmp(name->data(), module.c_str(), module.size() + 1) != 0) continue;
		auto entries = memory.read_integer(at + lay.jump_entries.offset, 8);
		auto count = memory.read_integer(at + lay.num_jump_entries.offset, lay.num_jump_entries.size);
		if (!entries || !count) return std::nullopt;
		return Table{*entries, *count};
	}
	return std::nullopt;
}

} // namespace

void read_jump_labels(Image &image, const std::string &module, const ModuleLayout &layout,
                      std::span<const Symbol> symbols, const KernelMemory &memory) {
	constexpr uint64_t kMostEntries = 1'000'000;
	auto table = module.empty() ? core_table(symbols) : module_table(module, layout, symbols, memory);
	if (!table || table->count > kMostEntries) return;
	image.labels_known = true;
	if (table->count == 0) return;
	auto bytes = memory.read(table->address, table->count * sizeof(Entry));
	if (!bytes) {
		image.labels_known = false;
		return;
	}
	for (uint64_t i = 0; i < table->count; i++) {
		Entry e;
		memcpy(&e, bytes->data() + i * sizeof(Entry), sizeof(e));
		const uint64_t at = table->address + i * sizeof(Entry);
		const uint64_t code = at + static_cast<uint64_t>(int64_t{e.code});
		const bool ours = std::ranges::any_of(image.ranges, [&](const CodeRange &r) {
			return code >= r.address && code < r.address + r.bytes.size();
		});
		if (!ours) continue;
		const uint64_t target = at + offsetof(Entry, target) + static_cast<uint64_t>(int64_t{e.target});
		const uint64_t key = (at + offsetof(Entry, key) + static_cast<uint64_t>(e.key)) & ~uint64_t{3};
		image.labels.push_back({code, target, key});
	}
}

} // namespace nft_drops::jit
