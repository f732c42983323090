// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/modules.h"

#include <algorithm>
#include <cstring>
#include <elf.h>

namespace nft_drops::jit {
std::optional<uint64_t> find_module(const std::string &name, uint64_t list, const ModuleLayout &lay,
                                    const KernelMemory &memory) {
	constexpr int kMostModules = 10'000; // against a list that changes under our feet
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
	if (!lay.kallsyms.size || !lay.symtab.size || !lay.num_symtab.size || !lay.strtab.size) return std::nullopt;
	auto table = memory.read_integer(module + lay.kallsyms.offset, 8);
	if (!table) return std::nullopt;
	auto symtab = memory.read_integer(*table + lay.symtab.offset, 8);
	auto count = memory.read_integer(*table + lay.num_symtab.offset, lay.num_symtab.size);
	auto strtab = memory.read_integer(*table + lay.strtab.offset, 8);
	if (!symtab || !count || !strtab || *count == 0 || *count > kMostSymbols) return std::nullopt;
	auto entries = memory.read(*symtab, *count * sizeof(Elf64_Sym));
	if (!entries) return std::nullopt;

	std::vector<Elf64_Sym> all(*count);
	memcpy(all.data(), entries->data(), entries->size());
	uint64_t last = 0;
	for (const Elf64_Sym &s : all)
		last = std::max<uint64_t>(last, s.st_name);
	// The last name's end is not known; what lies behind the strings may not be mapped.
	auto names = memory.read(*strtab, last);
	if (!names) return std::nullopt;
	auto tail = memory.read(*strtab + last, kLongestName);
	if (tail) names->insert(names->end(), tail->begin(), tail->end());
	names->push_back(0);

	std::vector<Symbol> symbols;
	for (const Elf64_Sym &s : all) {
		if (s.st_name >= names->size() || s.st_value == 0) continue;
		symbols.push_back(
		        {reinterpret_cast<const char *>(names->data() + s.st_name), name, s.st_value, s.st_size});
	}
	return symbols;
}

} // namespace nft_drops::jit
