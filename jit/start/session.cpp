// SPDX-License-Identifier: GPL-2.0-only
#include "jit/start/session.h"

#include "jit/kernel/live/drop_reason.h"
#include "jit/kernel/live/ring_lock.h"
#include "jit/kernel/live/running_kernel.h"
#include "jit/selftest/selftest.h"
#include "jit/start/candidates.h"
#include "jit/start/kept_objects.h"
#include "jit/start/proven_plan.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

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

Result<void> can_tell_path(const Plan &plan) {
	for (const PlannedSite &site : plan.sites) {
		if (std::ranges::count(site.causes, ND_CAUSE_RULE) && !site.site.stack.depth.where)
			return cannot("--path", fmt::format("no place is known for the jump stack at {}", site.place),
			              "leave it out: all else works");
	}
	return {};
}

// An attached probe that passed the self-test.
Result<std::unique_ptr<Probe>> attach(const Candidate &candidate, const nd_settings &settings, const Filter &filter,
                                      SelfTest &test, ProbeOptions wanted, Timings &timings) {
	if (settings.path) {
		if (auto can = can_tell_path(candidate.plan); !can) return std::unexpected(can.error());
	}
	Stopwatch watch;
	auto object = kept_or_compiled(candidate.layout.probe, constants_of(candidate.plan), settings,
	                               bpf::probe_bitcode(), filter);
	timings.compile += watch.lap();
	if (!object) return std::unexpected(object.error());
	auto ground = test.netns();
	if (!ground) return std::unexpected(ground.error());
	wanted.netns = *ground;
	watch.lap();
	auto probe = Probe::attach(*object, candidate.plan, wanted);
	timings.attach += watch.lap();
	if (!probe) return probe;
	auto proven = test.run(**probe, candidate.plan, candidate.layout);
	timings.selftest += watch.lap();
	if (!proven) return std::unexpected(proven.error());
	return probe;
}

// From the kernel's code to a probe for it. Where BTF does not tell the layout, packets do: the first one that passes
// the self-test is it.
Result<std::unique_ptr<Probe>> make(Session &s, const nd_settings &settings, const Filter &filter, SelfTest &test,
                                    const ProbeOptions &wanted) {
	Stopwatch watch;
	auto kept = load_proven(s.kernel);
	const bool known = kept.has_value();
	auto candidates =
	        known ? std::vector<Candidate>{{s.kernel.layout, std::move(*kept)}} : find_candidates(s.kernel);
	if (!candidates) return std::unexpected(candidates.error());
	if (known) add_without_direct_loads(*candidates);
	s.timings.resolve = watch.lap();
	Result<std::unique_ptr<Probe>> first;
	for (Candidate &c : *candidates) {
		auto probe = attach(c, settings, filter, test, wanted, s.timings);
		if (probe) {
			s.kernel.layout = c.layout;
			if (!known) PlanCache(s.kernel).store(c.plan);
			s.plan = std::move(c.plan);
			return probe;
		}
		if (&c == &candidates->front()) first = std::move(probe);
	}
	return first;
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
	if (auto can = can_use_ring(); !can) return std::unexpected(can.error());
	auto test = SelfTest::start(); // its namespace is made meanwhile
	if (!test) return std::unexpected(test.error());
	auto kernel = read_running_kernel();
	if (!kernel) return std::unexpected(kernel.error());
	s.kernel = std::move(*kernel);
	s.timings.kernel = watch.lap();

	nd_settings settings{
	        .path = options.path, .filter = !options.filter.empty(), .drop_reason = 0, .snaplen = options.snaplen};
	if (options.audit) {
		auto reason = netfilter_drop_reason();
		if (!reason) return std::unexpected(reason.error());
		settings.drop_reason = *reason;
	}
	auto probe = make(s, settings, options.filter, *test, {.ring_bytes = options.ring_bytes});
	if (!probe) return std::unexpected(probe.error());
	if (options.audit) {
		if (auto set = (*probe)->set_netfilter_code(s.netfilter.ranges()); !set)
			return std::unexpected(set.error());
	}
	if (auto watching = (*probe)->watch(options.netns, options.netns_held, !options.filter.empty()); !watching)
		return std::unexpected(watching.error());
	s.probe = std::move(*probe);
	return s;
}

Result<ProvenPlan> plan_of_running_kernel() {
	silence_libbpf();
	auto kernel = read_running_kernel();
	if (!kernel) return std::unexpected(kernel.error());
	if (auto proven = load_proven(*kernel)) return ProvenPlan{std::move(*kernel), std::move(*proven)};
	if (kernel->others.empty()) {
		auto plan = resolve(kernel->image, kernel->layout);
		if (!plan) return std::unexpected(plan.error());
		return ProvenPlan{std::move(*kernel), std::move(*plan)};
	}
	// Which layout is the right one, packets tell.
	auto test = SelfTest::start();
	if (!test) return std::unexpected(test.error());
	Session s;
	s.kernel = std::move(*kernel);
	if (auto probe = make(s, {}, {}, *test, {}); !probe) return std::unexpected(probe.error());
	return ProvenPlan{std::move(s.kernel), std::move(s.plan)};
}

} // namespace nft_drops::jit
