// SPDX-License-Identifier: GPL-2.0-only
#include "jit/session.h"

#include "jit/cache/proven_plan.h"
#include "jit/compile/compile.h"
#include "jit/selftest/selftest.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>

namespace nft_drops::jit {
namespace {

class Stopwatch {
public:
	std::chrono::microseconds lap() {
		const auto now = std::chrono::steady_clock::now();
		const auto d = std::chrono::duration_cast<std::chrono::microseconds>(now - last_);
		last_ = now;
		return d;
	}

private:
	std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// From the kernel's code to a probe for it. Nothing of it is proven yet.
Result<ProvenPlan> make(const Kernel &kernel, Timings &timings) {
	Stopwatch watch;
	auto plan = resolve(kernel.image, kernel.layout);
	if (!plan) return std::unexpected(plan.error());
	timings.resolve = watch.lap();
	auto object = compile_probe(kernel.layout.probe, constants_of(*plan));
	if (!object) return std::unexpected(object.error());
	timings.compile = watch.lap();
	return ProvenPlan{std::move(*plan), std::move(*object)};
}

Result<std::string> explained(const Result<Kernel> &kernel) {
	if (!kernel) return std::unexpected(kernel.error());
	auto plan = resolve(kernel->image, kernel->layout);
	if (!plan) return std::unexpected(plan.error());
	return explain(*plan, *kernel);
}

// Errors are reported once, by us, in one line.
void silence_libbpf() {
	libbpf_set_print(nullptr);
}

} // namespace

Result<Session> Session::start(const SessionOptions &options) {
	silence_libbpf();
	Session s;
	Stopwatch watch;
	auto test = SelfTest::start(); // its namespace is made meanwhile
	if (!test) return std::unexpected(test.error());
	auto kernel = read_running_kernel();
	if (!kernel) return std::unexpected(kernel.error());
	s.kernel = std::move(*kernel);
	s.timings.kernel = watch.lap();

	const PlanCache cache(s.kernel);
	auto kept = cache.load();
	auto made = kept ? Result<ProvenPlan>(std::move(*kept)) : make(s.kernel, s.timings);
	if (!made) return std::unexpected(made.error());

	auto ground = test->netns();
	if (!ground) return std::unexpected(ground.error());
	watch.lap();
	auto probe = Probe::attach(made->object, made->plan, {.netns = *ground, .ring_bytes = options.ring_bytes});
	if (!probe) return std::unexpected(probe.error());
	s.timings.attach = watch.lap();
	if (auto proven = test->run(**probe); !proven) return std::unexpected(proven.error());
	s.timings.selftest = watch.lap();
	if (!kept) cache.store(*made);
	if (auto watching = (*probe)->watch(options.netns); !watching) return std::unexpected(watching.error());
	s.plan = std::move(made->plan);
	s.probe = std::move(*probe);
	return s;
}

Result<std::string> explain_running_kernel() {
	silence_libbpf();
	return explained(read_running_kernel());
}

Result<std::string> explain_kernel_files(const KernelFiles &files) {
	silence_libbpf();
	return explained(read_kernel_files(files));
}

} // namespace nft_drops::jit
