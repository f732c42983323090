// SPDX-License-Identifier: GPL-2.0-only
// An ELF file in memory, by libelf: sections, symbols, relocations, each checked against the file's bounds.
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
	uint64_t address = 0; // 0 throughout in a module
	uint64_t align = 1;
	bool loaded = false;            // into the kernel's memory
	uint32_t relocates = 0;         // of a table of relocations: the section that it is for; else 0
	std::span<const uint8_t> bytes; // empty for .bss
	uint64_t size = 0;
};

struct ElfSymbol {
	std::string_view name;
	uint64_t value = 0;
	uint64_t size = 0;
	uint32_t section = 0; // 0: undefined
	bool function = false;
	bool absolute = false; // `value` is no offset into a section
};

struct Relocation {
	uint64_t offset = 0; // in the section that it is for
	uint32_t type = 0;
	uint32_t symbol = 0;
	int64_t addend = 0;
};

class ElfFile {
public:
	// `bytes` must stay; libelf wants them writable, and leaves them as they are. `path` is for errors only. Fails
	// with kUsage where this is no 64-bit little-endian ELF file for a processor known here.
	static Result<ElfFile> open(std::span<uint8_t> bytes, const std::string &path);

	[[nodiscard]] Machine machine() const { return machine_; }
	// True for a module: addresses are yet to be given.
	[[nodiscard]] bool relocatable() const { return relocatable_; }
	[[nodiscard]] const std::vector<Section> &sections() const { return sections_; } // by ELF's own numbers
	[[nodiscard]] const std::vector<ElfSymbol> &symbols() const { return symbols_; } // likewise
	// Empty where there is none.
	[[nodiscard]] std::span<const uint8_t> bytes_of(std::string_view section) const;
	// Of a section with `relocates`.
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
