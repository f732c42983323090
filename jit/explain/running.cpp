// SPDX-License-Identifier: GPL-2.0-only
#include "jit/explain/running.h"

#include "jit/attach/forms.h"
#include "jit/explain/bpftrace.h"
#include "jit/explain/explain.h"
#include "jit/kernel/live/running_kernel.h"
#include "jit/start/candidates.h"
#include "jit/start/proven_plan.h"
#include "jit/start/session.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>

namespace nft_drops::jit {
namespace {

Result<std::string> explained(Result<Kernel> kernel) {
	if (!kernel) return std::unexpected(kernel.error());
	const bool proven = kernel->running && load_proven(*kernel);
	if (proven) kernel->others.clear();
	auto candidates = find_candidates(*kernel);
	if (!candidates) return std::unexpected(candidates.error());
	kernel->layout = candidates->front().layout;
	std::string proof = "the only known one that fits the code";
	if (proven)
		proof = "proven by the self-test of an earlier start";
	else if (candidates->size() > 1)
		proof = fmt::format("the likeliest of {} that fit the code: the self-test at the next start decides",
		                    candidates->size());
	const Plan &plan = candidates->front().plan;
	return explain(plan, *kernel, kernel->running ? probe_forms(plan, *kernel) : ProbeForms{}, proof);
}

} // namespace

Result<std::string> explain_running_kernel() {
	libbpf_set_print(nullptr); // errors are reported once, by the caller
	return explained(read_running_kernel());
}

Result<std::string> bpftrace_for_running_kernel() {
	auto proven = plan_of_running_kernel();
	if (!proven) return std::unexpected(proven.error());
	return bpftrace_script(proven->plan, proven->kernel);
}

Result<std::string> explain_kernel_files(const KernelFiles &files) {
	libbpf_set_print(nullptr); // errors are reported once, by the caller
	return explained(read_kernel_files(files));
}

} // namespace nft_drops::jit
