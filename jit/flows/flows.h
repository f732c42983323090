// SPDX-License-Identifier: GPL-2.0-only
// Drops summed up in the kernel by rule and by flow, for as long as this process lives. bpf/shared/flow.h says how.
//
//	auto flows = Flows::start({});
//	...
//	(*flows)->read([](const FlowRegion &region) { ... });   // what was summed up since the last read
#ifndef NFT_DROPS_JIT_FLOWS_FLOWS_H
#define NFT_DROPS_JIT_FLOWS_FLOWS_H

#include "bpf/shared/flow.h"
#include "jit/attach/sites.h"
#include "jit/base/mapped_array.h"
#include "jit/base/result.h"
#include "jit/kernel/types/kernel.h"
#include "jit/match/program.h"
#include "jit/resolve/plan.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

struct bpf_object;

namespace nft_drops::jit {

struct FlowsOptions {
	// Room for flows and for rules, all processors and both halves together. 2^18 flows take 30 MB.
	uint32_t flows = 1 << 18;
	uint32_t rules = 1 << 15;
	uint32_t netns = 0; // inode number of the network namespace whose drops are wanted; 0: all
	Filter filter{};    // only drops that it takes are summed up
};

// What one processor summed up. The same rule and the same flow may stand in several regions, and twice in one.
// nd_flow.key.rule is an index into `rules`. The rule's packets less those of its flows had no room as flows.
struct FlowRegion {
	std::span<const nd_flow_rule> rules;
	std::span<const nd_flow> flows;
	nd_flow_sum unlisted; // drops of rules that had no room
	uint64_t nested;      // drops whose rule is not known: an interrupt dropped while this processor was counting
	// With a filter; else 0.
	uint64_t seen;      // drops that the filter was asked about
	uint64_t undecided; // of these: what decides could not be read
};

class Flows {
public:
	// Every drop after this returned is summed up. The Plan is proven as a Session's is. Fails with kMachine where
	// this kernel cannot do it.
	static Result<std::unique_ptr<Flows>> start(const FlowsOptions &options);
	// The same by this object's Plan, which is not proven again: for another filter. Both count then.
	[[nodiscard]] Result<std::unique_ptr<Flows>> start_another(const FlowsOptions &options) const;
	Flows(const Flows &) = delete;
	Flows &operator=(const Flows &) = delete;
	~Flows();

	// Hands over each processor's sums since the last call. The spans are valid within `use` only. Waits for the
	// programs that may still write there: about as long as synchronize_rcu() takes.
	void read(const std::function<void(const FlowRegion &)> &use);
	// Takes the links away; what was summed up can still be read.
	void detach();
	// Hits of the probe that never ran it, since start() returned.
	[[nodiscard]] Missed missed() const;

	[[nodiscard]] size_t sites() const { return proven_->plan.sites.size(); }
	[[nodiscard]] const std::string &release() const { return proven_->kernel.release; }
	// For ProbeHealth, which says whether the probe still sees.
	[[nodiscard]] const Kernel &kernel() const { return proven_->kernel; }
	[[nodiscard]] const Plan &plan() const { return proven_->plan; }
	// For ExpressionNames, which says what nd_flow_rule.expr_ops are.
	[[nodiscard]] const ExpressionLayout &expression() const { return proven_->kernel.layout.expression; }

private:
	struct Proven {
		Kernel kernel;
		Plan plan;
	};
	explicit Flows(std::shared_ptr<const Proven> proven) : proven_(std::move(proven)) {}
	static Result<std::unique_ptr<Flows>> attach(std::shared_ptr<const Proven> proven, const FlowsOptions &options);
	Result<void> load(std::span<const char> object, const FlowsOptions &options);
	Result<void> map_arrays(uint32_t netns);
	void wait_for_programs(uint32_t half) const;
	[[nodiscard]] Missed counted() const;

	std::shared_ptr<const Proven> proven_;
	bpf_object *object_ = nullptr;
	std::vector<AttachedSite> sites_;
	Missed at_detach_, before_;
	MappedArray<nd_flow_control> control_;
	MappedArray<nd_flow_region> regions_;
	MappedArray<nd_flow_rule> rules_;
	MappedArray<nd_flow> flows_;
};

} // namespace nft_drops::jit

#endif
