// SPDX-License-Identifier: GPL-2.0-only
// THE list of steps from a running kernel to a probe that passed the self-test. `check` prints it, `monitor`, `count`,
// `probe` and `bpftrace` run it, --debug=times and `check --report` time it.
//
//	Start start({.path = true});
//	auto done = start.run();        // all steps; or run_to_plan()
//	start.kernel(), start.plan(), start.take_probe()
//
// The last three steps (make the probe, attach it, test it) are done for one candidate after the other until one
// passes: for each layout that the kernel may have, and then for each without direct loads (candidates.h).
#ifndef NFT_DROPS_JIT_START_START_H
#define NFT_DROPS_JIT_START_START_H

#include "jit/attach/probe.h"
#include "jit/base/result.h"
#include "jit/kernel/live/memory.h"
#include "jit/kernel/types/kernel.h"
#include "jit/selftest/selftest.h"
#include "jit/start/candidates.h"
#include "jit/start/options.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::jit {

// What became of a step.
struct StepReport {
	std::string_view name;
	Result<std::string> state; // in words, such as "loaded"
	std::chrono::microseconds took{};
};

class Start {
public:
	// `on_step`, if any, hears of each step in the order of the list. It hears of the last three steps when the
	// probe passed its test or no candidate is left; then as they went for the candidate that passed, else for the
	// likeliest one.
	using OnStep = std::function<void(const StepReport &)>;

	explicit Start(const StartOptions &options, OnStep on_step = {});
	~Start();
	Start(const Start &) = delete;
	Start &operator=(const Start &) = delete;

	// The names of all steps, in their order.
	static std::vector<std::string_view> steps();

	// All steps. Fails with kMachine as the first failing one does; nothing is attached then.
	Result<void> run();
	// The steps up to the Plan; nothing is attached. The Plan is the likeliest candidate's.
	Result<void> run_to_plan();
	// The same, and, where the kernel's types leave several layouts possible and no earlier start proved one, the
	// other steps, too: the packets of the self-test decide. Nothing stays attached.
	Result<void> run_to_proven_plan();

	[[nodiscard]] bool has_plan() const { return !candidates_.empty(); }
	// These once there is a Plan.
	[[nodiscard]] const Kernel &kernel() const { return kernel_; }
	[[nodiscard]] const Plan &plan() const { return candidate().plan; }
	// How many candidates the kernel's code allows. 1 where an earlier start proved the Plan: then the rest was
	// forgotten.
	[[nodiscard]] size_t layouts() const { return layouts_; }
	[[nodiscard]] bool proven_earlier() const { return proven_earlier_; }

	// After run(): the probe, which watches the self-test's network namespace still.
	[[nodiscard]] std::unique_ptr<Probe> take_probe() { return std::move(probe_); }

private:
	using Do = Result<void> (Start::*)();
	using Tell = std::string (Start::*)() const;
	struct Step {
		const char *name;
		Do run;
		Tell state;
	};
	static const Step kToPlan[];
	static const Step kToAttach[]; // what else attaching needs
	static const Step kEachTime[]; // for one candidate

	// One function for each step, and one for its state in words.
	Result<void> look_at_lockdown();
	Result<void> load();
	Result<void> open_memory();
	Result<void> find_types();
	Result<void> read_code();
	Result<void> find_plan();
	Result<void> look_at_ring();
	Result<void> enter_namespace();
	Result<void> make_probe();
	Result<void> attach();
	Result<void> test();
	[[nodiscard]] std::string lockdown_state() const;
	[[nodiscard]] std::string load_state() const;
	[[nodiscard]] std::string memory_state() const;
	[[nodiscard]] std::string types_state() const;
	[[nodiscard]] std::string code_state() const;
	[[nodiscard]] std::string plan_state() const;
	[[nodiscard]] std::string ring_state() const;
	[[nodiscard]] std::string namespace_state() const;
	[[nodiscard]] std::string probe_state() const;
	[[nodiscard]] std::string attach_state() const;
	[[nodiscard]] std::string test_state() const;

	Result<void> do_step(const Step &step, std::vector<StepReport> &to);
	Result<void> run(std::span<const Step> steps);
	Result<void> run_for_each_candidate();
	void tell(std::span<const StepReport> reports) const;
	[[nodiscard]] const Candidate &candidate() const { return candidates_[number_]; }

	StartOptions options_;
	OnStep on_step_;
	Result<SelfTest> test_; // first: its process makes the namespace while the kernel is read
	std::string lockdown_;
	std::optional<KernelMemory> memory_;
	std::vector<Layout> possible_;
	uint32_t drop_reason_ = 0;
	Kernel kernel_;
	std::vector<Candidate> candidates_; // likeliest first
	size_t number_ = 0;                 // of the candidate that is tried
	size_t layouts_ = 0;
	bool proven_earlier_ = false;
	uint32_t netns_ = 0;
	std::vector<char> object_;
	std::unique_ptr<Probe> probe_;
	size_t packets_ = 0; // that the self-test saw dropped
};

} // namespace nft_drops::jit

#endif
