// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/modules.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <sys/stat.h>

namespace nft_drops::jit {
namespace {

template <typename Each> void for_each_entry(std::span<const uint8_t> table, Each each) {
	for (; table.size() >= sizeof(Elf64_Sym); table = table.subspan(sizeof(Elf64_Sym))) {
		Elf64_Sym entry;
		memcpy(&entry, table.data(), sizeof(entry));
		each(entry);
	}
}

// The offset of the last name among the strings.
uint64_t last_name(std::span<const uint8_t> table) {
	uint64_t last = 0;
	for_each_entry(table, [&last](const Elf64_Sym &s) { last = std::max<uint64_t>(last, s.st_name); });
	return last;
}

} // namespace

std::optional<uint64_t> find_module(const std::string &name, uint64_t list, const ModuleLayout &lay,
                                    const KernelMemory &memory) {
	constexpr int kMostModules = 10'000; // the list may change during the walk: a bound ends the walk
	if (!lay.list.size || !lay.name.size) return std::nullopt;
	uint64_t node = list;
	for (int i = 0; i < kMostModules; i++) {
		auto next = memory.read_integer(node, 8);
		if (!next || *next == list) return std::nullopt;
		node = *next;
		const uint64_t module = node - lay.list.offset;
		auto text = memory.read(module + lay.name.offset, name.size() + 1);
		if (text && memcmp(text->data(), name.c_str(), name.size() + 1) == 0) return module;
	}
	return std::nullopt;
}

std::optional<std::vector<Symbol>> module_symbols(const std::string &name, uint64_t module, const ModuleLayout &lay,
                                                  const KernelMemory &memory) {
	constexpr uint64_t kMostSymbols = 100'000;
	constexpr uint64_t kLongestName = 512; // KSYM_NAME_LEN
	constexpr uint64_t kMostNames = kMostSymbols * kLongestName;
	if (!lay.kallsyms.size || !lay.symtab.size || !lay.num_symtab.size || !lay.strtab.size) return std::nullopt;
	auto table = memory.read_integer(module + lay.kallsyms.offset, 8);
	if (!table) return std::nullopt;
	auto symtab = memory.read_integer(*table + lay.symtab.offset, 8);
	auto count = memory.read_integer(*table + lay.num_symtab.offset, lay.num_symtab.size);
	auto strtab = memory.read_integer(*table + lay.strtab.offset, 8);
	if (!symtab || !count || !strtab || *count == 0 || *count > kMostSymbols) return std::nullopt;
	auto entries = memory.read(*symtab, *count * sizeof(Elf64_Sym));
	if (!entries) return std::nullopt;

	const uint64_t last = last_name(*entries);
	// The length of the last name is unknown, and the memory behind the strings may be unmapped.
	if (last > kMostNames) return std::nullopt;
	auto names = memory.read(*strtab, last);
	if (!names) return std::nullopt;
	auto tail = memory.read(*strtab + last, kLongestName);
	if (tail) names->insert(names->end(), tail->begin(), tail->end());
	return symbols_in(*entries, *names, name);
}

std::vector<Symbol> symbols_in(std::span<const uint8_t> entries, std::span<const uint8_t> names,
                               const std::string &module) {
	std::vector<Symbol> symbols;
	for_each_entry(entries, [&](const Elf64_Sym &s) {
		if (s.st_name >= names.size() || s.st_value == 0) return;
		const auto *text = reinterpret_cast<const char *>(names.data() + s.st_name);
		symbols.push_back({{text, strnlen(text, names.size() - s.st_name)}, module, s.st_value, s.st_size});
	});
	return symbols;
}

uint64_t module_identity(const std::string &name) {
	struct stat s{};
	return stat(("/sys/module/" + name).c_str(), &s) == 0 ? s.st_ino : 0;
}

} // namespace nft_drops::jit
