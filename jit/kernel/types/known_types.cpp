// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/types/known_types.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace nft_drops::jit {
namespace {

struct Member {
	const char *type; // "u8" to "u64", "u64[8]", "pointer", "data" (of no size, aligned as u64), or a structure
	const char *name;
	uint32_t bits = 0; // of a bit-field
};

struct Structure {
	const char *name;
	std::vector<Member> members;
};

// The differences between kernels since 5.10 that move a member of the layout.
struct Variant {
	const char *name;
	bool blobs;            // rules stand in blobs; else every rule is an allocation of its own
	bool xtables_argument; // struct nft_pktinfo embeds a struct xt_action_param, which holds the hook's state
	bool table_owner;      // struct nft_table has a netlink port in front of its name
	bool small_traceinfo;
};
constexpr Variant kVariants[] = {
        {"arrays of rules, as Linux 5.10 has them", false, true, false, false},
        {"arrays of rules and owned tables, as Linux 5.12 has them", false, true, true, false},
        {"arrays of rules and a short packet description, as Linux 5.14 has them", false, false, true, false},
        {"blobs of rules, as Linux 5.17 has them", true, false, true, false},
        {"blobs of rules and a short trace description, as Linux 6.4 has them", true, false, true, true},
};

Structure packet(const Variant &v) {
	if (!v.xtables_argument) {
		return {"nft_pktinfo",
		        {{"pointer", "skb"},
		         {"pointer", "state"},
		         {"u8", "flags"},
		         {"u8", "tprot"},
		         {"u16", "fragoff"},
		         {"u32", "thoff"},
		         {"u32", "inneroff"}}};
	}
	return {"nft_pktinfo",
	        {{"pointer", "skb"},
	         {"u8", "tprot_set"},
	         {"u8", "tprot"},
	         // struct xt_action_param
	         {"pointer", "match"},
	         {"pointer", "matchinfo"},
	         {"pointer", "state"},
	         {"u32", "fragoff"},
	         {"u32", "thoff"},
	         {"u8", "hotdrop"}}};
}

Structure rule(const Variant &v) {
	if (v.blobs)
		return {"nft_rule_dp",
		        {{"u64", "is_last", 1}, {"u64", "dlen", 12}, {"u64", "handle", 42}, {"data", "data"}}};
	return {"nft_rule",
	        {{"list_head", "list"},
	         {"u64", "handle", 42},
	         {"u64", "genmask", 2},
	         {"u64", "dlen", 12},
	         {"u64", "udata", 1},
	         {"data", "data"}}};
}

Structure table(const Variant &v) {
	Structure s{"nft_table",
	            {{"list_head", "list"},
	             {"rhltable", "chains_ht"},
	             {"list_head", "chains"},
	             {"list_head", "sets"},
	             {"list_head", "objects"},
	             {"list_head", "flowtables"},
	             {"u64", "hgenerator"},
	             {"u64", "handle"},
	             {"u32", "use"},
	             {"u16", "family", 6},
	             {"u16", "flags", 8},
	             {"u16", "genmask", 2}}};
	if (v.table_owner) s.members.push_back({"u32", "nlpid"});
	s.members.push_back({"pointer", "name"});
	return s;
}

Structure traceinfo(const Variant &v) {
	if (v.small_traceinfo) return {"nft_traceinfo", {{"u32", "trace"}, {"u32", "skbid"}, {"pointer", "basechain"}}};
	return {"nft_traceinfo",
	        {{"pointer", "pkt"},
	         {"pointer", "basechain"},
	         {"pointer", "chain"},
	         {"pointer", "rule"},
	         {"pointer", "verdict"},
	         {"u64", "flags"}}};
}

// Every structure stands behind the structures that it embeds.
std::vector<Structure> structures(const Variant &v) {
	return {
	        packet(v),
	        rule(v),
	        table(v),
	        traceinfo(v),
	        {"nft_rule_blob", {{"u64", "size"}, {"data", "data"}}},
	        {"nft_expr", {{"pointer", "ops"}, {"data", "data"}}},
	        {"nft_expr_ops", {{"pointer", "eval"}, {"pointer", "clone"}, {"u32", "size"}}},
	        {"nft_verdict", {{"u32", "code"}, {"pointer", "chain"}}},
	        {"nft_regs", {{"nft_verdict", "verdict"}, {"u64[8]", "data"}}},
	        {"nft_chain",
	         {{"pointer", v.blobs ? "blob_gen_0" : "rules_gen_0"},
	          {"pointer", v.blobs ? "blob_gen_1" : "rules_gen_1"},
	          {"list_head", "rules"},
	          {"list_head", "list"},
	          {"rhlist_head", "rhlhead"},
	          {"pointer", "table"},
	          {"u64", "handle"},
	          {"u32", "use"},
	          {"u8", "flags", 5},
	          {"u8", "bound", 1},
	          {"u8", "genmask", 2},
	          {"pointer", "name"},
	          {"u16", "udlen"},
	          {"pointer", "udata"},
	          {"pointer", "rules_next"}}},
	        {"nft_base_chain",
	         {{"nf_hook_ops", "ops"},
	          {"list_head", "hook_list"},
	          {"pointer", "type"},
	          {"u8", "policy"},
	          {"u8", "flags"},
	          {"pointer", "stats"},
	          {"nft_chain", "chain"},
	          {"list_head", "flow_block"}}},
	};
}

constexpr const char *kEmbedded[] = {"list_head", "rhltable", "rhlist_head", "nf_hook_ops"};

uint32_t round_up(uint32_t n, uint32_t to) {
	return (n + to - 1) / to * to;
}

// Writes BTF of structures whose members are laid out by C's rules.
class Maker {
public:
	Maker() : types_(btf__new_empty()) {
		if (!types_) return;
		btf *b = types_.get();
		known_["u8"] = btf__add_int(b, "unsigned char", 1, 0);
		known_["u16"] = btf__add_int(b, "unsigned short", 2, 0);
		known_["u32"] = btf__add_int(b, "unsigned int", 4, 0);
		known_["u64"] = btf__add_int(b, "unsigned long long", 8, 0);
		known_["pointer"] = btf__add_ptr(b, 0);
		words("data", 0);
		words("u64[8]", 8);
	}

	// A structure whose size is known and whose members are not.
	void words(const char *name, uint32_t count) {
		known_[name] = btf__add_array(types_.get(), known_["u32"], known_["u64"], count);
	}

	void structure(const Structure &s) {
		uint32_t bits = 0;
		uint32_t align = 1;
		std::vector<uint32_t> places;
		for (const Member &m : s.members) {
			const uint32_t unit = 8 * size_of(m.type);
			const uint32_t aligned = 8 * align_of(m.type);
			align = std::max(align, aligned);
			// A bit-field stays within one unit of its type.
			if (!m.bits)
				bits = round_up(bits, aligned);
			else if (bits / unit != (bits + m.bits - 1) / unit)
				bits = round_up(bits, unit);
			places.push_back(bits);
			bits += m.bits ? m.bits : unit;
		}
		known_[s.name] = btf__add_struct(types_.get(), s.name, round_up(bits, align) / 8);
		for (size_t i = 0; i < places.size(); i++) {
			const Member &m = s.members[i];
			btf__add_field(types_.get(), m.name, known_[m.type], places[i], m.bits);
		}
	}

	BtfPtr take() { return std::move(types_); }

private:
	[[nodiscard]] uint32_t size_of(const char *type) {
		const int64_t size = btf__resolve_size(types_.get(), static_cast<uint32_t>(known_[type]));
		return size > 0 ? static_cast<uint32_t>(size) : 0;
	}
	[[nodiscard]] uint32_t align_of(const char *type) {
		const int align = btf__align_of(types_.get(), static_cast<uint32_t>(known_[type]));
		return align > 0 ? static_cast<uint32_t>(align) : 1;
	}

	BtfPtr types_;
	std::unordered_map<std::string_view, int> known_; // type numbers by name
};

} // namespace

std::vector<KnownTypes> known_types(const btf *core) {
	constexpr uint32_t kWord = 8;
	std::vector<std::pair<const char *, uint32_t>> embedded; // name, and size in words
	for (const char *name : kEmbedded) {
		const int id = btf__find_by_name_kind(core, name, BTF_KIND_STRUCT);
		if (id <= 0) return {};
		embedded.emplace_back(name, btf__type_by_id(core, static_cast<uint32_t>(id))->size / kWord);
	}
	std::vector<KnownTypes> all;
	for (const Variant &v : kVariants) {
		Maker maker;
		for (auto [name, count] : embedded)
			maker.words(name, count);
		for (const Structure &s : structures(v))
			maker.structure(s);
		all.push_back({static_cast<uint32_t>(all.size() + 1), maker.take()});
	}
	return all;
}

const char *name_of_known_types(uint32_t number) {
	return number >= 1 && number <= std::size(kVariants) ? kVariants[number - 1].name : "unknown";
}

} // namespace nft_drops::jit
