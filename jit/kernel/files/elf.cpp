// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/files/elf.h"

#include <cstring>
#include <gelf.h>

namespace nft_drops::jit::offline {
namespace {

constexpr const char *kFetchAgain = "fetch the file again";

std::string_view text_at(Elf *elf, size_t strings, size_t offset) {
	const char *text = elf_strptr(elf, strings, offset);
	return text ? text : "";
}

bool read_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr &header, std::vector<ElfSymbol> &to) {
	Elf_Data *data = elf_getdata(section, nullptr);
	if (!data || header.sh_entsize != sizeof(Elf64_Sym)) return false;
	const size_t count = data->d_size / sizeof(Elf64_Sym);
	to.reserve(count);
	for (size_t i = 0; i < count; i++) {
		GElf_Sym s;
		if (!gelf_getsym(data, static_cast<int>(i), &s)) return false;
		const bool reserved = s.st_shndx >= SHN_LORESERVE; // no section
		to.push_back({.name = text_at(elf, header.sh_link, s.st_name),
		              .value = s.st_value,
		              .size = s.st_size,
		              .section = reserved ? 0U : s.st_shndx,
		              .function = GELF_ST_TYPE(s.st_info) == STT_FUNC,
		              .absolute = s.st_shndx == SHN_ABS});
	}
	return true;
}

} // namespace

void ElfFile::Close::operator()(Elf *e) const {
	elf_end(e);
}

Result<ElfFile> ElfFile::open(std::span<uint8_t> bytes, const std::string &path) {
	elf_version(EV_CURRENT);
	ElfFile file;
	file.elf_.reset(elf_memory(reinterpret_cast<char *>(bytes.data()), bytes.size()));
	Elf *elf = file.elf_.get();
	GElf_Ehdr header;
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return usage_error(path, "no ELF file, or a damaged one", kFetchAgain);
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return usage_error(path, "not of a 64-bit little-endian processor");
	switch (header.e_machine) {
	case EM_X86_64:
		file.machine_ = Machine::kX86_64;
		break;
	case EM_AARCH64:
		file.machine_ = Machine::kAArch64;
		break;
	default:
		return usage_error(path, "of a processor that is not known here", "x86-64 and arm64 are");
	}
	file.relocatable_ = header.e_type == ET_REL;

	size_t names = 0;
	size_t count = 0;
	if (elf_getshdrstrndx(elf, &names) != 0 || elf_getshdrnum(elf, &count) != 0 || count == 0)
		return usage_error(path, "it has no table of sections", kFetchAgain);
	for (size_t i = 0; i < count; i++) {
		Elf_Scn *section = elf_getscn(elf, i);
		GElf_Shdr s;
		if (!section || !gelf_getshdr(section, &s))
			return usage_error(path, "its table of sections is cut", kFetchAgain);
		Section to{.name = text_at(elf, names, s.sh_name),
		           .address = s.sh_addr,
		           .align = s.sh_addralign,
		           .loaded = (s.sh_flags & SHF_ALLOC) != 0,
		           .relocates = s.sh_type == SHT_RELA ? s.sh_info : 0,
		           .bytes = {},
		           .size = s.sh_size};
		if (i != 0 && s.sh_type != SHT_NOBITS && s.sh_size != 0) {
			if (s.sh_offset > bytes.size() || s.sh_size > bytes.size() - s.sh_offset)
				return usage_error(path, "a section reaches beyond the file's end", kFetchAgain);
			to.bytes = bytes.subspan(s.sh_offset, s.sh_size);
		}
		file.sections_.push_back(to);
		if (s.sh_type == SHT_SYMTAB && file.symbols_.empty() && !read_symbols(elf, section, s, file.symbols_))
			return usage_error(path, "its symbol table is damaged", kFetchAgain);
	}
	return file;
}

std::span<const uint8_t> ElfFile::bytes_of(std::string_view section) const {
	for (const Section &s : sections_) {
		if (s.name == section) return s.bytes;
	}
	return {};
}

std::vector<Relocation> ElfFile::relocations(const Section &table) const {
	std::vector<Relocation> all(table.bytes.size() / sizeof(Elf64_Rela));
	for (size_t i = 0; i < all.size(); i++) {
		Elf64_Rela r;
		memcpy(&r, table.bytes.data() + i * sizeof(r), sizeof(r));
		all[i] = {.offset = r.r_offset,
		          .type = static_cast<uint32_t>(ELF64_R_TYPE(r.r_info)),
		          .symbol = static_cast<uint32_t>(ELF64_R_SYM(r.r_info)),
		          .addend = r.r_addend};
	}
	return all;
}

} // namespace nft_drops::jit::offline
