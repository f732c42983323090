// SPDX-License-Identifier: GPL-2.0-only
// Offsets in the kernel's structures: from BTF, or, if BTF lacks the structures of nf_tables, from known_types.h.
#ifndef NFT_DROPS_JIT_KERNEL_TYPES_LAYOUT_H
#define NFT_DROPS_JIT_KERNEL_TYPES_LAYOUT_H

#include "bpf/shared/site.h"
#include "jit/base/result.h"

#include <cstdint>
#include <vector>

struct btf;

namespace nft_drops::jit {

// The resolver lays out rulesets in made-up memory by these offsets and sizes, in bytes.
struct RulesetLayout {
	nd_field chain_rules[2]; // of both generations: nft_chain.rules_gen_0, ... or .blob_gen_0, ...
	uint32_t rule_array = 0; // 1: an array of rules' addresses that ends with NULL; 0: a blob of rules
	nd_field blob_size;      // nft_rule_blob.size; size 0 if the kernel has none
	nd_field blob_data;
	nd_field rule_is_last; // nft_rule_dp.is_last; size 0 if the kernel has none
	nd_field rule_dlen;    // nft_rule, or nft_rule_dp
	nd_field rule_data;
	uint32_t rule_size = 0;
	nd_field expr_ops;      // nft_expr
	nd_field expr_ops_eval; // nft_expr_ops
	nd_field expr_ops_size;
	nd_field regs_code;  // nft_regs.verdict.code
	nd_field regs_chain; // nft_regs.verdict.chain
	uint32_t regs_size = 0;
	uint32_t traceinfo_size = 0; // nft_traceinfo; 0 if unknown
	nd_field net_gencursor;      // net.nft.gencursor
	uint32_t chain_size = 0;
	uint32_t base_chain_size = 0;
	uint32_t pkt_size = 0;
	uint32_t state_size = 0;
};

// struct module and struct mod_kallsyms. All sizes are 0 if the kernel has no such structure.
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

// struct kprobe. All sizes are 0 if the kernel has no such structure.
struct KprobeLayout {
	nd_field hlist; // hlist_node, the first member being `next`
	nd_field addr;
	nd_field opcode;
	nd_field flags;
	nd_field copied_insn; // of struct optimized_kprobe, which begins with its struct kprobe
};

// The way to the ruleset's generation without a symbol or a type of nf_tables (generation.h). All sizes are 0 if the
// kernel has no such structure.
struct PernetLayout {
	nd_field task_nsproxy; // task_struct
	nd_field nsproxy_net;  // nsproxy.net_ns
	nd_field generic_len;  // net_generic.s.len
	nd_field tables;       // nftables_pernet, a list_head
	nd_field commit_mutex; // nftables_pernet
	nd_field mutex_wait_list;
	uint32_t mutex_size = 0;
};

// The way to an expression's name. All sizes are 0 if BTF does not show the way.
struct ExpressionLayout {
	nd_field type; // nft_expr_ops
	nd_field name; // nft_expr_type: a string
};

struct Layout {
	nd_layout probe{}; // the members that the probe reads; the caller fills in pernet_id, which is a number of the
	                   // running kernel
	RulesetLayout ruleset{};
	ModuleLayout module{};
	KprobeLayout kprobe{};
	PernetLayout pernet{};
	ExpressionLayout expression{};
	uint32_t known = 0; // 0: BTF has every structure; else the number of the known layout (name_of_known_layout())
};

// `types` holds the types of the core kernel and of nf_tables: the module's split BTF, or the BTF of vmlinux if
// nf_tables is built in. Fails with Blame::kMachine and names the missing structure or member.
Result<Layout> read_layout(const btf *types);

// The layouts that the kernel may have, likeliest first: the layout in `types`, or, if `types` lacks nf_tables, every
// known layout. The caller proves which of several layouts is right. Fails with Blame::kMachine.
Result<std::vector<Layout>> propose_layouts(const btf *types);

// Layout::known in words.
const char *name_of_known_layout(uint32_t known);

// propose_layouts() from the running kernel's BTF below /sys/kernel/btf.
Result<std::vector<Layout>> propose_running_layouts();

} // namespace nft_drops::jit

#endif
