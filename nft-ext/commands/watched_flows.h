// SPDX-License-Identifier: GPL-2.0-only
// The kernel's sums by rule and flow, as `top` and `record` take them for as long as they run, and the probe behind the
// sums, which SightWatch has attached anew.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_WATCHED_FLOWS_H
#define NFT_DROPS_NFT_EXT_COMMANDS_WATCHED_FLOWS_H

#include "jit/flows/flows.h"
#include "nft-ext/commands/flow_rows.h"
#include "nft-ext/commands/live_kernel_names.h"
#include "nft-ext/commands/sight_watch.h"
#include "nft-ext/drop/rulesets.h"
#include "nft-ext/loop/loop.h"

#include <cstdint>
#include <memory>
#include <string>

namespace nft_drops::cli {

class WatchedFlows : public WatchedProbe {
public:
	WatchedFlows(const WatchedFlows &) = delete;
	WatchedFlows &operator=(const WatchedFlows &) = delete;

	// WatchedProbe:
	[[nodiscard]] const jit::Plan &plan() const final { return flows_->plan(); }
	[[nodiscard]] const jit::Kernel &kernel() const final { return flows_->kernel(); }
	[[nodiscard]] bool busy() const final { return taking_; }
	void let_go() final { take_rest(); }
	Result<void> attach_anew() final;

protected:
	// `flows` were started with `wanted`. `only`, `only_name`: as of FlowRows.
	WatchedFlows(Loop &loop, Rulesets &rulesets, std::unique_ptr<jit::Flows> flows, jit::FlowsOptions wanted,
	             uint32_t only, std::string only_name);

	// Hears of each row that take_sums() takes.
	virtual void use(const Row &row) = 0;
	// Hears of the rest afterwards. `lost`: drops that are in no row, and hits that never ran the probe.
	virtual void taken(const FlowRows::Sums &sums, uint64_t lost) = 0;

	// The sums since the last call. Runs the loop while texts are asked for. Nothing while no probe is attached.
	void take_sums();
	// Takes the links away, and the sums until then.
	void take_rest();
	// From now on the sums are those of `flows`, which were started with `wanted`.
	void replace(std::unique_ptr<jit::Flows> flows, jit::FlowsOptions wanted);

	[[nodiscard]] jit::Flows *flows() const { return flows_.get(); } // null while no probe is attached
	[[nodiscard]] const jit::FlowsOptions &wanted() const { return wanted_; }
	[[nodiscard]] FlowRows &rows() { return rows_; }

private:
	std::unique_ptr<jit::Flows> flows_;
	jit::FlowsOptions wanted_;
	LiveKernelNames names_;
	FlowRows rows_;
	uint64_t missed_ = 0; // Flows::missed() at the last take_sums()
	bool taking_ = false; // take_sums() runs the loop
};

} // namespace nft_drops::cli

#endif
