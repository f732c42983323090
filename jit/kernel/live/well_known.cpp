// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/well_known.h"

#include "bpf/objects.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <memory>

namespace nft_drops::jit {
namespace {

struct ObjectClose {
	void operator()(bpf_object *o) const { bpf_object__close(o); }
};

} // namespace

std::optional<nd_well_known> find_well_known() {
	auto elf = bpf::finder_object();
	const std::unique_ptr<bpf_object, ObjectClose> object(bpf_object__open_mem(elf.data(), elf.size(), nullptr));
	if (!object || bpf_object__load(object.get()) != 0) return std::nullopt;
	const int program = bpf_program__fd(bpf_object__find_program_by_name(object.get(), "nd_find"));
	const int map = bpf_object__find_map_fd_by_name(object.get(), "nd_found");
	LIBBPF_OPTS(bpf_test_run_opts, run);
	const uint32_t zero = 0;
	nd_well_known found{};
	if (bpf_prog_test_run_opts(program, &run) != 0 || run.retval != 0) return std::nullopt;
	if (bpf_map_lookup_elem(map, &zero, &found) != 0 || found.modules == 0) return std::nullopt;
	return found;
}

} // namespace nft_drops::jit
