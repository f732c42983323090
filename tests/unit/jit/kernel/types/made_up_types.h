// SPDX-License-Identifier: GPL-2.0-only
// BTF made up for tests of what reads it.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_KERNEL_TYPES_MADE_UP_TYPES_H
#define NFT_DROPS_TESTS_UNIT_JIT_KERNEL_TYPES_MADE_UP_TYPES_H

#include "jit/kernel/types/btf_ptr.h"
#include "jit/kernel/types/layout.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nft_drops::jit_test {

enum class Type { kU8, kU16, kU32, kU64, kPointer, kName, kBytes };

struct Member {
	const char *structure;
	const char *name;
	Type type;
	int bits_at;  // from the start of the structure
	int bits = 0; // of a bit-field
	bool required = true;
};

// The members that the probe and the resolver need; every offset is another one.
inline const std::vector<Member> kMembers = {
        {"nft_rule_dp", "is_last", Type::kU64, 0, 1, false},
        {"nft_rule_dp", "dlen", Type::kU64, 1, 12},
        {"nft_rule_dp", "handle", Type::kU64, 13, 42},
        {"nft_rule_dp", "data", Type::kBytes, 64},
        {"nft_rule_blob", "size", Type::kU64, 0, 0, false},
        {"nft_rule_blob", "data", Type::kBytes, 64},
        {"nft_pktinfo", "skb", Type::kPointer, 64},
        {"nft_pktinfo", "state", Type::kPointer, 128},
        {"nf_hook_state", "hook", Type::kU8, 0},
        {"nf_hook_state", "pf", Type::kU8, 8},
        {"nf_hook_state", "in", Type::kPointer, 64},
        {"nf_hook_state", "out", Type::kPointer, 128},
        {"nf_hook_state", "net", Type::kPointer, 256},
        {"ns_common", "inum", Type::kU32, 128},
        {"netns_nft", "gencursor", Type::kU8, 40},
        {"net", "gen", Type::kPointer, 8 * 0x118, 0, false},
        {"nftables_pernet", "base_seq", Type::kU32, 8 * 0x90, 0, false},
        {"sk_buff", "len", Type::kU32, 8 * 112},
        {"sk_buff", "data_len", Type::kU32, 8 * 116},
        {"sk_buff", "head", Type::kPointer, 8 * 192},
        {"sk_buff", "data", Type::kPointer, 8 * 200},
        {"sk_buff", "dev", Type::kPointer, 8 * 16},
        {"skb_headers", "protocol", Type::kU16, 0},
        {"skb_headers", "network_header", Type::kU16, 32},
        {"skb_headers", "mac_header", Type::kU16, 48},
        {"skb_headers", "vlan_proto", Type::kU16, 64, 0, false},
        {"skb_headers", "vlan_tci", Type::kU16, 80, 0, false},
        {"skb_headers", "vlan_all", Type::kU32, 64, 0, false},
        {"sk_buff", "active_extensions", Type::kU8, 8 * 126, 0, false},
        {"sk_buff", "extensions", Type::kPointer, 8 * 216, 0, false},
        {"skb_ext", "offset", Type::kName, 32, 0, false},
        {"nf_bridge_info", "physinif", Type::kU32, 64, 0, false},
        {"nf_bridge_info", "physindev", Type::kPointer, 64, 0, false},
        {"nf_bridge_info", "physoutdev", Type::kPointer, 128, 0, false},
        {"net_device", "name", Type::kName, 0},
        {"net_device", "ifindex", Type::kU32, 8 * 224},
        {"net_device", "type", Type::kU16, 8 * 516},
        {"nft_chain", "blob_gen_0", Type::kPointer, 0},
        {"nft_chain", "blob_gen_1", Type::kPointer, 64},
        {"nft_chain", "table", Type::kPointer, 8 * 64},
        {"nft_chain", "handle", Type::kU64, 8 * 72},
        {"nft_chain", "genmask", Type::kU8, 8 * 84 + 6, 2, false},
        {"nft_chain", "name", Type::kPointer, 8 * 88},
        {"nft_table", "handle", Type::kU64, 8 * 144},
        {"nft_table", "family", Type::kU16, 8 * 156, 6},
        {"nft_table", "name", Type::kPointer, 8 * 168},
        {"nft_expr", "ops", Type::kPointer, 0},
        {"nft_expr_ops", "eval", Type::kPointer, 0},
        {"nft_expr_ops", "size", Type::kU32, 128},
        {"nft_verdict", "code", Type::kU32, 0},
        {"nft_verdict", "chain", Type::kPointer, 64},
};

using jit::BtfPtr;

class Maker {
public:
	// Without the member `but_for` ("structure.name").
	explicit Maker(std::string but_for = {}) : but_for_(std::move(but_for)), btf_(btf__new_empty()) {
		u8_ = btf__add_int(btf_.get(), "unsigned char", 1, 0);
		u16_ = btf__add_int(btf_.get(), "unsigned short", 2, 0);
		u32_ = btf__add_int(btf_.get(), "unsigned int", 4, 0);
		u64_ = btf__add_int(btf_.get(), "unsigned long long", 8, 0);
		pointer_ = btf__add_ptr(btf_.get(), 0);
		name_ = btf__add_array(btf_.get(), u32_, u8_, 16);
		bytes_ = btf__add_array(btf_.get(), u32_, u8_, 0);
	}

	BtfPtr make() {
		btf *b = btf_.get();
		if (!core_only) {
			plain("nft_rule_dp", 8);
			plain("nft_rule_blob", 8);
			plain("nft_pktinfo", 32);
			plain("nftables_pernet", 0x100);
			plain("nft_table", 256);
			plain("nft_expr", 8);
			plain("nft_expr_ops", 64);
		}
		plain("nf_hook_state", 48);
		plain("net_device", 2048);
		// A name declared only is no structure.
		btf__add_fwd(b, "nft_chain", BTF_FWD_STRUCT);
		const int chain = core_only ? 0 : plain("nft_chain", 136);
		// Members of members, by typedef and const.
		const int ns = plain("ns_common", 24);
		const int nft = plain("netns_nft", 8);
		const int nft_const = btf__add_const(b, btf__add_typedef(b, "netns_nft_t", nft));
		begin("net", 4096);
		btf__add_field(b, "ns", ns, 8 * 0x88, 0);
		btf__add_field(b, "nft", nft_const, 8 * nft_in_net, 0);
		fields("net");
		// An anonymous structure in an anonymous union.
		const int headers = plain("skb_headers", 32, true);
		btf__add_union(b, nullptr, 32);
		btf__add_field(b, nullptr, headers, 0, 0);
		const int either = static_cast<int>(btf__type_cnt(b)) - 1;
		if (bytes != 0) {
			const int array = btf__add_array(b, u32_, u8_, bytes);
			begin("linux_binprm", 160 + bytes);
			btf__add_field(b, "buf", array, 8 * 160, 0);
		}
		if (cast) {
			const int prototype = btf__add_func_proto(b, pointer_);
			btf__add_func(b, "bpf_rdonly_cast", BTF_FUNC_STATIC, prototype);
		}
		plain("skb_ext", 16);
		plain("nf_bridge_info", 40);
		btf__add_enum(b, "skb_ext_id", 4);
		for (int i = 0; i < static_cast<int>(extensions.size()); i++)
			btf__add_enum_value(b, extensions[static_cast<size_t>(i)], i);
		begin("sk_buff", 232);
		fields("sk_buff");
		btf__add_field(b, nullptr, either, 8 * 144, 0);
		for (const auto &[name, size] : embedded)
			plain(name, size);
		if (core_only) return std::move(btf_);
		return finish(chain, plain("nft_verdict", 16));
	}

	bool core_only = false; // nothing of nf_tables
	std::vector<std::pair<const char *, unsigned>> embedded;

	std::vector<const char *> extensions = {"SKB_EXT_SEC_PATH", "SKB_EXT_BRIDGE_NF"}; // of packets
	bool cast = false;    // the kernel has bpf_rdonly_cast()
	uint32_t bytes = 256; // in linux_binprm; 0: there is no such structure
	bool policy = true;   // nft_base_chain has one
	unsigned nft_in_net = 0x4a0;
	bool vlan_present = false; // sk_buff has the bit of 6.1 in place of vlan_all

private:
	BtfPtr finish(int chain, int verdict) {
		btf *b = btf_.get();
		btf__add_union(b, nullptr, 80);
		const int in_regs = static_cast<int>(btf__type_cnt(b)) - 1;
		btf__add_field(b, "data", bytes_, 0, 0);
		btf__add_field(b, "verdict", verdict, 0, 0);
		begin("nft_regs", 80);
		btf__add_field(b, nullptr, in_regs, 0, 0);
		begin("nft_base_chain", 304);
		if (policy) btf__add_field(b, "policy", u8_, 8 * 80, 0);
		btf__add_field(b, "chain", chain, 8 * 104, 0);
		return std::move(btf_);
	}

	void begin(const char *name, unsigned size) { btf__add_struct(btf_.get(), name, size); }

	int plain(const char *name, unsigned size, bool anonymous = false) {
		begin(anonymous ? nullptr : name, size);
		const int id = static_cast<int>(btf__type_cnt(btf_.get())) - 1;
		fields(name);
		if (vlan_present && anonymous) btf__add_field(btf_.get(), "vlan_present", u8_, 8 * 17 + 3, 1);
		return id;
	}

	void fields(std::string_view structure) {
		for (const Member &m : kMembers) {
			if (m.structure != structure || but_for_ == std::string(m.structure) + "." + m.name) continue;
			if (vlan_present && std::string_view(m.name) == "vlan_all") continue;
			btf__add_field(btf_.get(), m.name, id(m.type), static_cast<unsigned>(m.bits_at),
			               static_cast<unsigned>(m.bits));
		}
	}

	[[nodiscard]] int id(Type t) const {
		switch (t) {
		case Type::kU8:
			return u8_;
		case Type::kU16:
			return u16_;
		case Type::kU32:
			return u32_;
		case Type::kU64:
			return u64_;
		case Type::kPointer:
			return pointer_;
		case Type::kName:
			return name_;
		case Type::kBytes:
			return bytes_;
		}
		return 0;
	}

	std::string but_for_;
	BtfPtr btf_;
	int u8_, u16_, u32_, u64_, pointer_, name_, bytes_;
};

inline void expect_field(const nd_field &f, int offset, int size, int shift, int bits, const char *what) {
	EXPECT_EQ(static_cast<int16_t>(f.offset), offset) << what;
	EXPECT_EQ(f.size, size) << what;
	EXPECT_EQ(f.shift, shift) << what;
	EXPECT_EQ(f.bits, bits) << what;
}
#define EXPECT_FIELD(field, ...) expect_field(field, __VA_ARGS__, #field)

} // namespace nft_drops::jit_test

#endif
