// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/probe.h"

#include "jit/attach/forms.h"
#include "jit/explain/bpftrace.h"
#include "jit/explain/explain.h"
#include "jit/kernel/files/kernel.h"
#include "jit/start/start.h"
#include "nft-ext/sinks/output.h"

#include <fmt/format.h>

namespace nft_drops::cli {
namespace {

// What makes a layout that BTF does not tell the right one.
std::string proof_of(size_t layouts, bool proven_earlier) {
	if (proven_earlier) return "proven by the self-test of an earlier start";
	if (layouts == 1) return "the only known one that fits the code";
	return fmt::format("the likeliest of {} that fit the code: the self-test at the next start decides", layouts);
}

Result<std::string> explain_running_kernel() {
	jit::Start start({});
	if (auto done = start.run_to_plan(); !done) return std::unexpected(done.error());
	return jit::explain(start.plan(), start.kernel(), jit::probe_forms(start.plan(), start.kernel()),
	                    proof_of(start.layouts(), start.proven_earlier()));
}

Result<std::string> explain_kernel_files(const jit::KernelFiles &files) {
	auto kernel = jit::read_kernel_files(files);
	if (!kernel) return std::unexpected(kernel.error());
	auto candidates = jit::find_candidates(*kernel);
	if (!candidates) return std::unexpected(candidates.error());
	kernel->layout = candidates->front().layout;
	return jit::explain(candidates->front().plan, *kernel, {}, proof_of(jit::layouts_of(*candidates), false));
}

Result<void> print(Result<std::string> words) {
	if (!words) return std::unexpected(words.error());
	write_out(*words);
	return {};
}

} // namespace

Result<void> probe(const ProbeOptions &of) {
	if (of.vmlinux.empty()) return print(explain_running_kernel());
	return print(explain_kernel_files({.module = of.ko, .core = of.vmlinux}));
}

Result<void> bpftrace() {
	jit::Start start({});
	if (auto done = start.run_to_proven_plan(); !done) return done;
	return print(jit::bpftrace_script(start.plan(), start.kernel()));
}

} // namespace nft_drops::cli
