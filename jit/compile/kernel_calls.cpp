// SPDX-License-Identifier: GPL-2.0-only
#include "jit/compile/kernel_calls.h"

#include "bpf/shared/site.h"

#include <cstring>
#include <elf.h>
#include <linux/bpf.h>

namespace nft_drops::jit {
namespace {

void mark_in_code(std::span<char> code) {
	for (size_t at = 0; at + sizeof(bpf_insn) <= code.size(); at += sizeof(bpf_insn)) {
		bpf_insn insn{};
		memcpy(&insn, &code[at], sizeof(insn));
		// The second half of a wide instruction has no code: it cannot look like a call.
		if (insn.code != (BPF_JMP | BPF_CALL) || insn.src_reg != 0 || insn.imm < ND_KERNEL_FUNCTION) continue;
		insn.src_reg = BPF_PSEUDO_KFUNC_CALL;
		insn.imm -= ND_KERNEL_FUNCTION;
		memcpy(&code[at], &insn, sizeof(insn));
	}
}

} // namespace

void mark_kernel_calls(std::span<char> object) {
	Elf64_Ehdr header{};
	if (object.size() < sizeof(header)) return;
	memcpy(&header, object.data(), sizeof(header));
	for (size_t i = 0; i < header.e_shnum; i++) {
		Elf64_Shdr section{};
		const size_t at = header.e_shoff + i * sizeof(section);
		if (at + sizeof(section) > object.size()) return;
		memcpy(&section, &object[at], sizeof(section));
		if (section.sh_type != SHT_PROGBITS || !(section.sh_flags & SHF_EXECINSTR)) continue;
		if (section.sh_offset + section.sh_size > object.size()) return;
		mark_in_code(object.subspan(section.sh_offset, section.sh_size));
	}
}

} // namespace nft_drops::jit
