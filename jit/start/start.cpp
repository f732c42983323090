// SPDX-License-Identifier: GPL-2.0-only
#include "jit/start/start.h"

#include "bpf/objects.h"
#include "jit/attach/forms.h"
#include "jit/base/debug.h"
#include "jit/compile/compile.h"
#include "jit/explain/explain.h"
#include "jit/kernel/live/drop_reason.h"
#include "jit/kernel/live/load_nf_tables.h"
#include "jit/kernel/live/lockdown.h"
#include "jit/kernel/live/ring_lock.h"
#include "jit/kernel/live/running_kernel.h"
#include "jit/resolve/proven_plan.h"
#include "jit/start/kept_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace nft_drops::jit {
namespace {

Result<void> can_tell_path(const Plan &plan) {
	for (const PlannedSite &site : plan.sites) {
		if (std::ranges::count(site.causes, ND_CAUSE_RULE) && !site.site.stack.depth.where)
			return unsupported("--path",
			                   fmt::format("no place is known for the jump stack at {}", site.place),
			                   "leave it out: all else works");
	}
	return {};
}

Result<void> can_tell_group(const nd_group_layout &group) {
	if (group.sk_group.size && group.level.size && (group.ancestors.size || group.ancestor_ids.size) &&
	    group.node_id.size)
		return {};
	return unsupported("control group", "this kernel's types do not tell the control group of a socket",
	                   "a kernel with CONFIG_CGROUP_BPF is needed");
}

} // namespace

const Start::Step Start::kToPlan[] = {
        {"lockdown", &Start::look_at_lockdown, &Start::lockdown_state},
        {"nf_tables", &Start::load, &Start::load_state},
        {"kernel memory", &Start::open_memory, &Start::memory_state},
        {"types", &Start::find_types, &Start::types_state},
        {"nft_do_chain", &Start::read_code, &Start::code_state},
        {"Plan", &Start::find_plan, &Start::plan_state},
};
const Start::Step Start::kToAttach[] = {
        {"ring buffer", &Start::look_at_ring, &Start::ring_state},
        {"network namespace", &Start::enter_namespace, &Start::namespace_state},
};
const Start::Step Start::kEachTime[] = {
        {"probe", &Start::make_probe, &Start::probe_state},
        {"attached", &Start::attach, &Start::attach_state},
        {"self-test", &Start::test, &Start::test_state},
};

std::vector<std::string_view> Start::steps() {
	std::vector<std::string_view> names;
	for (const auto part : std::initializer_list<std::span<const Step>>{kToPlan, kToAttach, kEachTime})
		for (const Step &step : part)
			names.emplace_back(step.name);
	return names;
}

Start::Start(const StartOptions &options, OnStep on_step)
    : options_(options), on_step_(std::move(on_step)), test_(SelfTest::start()) {
}

Start::~Start() = default;

Result<void> Start::run() {
	if (auto ok = run(kToPlan); !ok) return ok;
	if (auto ok = run(kToAttach); !ok) return ok;
	return run_for_each_candidate();
}

Result<void> Start::run_to_plan() {
	return run(kToPlan);
}

Result<void> Start::run_to_proven_plan() {
	if (auto ok = run_to_plan(); !ok) return ok;
	if (proven_earlier_ || kernel_.others.empty()) return {};
	if (auto ok = run(kToAttach); !ok) return ok;
	auto done = run_for_each_candidate();
	probe_.reset();
	return done;
}

Result<void> Start::do_step(const Step &step, std::vector<StepReport> &to) {
	const auto begin = std::chrono::steady_clock::now();
	auto done = (this->*step.run)();
	const auto took =
	        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
	debug(DebugTopic::kTimes, fmt::format("{:<18}{:>10.3f} ms{}", step.name,
	                                      static_cast<double>(took.count()) / 1000, done ? "" : ", failed"));
	if (on_step_) {
		to.push_back({step.name, {}, took});
		if (done)
			to.back().state = (this->*step.state)();
		else
			to.back().state = std::unexpected(done.error());
	}
	return done;
}

Result<void> Start::run(std::span<const Step> steps) {
	for (const Step &step : steps) {
		std::vector<StepReport> report;
		auto done = do_step(step, report);
		tell(report);
		if (!done) return done;
	}
	return {};
}

Result<void> Start::run_for_each_candidate() {
	std::vector<StepReport> reports; // of the first candidate, or of the one that works
	const auto attempt = [&](const Candidate &candidate) -> Result<void> {
		number_ = static_cast<size_t>(&candidate - candidates_.data());
		kernel_.layout = candidate.layout;
		std::vector<StepReport> of_this;
		Result<void> done;
		for (const Step &step : kEachTime)
			if (done = do_step(step, of_this); !done) break;
		if (done || number_ == 0) reports = std::move(of_this);
		if (!done) probe_.reset();
		return done;
	};
	auto works = first_that_works(candidates_, attempt);
	tell(reports);
	if (!works) return std::unexpected(works.error());
	if (options_.keep && !proven_earlier_) PlanCache(kernel_).store(plan());
	return {};
}

void Start::tell(std::span<const StepReport> reports) const {
	for (const StepReport &report : reports)
		on_step_(report);
}

Result<void> Start::look_at_lockdown() {
	auto mode = lockdown_mode();
	if (!mode) return std::unexpected(mode.error());
	lockdown_ = std::move(*mode);
	return {};
}

std::string Start::lockdown_state() const {
	return lockdown_;
}

Result<void> Start::load() {
	if (auto loaded = load_nf_tables(); !loaded) return std::unexpected(loaded.error());
	return {};
}

std::string Start::load_state() const {
	return "loaded";
}

Result<void> Start::open_memory() {
	auto memory = KernelMemory::open();
	if (!memory) return std::unexpected(memory.error());
	memory_.emplace(std::move(*memory));
	return {};
}

std::string Start::memory_state() const {
	return "readable by BPF programs";
}

Result<void> Start::find_types() {
	auto layouts = layouts_of_running_kernel(options_.keep);
	if (!layouts) return std::unexpected(layouts.error());
	possible_ = std::move(*layouts);
	if (!options_.audit) return {};
	auto reason = netfilter_drop_reason();
	if (!reason) return std::unexpected(reason.error());
	drop_reason_ = *reason;
	return {};
}

std::string Start::types_state() const {
	if (!possible_.front().known) return "BTF of vmlinux and nf_tables";
	return fmt::format("BTF of vmlinux; {} known layouts of nf_tables' own types", possible_.size());
}

Result<void> Start::read_code() {
	auto kernel = read_running_kernel(possible_, *memory_);
	if (!kernel) return std::unexpected(kernel.error());
	kernel_ = std::move(*kernel);
	return {};
}

std::string Start::code_state() const {
	size_t bytes = 0;
	for (const CodeRange &range : kernel_.image.ranges)
		bytes += range.bytes.size();
	return fmt::format("{} bytes, {}, Linux {}", bytes, kernel_.module ? "in a module" : "built into the kernel",
	                   kernel_.release);
}

Result<void> Start::find_plan() {
	if (auto kept = options_.keep ? load_proven(kernel_) : std::nullopt) {
		proven_earlier_ = true;
		candidates_ = {{kernel_.layout, std::move(*kept)}};
		layouts_ = 1;
		add_without_direct_loads(candidates_);
	} else {
		auto candidates = find_candidates(kernel_);
		if (!candidates) return std::unexpected(candidates.error());
		candidates_ = std::move(*candidates);
		layouts_ = layouts_of(candidates_);
	}
	kernel_.layout = candidate().layout;
	if (debugs(DebugTopic::kPlan)) debug(DebugTopic::kPlan, explain(plan(), kernel_));
	return {};
}

std::string Start::plan_state() const {
	const auto &sites = plan().sites;
	const bool drops_only = std::ranges::all_of(sites, &PlannedSite::drops_only);
	return fmt::format("{} site{}, {}", sites.size(), sites.size() == 1 ? "" : "s",
	                   drops_only ? "accepted packets pay nothing" : "accepted packets come there too");
}

Result<void> Start::look_at_ring() {
	return can_use_ring();
}

std::string Start::ring_state() const {
	return "a kprobe's program may write to it";
}

Result<void> Start::enter_namespace() {
	if (!test_) return std::unexpected(test_.error());
	auto netns = test_->netns();
	if (!netns) return std::unexpected(netns.error());
	netns_ = *netns;
	return {};
}

std::string Start::namespace_state() const {
	return "a new one can be made, with rules";
}

Result<void> Start::make_probe() {
	if (options_.path) {
		if (auto can = can_tell_path(plan()); !can) return can;
	}
	const nd_settings settings{.path = options_.path || options_.details,
	                           .filter = !options_.filter.empty(),
	                           .selector = options_.selects,
	                           .drop_reason = drop_reason_,
	                           .snaplen = options_.snaplen,
	                           .of_group = options_.of_group,
	                           .details = options_.details};
	if (options_.of_group) {
		if (auto can = can_tell_group(candidate().layout.probe.group); !can) return can;
	}
	const auto sites = constants_of(plan());
	const auto code = bpf::probe_bitcode(candidate().layout.probe, settings);
	auto object = options_.keep ? kept_or_compiled(candidate().layout.probe, sites, settings, code, options_.filter)
	                            : compile_probe(candidate().layout.probe, sites, settings, code, options_.filter);
	if (!object) return std::unexpected(object.error());
	object_ = std::move(*object);
	return {};
}

std::string Start::probe_state() const {
	return fmt::format("compiled, {} bytes", object_.size());
}

Result<void> Start::attach() {
	auto probe = Probe::attach(object_, plan(),
	                           {.netns = netns_, .ring_bytes = options_.ring_bytes, .selects = options_.selects});
	if (!probe) return std::unexpected(probe.error());
	probe_ = std::move(*probe);
	return {};
}

std::string Start::attach_state() const {
	std::string places;
	const ProbeForms forms = settled_probe_forms(plan(), kernel_);
	for (size_t i = 0; i < forms.size(); i++) {
		places += (places.empty() ? "kprobes at " : ", ") + plan().sites[i].place;
		if (forms[i]) places += *forms[i] == ProbeForm::kJump ? " (a jump)" : " (a breakpoint)";
	}
	return places;
}

Result<void> Start::test() {
	auto seen = test_->run(*probe_, plan(), candidate().layout);
	if (!seen) return std::unexpected(seen.error());
	packets_ = *seen;
	return {};
}

std::string Start::test_state() const {
	const uint32_t known = candidate().layout.known;
	const auto &left_out = test_->left_out();
	return fmt::format("{} dropped packets seen, every fact right{}{}", packets_,
	                   known ? fmt::format(", with known layout {}", known) : "",
	                   left_out.empty() ? "" : fmt::format("; not tried here: {}", fmt::join(left_out, ", ")));
}

} // namespace nft_drops::jit
