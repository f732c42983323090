// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/types/structures.h"

#include <fmt/format.h>

namespace nft_drops::jit {
namespace {

// nd_cast: the function, and a structure of the core kernel with a long array of bytes, `buf`.
constexpr std::string_view kCast = "bpf_rdonly_cast";
constexpr const char *kBytes = "linux_binprm";
constexpr std::string_view kExtensions = "skb_ext_id";

// BTF of a file may be damaged or hostile: names without text, types that refer to themselves.
const btf_type *skip_modifiers(const Types &types, uint32_t id) {
	constexpr int kMost = 32;
	const btf_type *t = types.type(id);
	for (int i = 0; t && (btf_is_mod(t) || btf_is_typedef(t)); i++)
		t = i < kMost ? types.type(t->type) : nullptr;
	return t;
}

struct Member {
	uint32_t bit_offset;
	uint32_t bit_size; // 0 unless a bit-field
	uint32_t type;
};

// Looks into anonymous structures and unions, too, as C does. A bound limits the number of structures.
std::optional<Member> find_member(const Types &types, const btf_type *in, std::string_view name, uint32_t base_bits,
                                  int &structures) {
	if (!in || !btf_is_composite(in) || structures-- <= 0) return std::nullopt;
	const btf_member *m = btf_members(in);
	for (uint32_t i = 0; i < btf_vlen(in); i++) {
		const std::string_view text = types.name(m[i].name_off);
		const uint32_t offset = base_bits + btf_member_bit_offset(in, i);
		if (name == text) return Member{offset, btf_member_bitfield_size(in, i), m[i].type};
		if (text.empty()) {
			const btf_type *inner = skip_modifiers(types, m[i].type);
			if (auto found = find_member(types, inner, name, offset, structures)) return found;
		}
	}
	return std::nullopt;
}

nd_field to_field(const Types &types, const Member &m) {
	nd_field f{};
	if (m.bit_size) {
		// The smallest aligned power of two bytes that holds all bits.
		uint32_t unit = 8;
		while (unit < 64 && m.bit_offset / unit != (m.bit_offset + m.bit_size - 1) / unit)
			unit *= 2;
		if (m.bit_offset % unit + m.bit_size > unit) return {};
		f.offset = static_cast<nd_u16>(m.bit_offset / unit * (unit / 8));
		f.size = static_cast<nd_u8>(unit / 8);
		f.shift = static_cast<nd_u8>(m.bit_offset % unit);
		f.bits = static_cast<nd_u8>(m.bit_size);
		return f;
	}
	const btf_type *t = skip_modifiers(types, m.type);
	f.offset = static_cast<nd_u16>(m.bit_offset / 8);
	if (!t) return {};
	if (btf_is_ptr(t)) {
		f.size = 8;
	} else if (btf_is_array(t) || btf_is_composite(t)) {
		f.size = 1; // only the offset is used
	} else {
		const bool loadable = t->size == 1 || t->size == 2 || t->size == 4 || t->size == 8;
		f.size = static_cast<nd_u8>(loadable ? t->size : 0);
	}
	return f;
}

constexpr const char *kWanted[] = {
        "nft_rule",
        "nft_rule_dp",
        "nft_rule_dp_last",
        "nft_rule_blob",
        "nft_pktinfo",
        "nf_hook_state",
        "net",
        "nftables_pernet",
        "sk_buff",
        "sock",
        "dst_entry",
        "net_device",
        "nft_base_chain",
        "nft_chain",
        "nft_table",
        "nft_expr",
        "nft_expr_ops",
        "nft_expr_type",
        "nft_regs",
        "nft_traceinfo",
        "module",
        "mod_kallsyms",
        "kprobe",
        "optimized_kprobe",
        "mutex",
        "task_struct",
        "nsproxy",
        "net_generic",
        "skb_ext",
        "nf_bridge_info",
        "skb_shared_info",
        "skb_frag",
        "bio_vec",
        "page",
        "cgroup",
        "kernfs_node",
        "nf_conn",
        "socket",
        "file",
        "inode",
        kBytes,
};

} // namespace

Structures::Structures(const Types &types) {
	for (const char *name : kWanted)
		wanted_.try_emplace(name);
	add(types);
}

void Structures::add(const Types &types) {
	types.each([&](uint32_t id, const btf_type &t) {
		if (btf_is_func(&t) && types.has_name(t.name_off, kCast)) cast_ = id;
		if (btf_is_enum(&t) && types.has_name(t.name_off, kExtensions)) extensions_ = {&types, &t, id};
		if (!btf_is_struct(&t) || !t.name_off) return;
		auto slot = wanted_.find(types.name(t.name_off));
		if (slot != wanted_.end() && !slot->second.type) slot->second = {&types, &t, id};
	});
}

nd_cast Structures::cast() const {
	const auto [types, in, id] = find(kBytes);
	int structures = 1;
	const auto bytes = cast_ && types ? find_member(*types, in, "buf", 0, structures) : std::nullopt;
	const btf_type *array = bytes ? skip_modifiers(*types, bytes->type) : nullptr;
	if (!array || !btf_is_array(array)) return {};
	const btf_type *element = skip_modifiers(*types, btf_array(array)->type);
	const uint32_t size = btf_array(array)->nelems;
	const uint32_t offset = bytes->bit_offset / 8;
	if (!element || !btf_is_int(element) || element->size != 1 || size < ND_SKB_BLOCK_BYTES ||
	    offset + size > INT16_MAX)
		return {};
	return {cast_, id, static_cast<nd_u16>(offset), static_cast<nd_u16>(size)};
}

std::optional<uint32_t> Structures::extension(std::string_view name) const {
	if (!extensions_.type) return std::nullopt;
	for (uint32_t i = 0; i < btf_vlen(extensions_.type); i++) {
		const auto &[text, value] = btf_enum(extensions_.type)[i];
		if (extensions_.types->name(text) == name) return static_cast<uint32_t>(value);
	}
	return std::nullopt;
}

nd_field Structures::field(std::string_view structure, std::string_view path) const {
	auto [types, in, id] = find(structure);
	const std::string_view whole = path;
	uint32_t bits = 0;
	while (in) {
		const size_t dot = path.find('.');
		int structures = 1000;
		auto m = find_member(*types, in, path.substr(0, dot), bits, structures);
		if (!m) return {};
		if (dot == std::string_view::npos) {
			if (m->bit_offset / 8 > INT16_MAX && too_far_.empty())
				too_far_ = fmt::format("member {} in struct {}", whole, structure);
			return to_field(*types, *m);
		}
		bits = m->bit_offset;
		in = skip_modifiers(*types, m->type);
		path.remove_prefix(dot + 1);
	}
	return {};
}

uint32_t Structures::size(std::string_view structure) const {
	constexpr uint32_t kLargest = 64 * 1024; // of a structure in made-up memory
	const btf_type *t = find(structure).type;
	if (t && t->size > kLargest && too_far_.empty()) too_far_ = fmt::format("the end of struct {}", structure);
	return t ? t->size : 0;
}

Structures::Found Structures::find(std::string_view name) const {
	auto slot = wanted_.find(name);
	return slot == wanted_.end() ? Found{} : slot->second;
}

} // namespace nft_drops::jit
