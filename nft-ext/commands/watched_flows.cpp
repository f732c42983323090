// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/watched_flows.h"

#include "jit/base/code_pages.h"

#include <utility>

namespace nft_drops::cli {

WatchedFlows::WatchedFlows(Loop &loop, Rulesets &rulesets, std::unique_ptr<jit::Flows> flows, jit::FlowsOptions wanted,
                           uint32_t only, std::string only_name)
    : flows_(std::move(flows)), wanted_(std::move(wanted)), names_(flows_->expression()),
      rows_(loop, rulesets, names_, only, std::move(only_name)) {
	jit::release_code_pages();
}

Result<void> WatchedFlows::attach_anew() {
	auto flows = jit::Flows::start(wanted_);
	if (!flows) return std::unexpected(flows.error());
	flows_ = std::move(*flows);
	missed_ = 0;
	names_.start_anew(flows_->expression());
	rows_.ruleset_is_new();
	jit::release_code_pages();
	return {};
}

void WatchedFlows::replace(std::unique_ptr<jit::Flows> flows, jit::FlowsOptions wanted) {
	flows_ = std::move(flows);
	wanted_ = std::move(wanted);
	missed_ = 0;
	jit::release_code_pages();
}

void WatchedFlows::take_sums() {
	if (!flows_) return;
	taking_ = true;
	const FlowRows::Sums sums = rows_.take(*flows_, [this](const Row &row) { use(row); });
	taking_ = false;
	const uint64_t missed = flows_->missed().hits;
	taken(sums, static_cast<uint64_t>(sums.lost) + missed - missed_);
	missed_ = missed;
}

void WatchedFlows::take_rest() {
	if (!flows_) return;
	flows_->detach();
	// What was being summed up when the links went away may be in the other half.
	take_sums();
	take_sums();
	flows_.reset();
}

} // namespace nft_drops::cli
