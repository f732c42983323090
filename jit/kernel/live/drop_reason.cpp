// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/drop_reason.h"

#include <bpf/btf.h>

#include <memory>
#include <optional>
#include <string_view>

namespace nft_drops::jit {
namespace {

// typedef btf_trace_NAME has the parameters of a tracepoint's programs, behind a `void *`: here packet, place, reason.
bool tells_reasons(const btf *types) {
	constexpr size_t kReason = 3;
	const int32_t id = btf__find_by_name_kind(types, "btf_trace_kfree_skb", BTF_KIND_TYPEDEF);
	const btf_type *type = id < 0 ? nullptr : btf__type_by_id(types, static_cast<uint32_t>(id));
	while (type && (btf_is_typedef(type) || btf_is_mod(type) || btf_is_ptr(type)))
		type = btf__type_by_id(types, type->type);
	return type && btf_is_func_proto(type) && btf_vlen(type) > kReason;
}

std::optional<uint32_t> value_of(const btf *types, const char *name) {
	const int32_t id = btf__find_by_name_kind(types, "skb_drop_reason", BTF_KIND_ENUM);
	const btf_type *reasons = id < 0 ? nullptr : btf__type_by_id(types, static_cast<uint32_t>(id));
	for (uint32_t i = 0; reasons && i < btf_vlen(reasons); i++) {
		const struct btf_enum &reason = btf_enum(reasons)[i];
		const char *text = btf__name_by_offset(types, reason.name_off);
		if (text && std::string_view(text) == name) return static_cast<uint32_t>(reason.val);
	}
	return std::nullopt;
}

} // namespace

Result<uint32_t> netfilter_drop_reason() {
	const std::unique_ptr<btf, decltype(&btf__free)> types(btf__parse_raw("/sys/kernel/btf/vmlinux"), btf__free);
	if (types && tells_reasons(types.get())) {
		if (const auto value = value_of(types.get(), "SKB_DROP_REASON_NETFILTER_DROP"); value && *value)
			return *value;
	}
	return unsupported("tracepoint kfree_skb", "this kernel does not tell why it frees a packet",
	                   "leave --audit out: drops by nf_tables are seen all the same");
}

} // namespace nft_drops::jit
