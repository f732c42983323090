// SPDX-License-Identifier: GPL-2.0-only
// Calls of the kernel's own functions in what compile_probe() makes.
#include "bpf/objects.h"
#include "jit/compile/compile.h"
#include "probe_world.h"

#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

namespace nft_drops::jit_test {
namespace {

struct Calls {
	size_t helpers = 0;
	size_t kernel = 0; // of layout.cast.function
	size_t other = 0;
};

// In a site's program whose facts are all on the stack.
Calls calls_of(const nd_layout &layout) {
	const nd_site site = site_on_stack();
	Calls calls;
	const auto object = jit::compile_probe(layout, std::span(&site, 1), {}, bpf::probe_bitcode(layout, {}));
	EXPECT_TRUE(object.has_value()) << object.error().message();
	if (!object) return calls;
	bpf_object *opened = bpf_object__open_mem(object->data(), object->size(), nullptr);
	EXPECT_NE(opened, nullptr);
	if (!opened) return calls;
	const bpf_program *program = bpf_object__find_program_by_name(opened, "nd_sites_0");
	for (const bpf_insn &i : std::span(bpf_program__insns(program), bpf_program__insn_cnt(program))) {
		if (i.code != (BPF_JMP | BPF_CALL) || i.src_reg == BPF_PSEUDO_CALL) continue;
		if (i.src_reg == 0 && i.imm > 0 && i.imm < 1000)
			calls.helpers++;
		else if (i.src_reg == BPF_PSEUDO_KFUNC_CALL && i.imm == static_cast<int>(layout.cast.function))
			calls.kernel++;
		else
			calls.other++;
	}
	bpf_object__close(opened);
	return calls;
}

TEST(KernelCalls, TakeTheHelpersPlace) {
	nd_layout layout = made_up_layout(Reads::kLoads);
	const Calls with = calls_of(layout);
	layout.cast = {};
	const Calls without = calls_of(layout);
	EXPECT_GE(with.kernel, 4U);
	EXPECT_EQ(with.other, 0U);
	EXPECT_EQ(without.kernel, 0U);
	EXPECT_EQ(without.other, 0U);
	EXPECT_EQ(without.helpers, with.helpers + with.kernel);
}

} // namespace
} // namespace nft_drops::jit_test
