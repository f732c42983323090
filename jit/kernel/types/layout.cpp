// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/types/layout.h"

#include "jit/kernel/types/known_types.h"
#include "jit/kernel/types/running_types.h"
#include "jit/kernel/types/structures.h"
#include "jit/kernel/types/types.h"

#include <bpf/btf.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace nft_drops::jit {
namespace {

constexpr const char *kBtfHelp = "a kernel with CONFIG_DEBUG_INFO_BTF is needed";

struct Wanted {
	nd_field *to;
	const char *structure;
	const char *path;
	bool required = true;
};

void read_pernet(const Structures &s, nd_layout &p, PernetLayout &pernet) {
	p.net_base_seq = s.field("net", "nft.base_seq");
	p.net_gen = s.field("net", "gen");
	p.pernet_base_seq = s.field("nftables_pernet", "base_seq");
	pernet = {s.field("task_struct", "nsproxy"),
	          s.field("nsproxy", "net_ns"),
	          s.field("net_generic", "s.len"),
	          s.field("nftables_pernet", "tables"),
	          s.field("nftables_pernet", "commit_mutex"),
	          s.field("mutex", "wait_list"),
	          s.size("mutex")};
}

// Tag present: a bit of its own up to 6.1, since then any of the tag's bytes (vlan_all).
void read_vlan(const Structures &s, nd_layout &p) {
	p.skb_vlan_present = s.field("sk_buff", "vlan_present");
	if (!p.skb_vlan_present.size) p.skb_vlan_present = s.field("sk_buff", "vlan_all");
	p.skb_vlan_proto = s.field("sk_buff", "vlan_proto");
	p.skb_vlan_tci = s.field("sk_buff", "vlan_tci");
}

// The bytes that hold all of `members`, if one read of the bytes is cheaper than one read for each member.
nd_block block_of(std::initializer_list<nd_field> members, uint32_t most = ND_BLOCK_BYTES) {
	uint32_t begin = UINT32_MAX;
	uint32_t end = 0;
	for (const nd_field &f : members) {
		if (!f.size) continue;
		begin = std::min<uint32_t>(begin, f.offset);
		end = std::max<uint32_t>(end, f.offset + f.size);
	}
	begin &= ~7U; // members keep their alignment in the copy
	if (begin >= end || end - begin > most) return {};
	return {static_cast<nd_u16>(begin), static_cast<nd_u16>(end - begin)};
}

// An sk_buff's block. The block leaves the device out where the device lies far from the other members: a call of its
// own then costs less than the bytes between.
nd_block skb_block(const nd_layout &p) {
	constexpr uint32_t kWorthACall = 64; // so many bytes cost about as much as a call
	const auto with = [&p](const nd_field &device) {
		return block_of({p.skb_len, p.skb_data_len, p.skb_head, p.skb_data, p.skb_network_header,
		                 p.skb_mac_header, p.skb_protocol, p.skb_vlan_present, p.skb_vlan_proto, p.skb_vlan_tci,
		                 p.bridge.skb_active, device},
		                ND_SKB_BLOCK_BYTES);
	};
	const nd_block all = with(p.skb_dev);
	const nd_block rest = with({});
	return all.size > rest.size + kWorthACall && rest.size != 0 ? rest : all;
}

// Members that filters read. All are optional: a filter that needs a missing member is refused.
void read_match(const Structures &s, nd_match_layout &m) {
	const auto first = [&s](const char *structure, std::initializer_list<const char *> names) {
		for (const char *name : names)
			if (const nd_field f = s.field(structure, name); f.size) return f;
		return nd_field{};
	};
	// Up to Linux 5.13 there is a tprot_set in place of flags, and the rest is in a struct xt_action_param.
	m.pkt_flags = first("nft_pktinfo", {"flags", "tprot_set"});
	m.pkt_tprot = s.field("nft_pktinfo", "tprot");
	m.pkt_fragoff = first("nft_pktinfo", {"fragoff", "xt.fragoff"});
	m.pkt_thoff = first("nft_pktinfo", {"thoff", "xt.thoff"});
	m.pkt_ethertype = s.field("nft_pktinfo", "ethertype");
	m.pkt_nhoff = s.field("nft_pktinfo", "nhoff");
	m.pkt = block_of({m.pkt_flags, m.pkt_tprot, m.pkt_fragoff, m.pkt_thoff});
	m.skb_mark = s.field("sk_buff", "mark");
	m.skb_priority = s.field("sk_buff", "priority");
	m.skb_pkt_type = s.field("sk_buff", "pkt_type");
	m.skb_iif = s.field("sk_buff", "skb_iif");
	m.skb_nfct = s.field("sk_buff", "_nfct");
	m.skb_end = s.field("sk_buff", "end");
	m.skb_next = s.field("sk_buff", "next");
	m.dev_group = s.field("net_device", "group");
	m.shared_count = s.field("skb_shared_info", "nr_frags");
	m.shared_fragments = s.field("skb_shared_info", "frags");
	m.shared_list = s.field("skb_shared_info", "frag_list");
	// A fragment was a bio_vec up to Linux 6.6.
	const char *fragment = s.field("skb_frag", "len").size ? "skb_frag" : "bio_vec";
	m.fragment_bytes = s.size(fragment);
	m.fragment_page = first(fragment, {"netmem", "bv_page"});
	m.fragment_size = first(fragment, {"len", "bv_len"});
	m.fragment_offset = first(fragment, {"offset", "bv_offset"});
	const uint32_t page = s.size("page");
	m.page_shift = std::has_single_bit(page) ? static_cast<nd_u64>(std::countr_zero(page)) : 0; // 0: not known
}

// The way from a socket to its control group. All members are optional.
void read_group(const Structures &s, nd_group_layout &g) {
	g.sk_state = s.field("sock", "__sk_common.skc_state");
	g.sk_listener = s.field("sock", "__sk_common.skc_listener");
	g.sk_group = s.field("sock", "sk_cgrp_data.cgroup");
	if (!g.sk_group.size) g.sk_group = s.field("sock", "sk_cgrp_data.val"); // up to Linux 5.15
	g.level = s.field("cgroup", "level");
	g.ancestors = s.field("cgroup", "ancestors");
	g.ancestor_ids = s.field("cgroup", "ancestor_ids");
	g.node = s.field("cgroup", "kn");
	g.node_id = s.field("kernfs_node", "id");
}

// What only --details needs, apart from the group's. Nothing here is required.
void read_details(const Structures &s, nd_details_layout &d) {
	d.ct_status = s.field("nf_conn", "status");
	d.ct_mark = s.field("nf_conn", "mark");
	d.sk_uid = s.field("sock", "sk_uid.val");
	d.sk_cookie = s.field("sock", "__sk_common.skc_cookie.counter");
	d.sk_socket = s.field("sock", "sk_socket");
	d.socket_file = s.field("socket", "file");
	d.file_inode = s.field("file", "f_inode");
	d.inode_number = s.field("inode", "i_ino");
}

// The ports of bridged packets. All members are optional.
void read_bridge(const Structures &s, nd_bridge_layout &b) {
	const auto id = s.extension("SKB_EXT_BRIDGE_NF");
	b.physin = s.field("nf_bridge_info", "physinif");
	if (!b.physin.size) b.physin = s.field("nf_bridge_info", "physindev");
	b.physout = s.field("nf_bridge_info", "physoutdev");
	b.skb_extensions = s.field("sk_buff", "extensions");
	b.extension_at = s.field("skb_ext", "offset");
	b.extension_at.offset = static_cast<nd_u16>(b.extension_at.offset + id.value_or(0)); // an array of bytes
	b.id = id.value_or(0);
	if (id && b.physin.size && b.physout.size && b.skb_extensions.size && b.extension_at.size)
		b.skb_active = s.field("sk_buff", "active_extensions");
}

Result<Layout> layout_of(const Structures &s) {
	Layout lay;
	nd_layout &p = lay.probe;
	RulesetLayout &r = lay.ruleset;
	// Up to Linux 5.16.
	r.rule_array = s.field("nft_chain", "rules_gen_0").size != 0;
	const char *rule = r.rule_array ? "nft_rule" : "nft_rule_dp";

	const Wanted wanted[] = {
	        {&p.rule_handle, rule, "handle"},
	        {&p.pkt_skb, "nft_pktinfo", "skb"},
	        {&p.pkt_state, "nft_pktinfo", "state"},
	        {&p.state_hook, "nf_hook_state", "hook"},
	        {&p.state_pf, "nf_hook_state", "pf"},
	        {&p.state_in, "nf_hook_state", "in"},
	        {&p.state_out, "nf_hook_state", "out"},
	        {&p.state_net, "nf_hook_state", "net"},
	        {&p.net_inum, "net", "ns.inum"},
	        {&p.net_cookie, "net", "net_cookie", false},
	        {&p.skb_len, "sk_buff", "len"},
	        {&p.skb_data_len, "sk_buff", "data_len"},
	        {&p.skb_head, "sk_buff", "head"},
	        {&p.skb_data, "sk_buff", "data"},
	        {&p.skb_network_header, "sk_buff", "network_header"},
	        {&p.skb_mac_header, "sk_buff", "mac_header"},
	        {&p.skb_protocol, "sk_buff", "protocol"},
	        {&p.skb_dev, "sk_buff", "dev"},
	        {&p.dev_name, "net_device", "name"},
	        {&p.dev_ifindex, "net_device", "ifindex"},
	        {&p.dev_type, "net_device", "type"},
	        {&p.chain_table, "nft_chain", "table"},
	        {&p.chain_handle, "nft_chain", "handle"},
	        {&p.chain_name, "nft_chain", "name"},
	        {&p.table_handle, "nft_table", "handle"},
	        {&p.table_family, "nft_table", "family"},
	        {&p.table_name, "nft_table", "name"},
	        {&r.chain_rules[0], "nft_chain", r.rule_array ? "rules_gen_0" : "blob_gen_0"},
	        {&r.chain_rules[1], "nft_chain", r.rule_array ? "rules_gen_1" : "blob_gen_1"},
	        {&r.blob_size, "nft_rule_blob", "size", false},
	        {&r.blob_data, "nft_rule_blob", "data", !r.rule_array},
	        {&r.rule_is_last, rule, "is_last", false},
	        {&r.rule_dlen, rule, "dlen"},
	        {&r.rule_data, rule, "data"},
	        {&r.expr_ops, "nft_expr", "ops"},
	        {&r.expr_ops_eval, "nft_expr_ops", "eval"},
	        {&r.expr_ops_size, "nft_expr_ops", "size"},
	        {&r.regs_code, "nft_regs", "verdict.code"},
	        {&r.regs_chain, "nft_regs", "verdict.chain"},
	        {&r.net_gencursor, "net", "nft.gencursor"},
	};
	for (const Wanted &w : wanted) {
		*w.to = s.field(w.structure, w.path);
		if (!w.to->size && w.required) {
			return unsupported("BTF", fmt::format("no member {} in struct {}", w.path, w.structure),
			                   kBtfHelp);
		}
	}
	read_pernet(s, p, lay.pernet);
	read_vlan(s, p);
	read_match(s, p.match);
	read_group(s, p.group);
	read_details(s, p.details);
	read_bridge(s, p.bridge);
	p.expr_ops = r.expr_ops;
	p.rule_is_last = r.rule_is_last;
	p.last_chain = s.field("nft_rule_dp_last", "chain");
	p.chain_genmask = s.field("nft_chain", "genmask");
	p.skb_sk = s.field("sk_buff", "sk");
	p.skb_dst = s.field("sk_buff", "_skb_refdst");
	p.sk_net = s.field("sock", "__sk_common.skc_net.net");
	p.dst_dev = s.field("dst_entry", "dev");
	p.dev_net = s.field("net_device", "nd_net.net");
	p.cast = s.cast();
	lay.expression = {s.field("nft_expr_ops", "type"), s.field("nft_expr_type", "name")};

	// The probe has the address of the nft_chain inside of the nft_base_chain: offsets of base-chain members count
	// from the nft_chain.
	const nd_field chain = s.field("nft_base_chain", "chain");
	const nd_field policy = s.field("nft_base_chain", "policy");
	if (!chain.size || !policy.size)
		return unsupported("BTF", "no chain or policy in struct nft_base_chain", kBtfHelp);
	p.chain_in_base = chain.offset;
	p.base_policy = policy;
	p.base_policy.offset = static_cast<nd_u16>(policy.offset - chain.offset); // two's complement, see nd_layout

	p.pkt = block_of({p.pkt_skb, p.pkt_state});
	p.state = block_of({p.state_hook, p.state_pf, p.state_in, p.state_out, p.state_net});
	p.skb = skb_block(p);
	p.chain = block_of({p.chain_table, p.chain_handle, p.chain_name, p.chain_genmask});
	p.table = block_of({p.table_handle, p.table_family, p.table_name});

	lay.module = {s.field("module", "list"),
	              s.field("module", "name"),
	              s.field("module", "kallsyms"),
	              s.field("mod_kallsyms", "symtab"),
	              s.field("mod_kallsyms", "num_symtab"),
	              s.field("mod_kallsyms", "strtab"),
	              s.field("module", "jump_entries"),
	              s.field("module", "num_jump_entries")};
	lay.kprobe = {s.field("kprobe", "hlist"), s.field("kprobe", "addr"), s.field("kprobe", "opcode"),
	              s.field("kprobe", "flags"), s.field("optimized_kprobe", "optinsn.copied_insn")};
	r.rule_size = s.size(rule);
	r.regs_size = s.size("nft_regs");
	r.traceinfo_size = s.size("nft_traceinfo");
	r.chain_size = s.size("nft_chain");
	r.base_chain_size = s.size("nft_base_chain");
	r.pkt_size = s.size("nft_pktinfo");
	r.state_size = s.size("nf_hook_state");
	if (!s.too_far().empty()) return unsupported("BTF", s.too_far() + " lies further in than is understood");
	return lay;
}

} // namespace

Result<Layout> read_layout(const btf *types) {
	const Types all(types);
	return layout_of(Structures(all));
}

Result<std::vector<Layout>> propose_layouts(const btf *types) {
	const Types read(types);
	const Structures core(read);
	std::vector<Layout> all;
	auto told = layout_of(core);
	if (told) {
		all.push_back(*told);
		return all;
	}
	if (core.has("nft_chain")) return std::unexpected(told.error());
	for (const KnownTypes &known : known_types(types)) {
		const Types more(known.types.get());
		Structures both = core;
		both.add(more);
		auto layout = layout_of(both);
		if (!layout) return std::unexpected(layout.error());
		layout->known = known.number;
		all.push_back(*layout);
	}
	if (all.empty()) return std::unexpected(told.error());
	return all;
}

const char *name_of_known_layout(uint32_t known) {
	return name_of_known_types(known);
}

namespace {

// If the kernel's BTF has every structure.
std::optional<Layout> told_layout() {
	const auto types = read_running_types();
	if (!types) return std::nullopt;
	auto told = layout_of(Structures(types->module ? *types->module : *types->core));
	return told ? std::optional(*told) : std::nullopt;
}

} // namespace

Result<std::vector<Layout>> propose_running_layouts() {
	if (auto told = told_layout()) return std::vector{*told};
	// The error of the BTF look-up is the reason; the error of the known layouts names the missing structure.
	const BtfPtr core(btf__parse_raw("/sys/kernel/btf/vmlinux"));
	if (!core)
		return unsupported("/sys/kernel/btf/vmlinux", fmt::format("cannot read types: {}", strerror(errno)),
		                   kBtfHelp);
	// Without module types, nf_tables is built into the kernel, or BTF lacks nf_tables.
	if (access("/sys/kernel/btf/nf_tables", F_OK) != 0) return propose_layouts(core.get());
	const BtfPtr module(btf__parse_raw_split("/sys/kernel/btf/nf_tables", core.get()));
	if (!module) {
		return unsupported("/sys/kernel/btf/nf_tables", fmt::format("cannot read types: {}", strerror(errno)),
		                   kBtfHelp);
	}
	return propose_layouts(module.get());
}

} // namespace nft_drops::jit
