// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/types/types.h"

#include <cstring>
#include <utility>

namespace nft_drops::jit {
namespace {

// BTF_KIND_ENUM64 of <linux/btf.h>, which older headers lack.
constexpr uint32_t kEnum64 = 19;

// The size of one type with its members. 0 for an unknown kind.
size_t size_of(const btf_type &type) {
	const size_t n = btf_vlen(&type);
	switch (btf_kind(&type)) {
	case BTF_KIND_FWD:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return sizeof(btf_type);
	case BTF_KIND_INT:
		return sizeof(btf_type) + sizeof(uint32_t);
	case BTF_KIND_ENUM:
		return sizeof(btf_type) + n * sizeof(struct btf_enum);
	case kEnum64:
		return sizeof(btf_type) + n * 3 * sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return sizeof(btf_type) + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return sizeof(btf_type) + n * sizeof(btf_member);
	case BTF_KIND_FUNC_PROTO:
		return sizeof(btf_type) + n * sizeof(btf_param);
	case BTF_KIND_VAR:
		return sizeof(btf_type) + sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return sizeof(btf_type) + n * sizeof(btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return sizeof(btf_type) + sizeof(struct btf_decl_tag);
	default:
		return 0;
	}
}

} // namespace

std::optional<Types> Types::of(RawBytes raw, const Types *base) {
	btf_header header{};
	if (raw.size < sizeof(header) || raw.size > UINT32_MAX) return std::nullopt;
	memcpy(&header, raw.bytes.get(), sizeof(header));
	if (header.magic != BTF_MAGIC || header.version != BTF_VERSION || header.hdr_len < sizeof(header))
		return std::nullopt;
	const size_t types = size_t{header.hdr_len} + header.type_off;
	const size_t names = size_t{header.hdr_len} + header.str_off;
	// The types are not copied.
	if (types % alignof(btf_type) != 0 || types + header.type_len > raw.size) return std::nullopt;
	if (names + header.str_len > raw.size) return std::nullopt;
	if (header.str_len > 0 && raw.bytes[names + header.str_len - 1] != '\0') return std::nullopt;
	Types all;
	all.base_ = base;
	all.raw_ = std::move(raw);
	all.first_ = base ? base->count_ : 1;
	all.names_ = names;
	all.names_begin_ = base ? base->names_end_ : 0;
	if (UINT32_MAX - all.names_begin_ < header.str_len) return std::nullopt;
	all.names_end_ = all.names_begin_ + header.str_len;
	if (!all.index(types, types + header.type_len)) return std::nullopt;
	all.count_ = all.first_ + static_cast<uint32_t>(all.offsets_.size());
	return all;
}

bool Types::index(size_t begin, size_t end) {
	// A type has 24 bytes on average. The system gives no memory for untouched pages of the table.
	offsets_.reserve((end - begin) / sizeof(btf_type));
	for (size_t at = begin; at < end;) {
		if (end - at < sizeof(btf_type)) return false;
		const size_t size = size_of(*reinterpret_cast<const btf_type *>(&raw_.bytes[at]));
		if (size == 0 || size > end - at) return false;
		offsets_.push_back(static_cast<uint32_t>(at));
		at += size;
	}
	return true;
}

std::string_view Types::name(uint32_t offset) const {
	if (libbpf_) {
		const char *text = btf__name_by_offset(libbpf_, offset);
		return text ? text : "";
	}
	if (offset < names_begin_) return base_ ? base_->name(offset) : "";
	return offset < names_end_ ? &raw_.bytes[names_ + (offset - names_begin_)] : "";
}

bool Types::has_name(uint32_t offset, std::string_view text) const {
	if (libbpf_) return name(offset) == text;
	if (offset < names_begin_) return base_ && base_->has_name(offset, text);
	// A name ends within the names: see of().
	if (offset >= names_end_ || names_end_ - offset <= text.size()) return false;
	const char *at = &raw_.bytes[names_ + (offset - names_begin_)];
	return memcmp(at, text.data(), text.size()) == 0 && at[text.size()] == '\0';
}

} // namespace nft_drops::jit
