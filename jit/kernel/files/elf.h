// SPDX-License-Identifier: GPL-2.0-only
// An ELF file in memory, read with libelf. Every section, symbol and relocation is checked against the file's bounds.
#ifndef NFT_DROPS_JIT_KERNEL_FILES_ELF_H
#define NFT_DROPS_JIT_KERNEL_FILES_ELF_H

#include "jit/base/result.h"
#include "jit/machine/image.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct Elf;

namespace nft_drops::jit::offline {

struct Section {
	std::string_view name;
	uint64_t address = 0; // 0 in every section of a module
	uint64_t align = 1;
	bool loaded = false;            // SHF_ALLOC: the section is part of the loaded kernel
	uint32_t relocates = 0;         // a table of relocations: the number of the relocated section; else 0
	std::span<const uint8_t> bytes; // empty for .bss
	uint64_t size = 0;
};

struct ElfSymbol {
	std::string_view name;
	uint64_t value = 0;
	uint64_t size = 0;
	uint32_t section = 0; // 0: undefined
	bool function = false;
	bool absolute = false; // SHN_ABS: `value` is not an offset into a section
};

struct Relocation {
	uint64_t offset = 0; // in the relocated section
	uint32_t type = 0;
	uint32_t symbol = 0;
	int64_t addend = 0;
};

class ElfFile {
public:
	// `bytes` must outlive the ElfFile. libelf takes only writable bytes, but does not change `bytes`. `path` is
	// for errors only. Fails with kUsage if `bytes` is not a 64-bit little-endian ELF file for x86-64 or arm64.
	static Result<ElfFile> open(std::span<uint8_t> bytes, const std::string &path);

	[[nodiscard]] Machine machine() const { return machine_; }
	// True for a module (ET_REL): its sections have no addresses yet.
	[[nodiscard]] bool relocatable() const { return relocatable_; }
	[[nodiscard]] const std::vector<Section> &sections() const { return sections_; } // index: ELF's section number
	[[nodiscard]] const std::vector<ElfSymbol> &symbols() const { return symbols_; } // index: ELF's symbol number
	// Empty if the file has no such section.
	[[nodiscard]] std::span<const uint8_t> bytes_of(std::string_view section) const;
	// The relocations of a section whose `relocates` is not 0.
	[[nodiscard]] std::vector<Relocation> relocations(const Section &table) const;

private:
	struct Close {
		void operator()(Elf *e) const;
	};
	std::unique_ptr<Elf, Close> elf_;
	Machine machine_{};
	bool relocatable_ = false;
	std::vector<Section> sections_;
	std::vector<ElfSymbol> symbols_;
};

} // namespace nft_drops::jit::offline

#endif
