// SPDX-License-Identifier: GPL-2.0-only
// A Sink that keeps the latest drop of one rule as lines for a screen:
//
//	sample 21:40:11.482113 iif "veth0" ip saddr 10.0.0.2 ip daddr 10.0.0.1 tcp sport 51514 tcp dport 80 length 60
//	input -> jump ZONES (handle 176) -> drop (handle 215)
//	ct state new ct direction original
//
// The packet's words come first. The jumps and the details follow where the drop has them. All text is escaped.
#ifndef NFT_DROPS_NFT_EXT_SINKS_SAMPLE_SINK_H
#define NFT_DROPS_NFT_EXT_SINKS_SAMPLE_SINK_H

#include "nft-ext/drop/sink.h"
#include "nft-ext/packet/kept_words.h"
#include "nft-ext/text/clock.h"

#include <string>
#include <utility>
#include <vector>

namespace nft_drops {

class SampleSink final : public Sink {
public:
	// `rule`: the rule's text, as Attribution::text. A drop by another text is left out: the rule was replaced
	// meanwhile. Empty: the text is not known, and each drop is taken.
	explicit SampleSink(std::string rule) : rule_(std::move(rule)) {}

	void take(const Drop &drop) override;
	// Empty until the first drop.
	[[nodiscard]] const std::vector<std::string> &lines() const { return lines_; }

private:
	std::string rule_;
	Clock clock_{Clock::Zone::kLocal};
	KeptWords words_;
	std::vector<std::string> lines_;
};

} // namespace nft_drops

#endif
