// SPDX-License-Identifier: GPL-2.0-only
#include "bpftrace.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

// Programs' own types have numbers too.
bool kernel_types_have_numbers() {
	for (uint32_t id = 0; bpf_btf_get_next_id(id, &id) == 0;) {
		const int types = bpf_btf_get_fd_by_id(id);
		bpf_btf_info info{};
		uint32_t size = sizeof(info);
		const bool told = types >= 0 && bpf_obj_get_info_by_fd(types, &info, &size) == 0;
		close(types);
		if (told && info.kernel_btf) return true;
	}
	return false;
}

} // namespace

std::vector<std::string> bpftrace(std::vector<std::string> arguments) {
	arguments.insert(arguments.begin(), "bpftrace");
	if (!kernel_types_have_numbers())
		arguments.insert(arguments.begin(), {"env", "BPFTRACE_BTF=/sys/kernel/btf/vmlinux"});
	return arguments;
}

} // namespace nft_drops::guest
