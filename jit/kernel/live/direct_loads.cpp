// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/direct_loads.h"

#include "jit/base/descriptor.h"

#include <bpf/bpf.h>

#include <iterator>

namespace nft_drops::jit {

bool takes_direct_loads(const nd_cast &how) {
	if (!how.function) return false;
	// return *(u8 *)((char *)bpf_rdonly_cast(NULL, type) + offset);
	const bpf_insn program[] = {
	        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .src_reg = 0, .off = 0, .imm = 0},
	        {.code = BPF_ALU64 | BPF_MOV | BPF_K,
	         .dst_reg = BPF_REG_2,
	         .src_reg = 0,
	         .off = 0,
	         .imm = static_cast<int>(how.type)},
	        {.code = BPF_JMP | BPF_CALL,
	         .dst_reg = 0,
	         .src_reg = BPF_PSEUDO_KFUNC_CALL,
	         .off = 0,
	         .imm = static_cast<int>(how.function)},
	        {.code = BPF_LDX | BPF_MEM | BPF_B,
	         .dst_reg = BPF_REG_0,
	         .src_reg = BPF_REG_0,
	         .off = static_cast<short>(how.offset),
	         .imm = 0},
	        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
	};
	const Descriptor loaded(
	        bpf_prog_load(BPF_PROG_TYPE_KPROBE, nullptr, "GPL", program, std::size(program), nullptr));
	return loaded.get() >= 0;
}

} // namespace nft_drops::jit
