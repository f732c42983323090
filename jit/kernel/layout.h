// SPDX-License-Identifier: GPL-2.0-only
// Where things lie in the kernel's structures, from BTF.
#ifndef NFT_DROPS_JIT_KERNEL_LAYOUT_H
#define NFT_DROPS_JIT_KERNEL_LAYOUT_H

#include "bpf/shared/result.h"
#include "bpf/shared/site.h"

#include <cstdint>

struct btf;

namespace nft_drops::jit {

// What the resolver needs to lay out rulesets of its own in made-up memory. Offsets and sizes in bytes.
struct RulesetLayout {
	nd_field chain_blob[2]; // nft_chain.blob_gen_0, .blob_gen_1
	nd_field blob_size;     // nft_rule_blob.size; size 0 where there is none
	nd_field blob_data;
	nd_field rule_is_last; // nft_rule_dp.is_last; size 0 where there is none
	nd_field rule_dlen;
	nd_field rule_data;
	uint32_t rule_size = 0;
	nd_field expr_ops;      // nft_expr
	nd_field expr_ops_eval; // nft_expr_ops
	nd_field expr_ops_size;
	nd_field regs_code;  // nft_regs.verdict.code
	nd_field regs_chain; // nft_regs.verdict.chain
	uint32_t regs_size = 0;
	uint32_t traceinfo_size = 0; // nft_traceinfo; 0 where unknown
	nd_field net_gencursor;      // net.nft.gencursor
	uint32_t chain_size = 0;
	uint32_t base_chain_size = 0;
	uint32_t pkt_size = 0;
	uint32_t state_size = 0;
};

// struct module and struct mod_kallsyms. Sizes are 0 where the kernel has none.
struct ModuleLayout {
	nd_field list; // list_head, the first member being `next`
	nd_field name;
	nd_field kallsyms;
	nd_field symtab; // mod_kallsyms
	nd_field num_symtab;
	nd_field strtab;
	nd_field jump_entries;
	nd_field num_jump_entries;
};

// struct kprobe. Sizes are 0 where the kernel has none.
struct KprobeLayout {
	nd_field hlist; // hlist_node, the first member being `next`
	nd_field addr;
	nd_field opcode;
	nd_field flags;
	nd_field copied_insn; // of struct optimized_kprobe, which begins with its struct kprobe
};

struct Layout {
	nd_layout probe{}; // what the probe reads; pernet_id is filled in by the caller, it is no type
	RulesetLayout ruleset{};
	ModuleLayout module{};
	KprobeLayout kprobe{};
};

// `types` is BTF that holds both the core kernel's and nf_tables' types (split BTF of the module, or vmlinux where
// nf_tables is built in). Fails with Blame::kMachine, naming the structure or member that is missing.
Result<Layout> read_layout(const btf *types);

// BTF of the running kernel, below /sys/kernel/btf. Fails with Blame::kMachine.
Result<Layout> read_running_layout();

} // namespace nft_drops::jit

#endif
