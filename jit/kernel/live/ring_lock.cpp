// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/ring_lock.h"

#include <bpf/btf.h>

#include <memory>
#include <string_view>
#include <sys/utsname.h>

namespace nft_drops::jit {
namespace {

const btf_type *without_typedefs(const btf *types, const btf_type *type) {
	while (type && (btf_is_typedef(type) || btf_is_mod(type)))
		type = btf__type_by_id(types, type->type);
	return type;
}

// The type of a structure's member; null if the structure has no such member.
const btf_type *member_type(const btf *types, const btf_type *structure, std::string_view name) {
	if (!structure || !btf_is_composite(structure)) return nullptr;
	for (uint32_t i = 0; i < btf_vlen(structure); i++) {
		const btf_member &member = btf_members(structure)[i];
		const char *text = btf__name_by_offset(types, member.name_off);
		if (text && text == name) return without_typedefs(types, btf__type_by_id(types, member.type));
	}
	return nullptr;
}

} // namespace

bool ring_lock_may_sleep(const btf *types) {
	const int32_t id = btf__find_by_name_kind(types, "bpf_ringbuf", BTF_KIND_STRUCT);
	if (id < 0) return false;
	const btf_type *lock = member_type(types, btf__type_by_id(types, static_cast<uint32_t>(id)), "spinlock");
	// struct spinlock has a struct rt_mutex_base, before 5.15 a struct rt_mutex, on PREEMPT_RT only.
	const btf_type *within = member_type(types, lock, "lock");
	const char *name = within ? btf__name_by_offset(types, within->name_off) : nullptr;
	return name && std::string_view(name).starts_with("rt_mutex");
}

Result<void> can_use_ring() {
	// Reading all types takes time, so only a PREEMPT_RT kernel's types are read.
	utsname name{};
	if (uname(&name) != 0 || !std::string_view(name.version).contains("PREEMPT_RT")) return {};
	const std::unique_ptr<btf, decltype(&btf__free)> types(btf__parse_raw("/sys/kernel/btf/vmlinux"), btf__free);
	if (!types || !ring_lock_may_sleep(types.get())) return {};
	return unsupported(
	        "ring buffer",
	        "on this real-time kernel its lock may sleep (struct bpf_ringbuf has a spinlock_t), which a probe "
	        "must not",
	        "use Linux 6.11.5 or later");
}

} // namespace nft_drops::jit
