// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/files/types.h"

#include "jit/kernel/types/btf_ptr.h"

#include <bpf/btf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace nft_drops::jit::offline {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr const char *kTypesHelp = "a kernel with CONFIG_DEBUG_INFO_BTF is needed";

// libbpf 1.1 reads split BTF from a file only.
BtfPtr parse_split(Bytes bytes, btf *base) {
	const int fd = memfd_create("BTF", MFD_CLOEXEC);
	if (fd < 0) return nullptr;
	BtfPtr types;
	if (write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()))
		types.reset(btf__parse_raw_split(fmt::format("/proc/self/fd/{}", fd).c_str(), base));
	close(fd);
	return types;
}

std::string_view name_of(const btf *types, const btf_type *t) {
	const char *name = btf__name_by_offset(types, t->name_off);
	return name ? name : "";
}

// A module's type numbers continue the kernel's: with the BTF of another kernel the numbers name other types.
bool belong_together(const btf *types) {
	const int32_t pktinfo = btf__find_by_name_kind(types, "nft_pktinfo", BTF_KIND_STRUCT);
	const btf_type *t = pktinfo > 0 ? btf__type_by_id(types, static_cast<uint32_t>(pktinfo)) : nullptr;
	if (!t) return true; // read_layout() names the missing type
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const btf_member &m = btf_members(t)[i];
		const char *name = btf__name_by_offset(types, m.name_off);
		if (!name || std::string_view(name) != "skb") continue;
		const btf_type *pointer = btf__type_by_id(types, m.type);
		const btf_type *to = pointer && btf_is_ptr(pointer) ? btf__type_by_id(types, pointer->type) : nullptr;
		return to && btf_is_struct(to) && name_of(types, to) == "sk_buff";
	}
	return false;
}

} // namespace

std::span<const uint8_t> find_btf(Bytes image) {
	constexpr size_t kAligned = 4;
	constexpr uint64_t kLeastTypes = 100'000; // bytes: every kernel's BTF has some megabytes
	for (size_t at = 0; at + sizeof(btf_header) <= image.size(); at += kAligned) {
		btf_header h;
		memcpy(&h, image.data() + at, sizeof(h));
		if (h.magic != BTF_MAGIC || h.version != BTF_VERSION || h.hdr_len != sizeof(h)) continue;
		const uint64_t end =
		        h.hdr_len + std::max(uint64_t{h.type_off} + h.type_len, uint64_t{h.str_off} + h.str_len);
		if (h.type_len < kLeastTypes || end > image.size() - at) continue;
		const Bytes found = image.subspan(at, end);
		const BtfPtr types(btf__new(found.data(), static_cast<uint32_t>(found.size())));
		if (types) return found;
	}
	return {};
}

Result<std::vector<Layout>> layouts_of(Bytes core, Bytes module, const std::string &core_path,
                                       const std::string &module_path) {
	if (core.empty()) return unsupported(core_path, "it holds no types (BTF)", kTypesHelp);
	const BtfPtr core_types(btf__new(core.data(), static_cast<uint32_t>(core.size())));
	if (!core_types) return usage_error(core_path, "its types (BTF) are damaged", "fetch the file again");
	if (module.empty()) return propose_layouts(core_types.get());
	const BtfPtr types = parse_split(module, core_types.get());
	if (!types || !belong_together(types.get()))
		return usage_error(module_path, "its types (BTF) are damaged, or not made for " + core_path,
		                   "give the module and the kernel of one package");
	return propose_layouts(types.get());
}

} // namespace nft_drops::jit::offline
