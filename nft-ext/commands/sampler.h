// SPDX-License-Identifier: GPL-2.0-only
// Samples of one rule's or policy's drops, for the rule that `top` has opened: one packet with its path and details
// each time that the caller asks for one.
//
// The sampler has a probe of its own, which makes an event only when it is asked, and readers of rulesets of its own.
// Both end with the sampler. A drop that is not asked for costs the kernel a look at one word.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_SAMPLER_H
#define NFT_DROPS_NFT_EXT_COMMANDS_SAMPLER_H

#include "jit/base/result.h"
#include "jit/match/program.h"
#include "jit/start/session.h"
#include "nft-ext/commands/live_kernel_names.h"
#include "nft-ext/drop/display.h"
#include "nft-ext/drop/namespaces.h"
#include "nft-ext/drop/rulesets.h"
#include "nft-ext/history/row.h"
#include "nft-ext/loop/loop.h"
#include "nft-ext/sinks/sample_sink.h"

#include <memory>
#include <string>
#include <vector>

namespace nft_drops::cli {

class Sampler {
public:
	// Of the drops by `culprit` that `filter` takes. `home` and `all`: as of Rulesets; `home` must outlive this
	// object. Takes as long as a start of `monitor` does. Where it fails, nothing is attached.
	static Result<std::unique_ptr<Sampler>> start(Loop &loop, const NetNamespace &home, bool all,
	                                              const CulpritWords &culprit, const jit::Filter &filter);
	Sampler(const Sampler &) = delete;
	Sampler &operator=(const Sampler &) = delete;
	~Sampler();

	// The next such drop becomes the sample. The first one does so without being asked for.
	void ask() { session_.probe->ask_for_one(); }
	// The latest sample, as of SampleSink; empty until there is one. Changes while the loop runs.
	[[nodiscard]] const std::vector<std::string> &lines() const { return sink_->lines(); }

private:
	Sampler(Loop &loop, std::unique_ptr<Rulesets> rulesets, jit::Session session, Devices devices, bool all,
	        std::string text);
	void drain();

	Loop &loop_;
	std::unique_ptr<Rulesets> rulesets_;
	jit::Session session_;
	LiveKernelNames names_;
	Display display_;
	SampleSink *sink_; // display_ owns it
};

} // namespace nft_drops::cli

#endif
