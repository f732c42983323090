// SPDX-License-Identifier: GPL-2.0-only
// What `top` knows: rules and policies that dropped, and the flows of each, with rates and totals. No terminal here.
//
//	model.add(row);              // once for each row that the kernel summed up
//	model.end_interval(1.0);     // the rows so far came in this many seconds
//	model.frame(TopSort::kRate, opened)
//
// Memory is bounded. Beyond kMostRules the rules that dropped longest ago are added to `earlier`. Beyond kMostFlows the
// flows with the fewest packets are added to their rule's `others`. A rule's own total is exact for as long as the rule
// is there; a flow's total counts from when the flow was last taken up.
#ifndef NFT_DROPS_NFT_EXT_VIEW_TOP_MODEL_H
#define NFT_DROPS_NFT_EXT_VIEW_TOP_MODEL_H

#include "nft-ext/history/row.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace nft_drops {

enum class TopSort : uint8_t { kRate, kTotal, kLast, kName };

// What the order is called: "drops/s", "total", "last seen", "name".
const char *name_of(TopSort sort);
// The order behind it; behind the last one, the first.
TopSort next_of(TopSort sort);

struct TopFigures {
	double rate = 0;    // packets a second in the last interval
	uint64_t total = 0; // packets
	int64_t last = 0;   // when the latest packet was dropped: nanoseconds since the epoch; 0: never
};

struct TopRule {
	uint64_t id = 0; // never 0, never given twice
	std::shared_ptr<const CulpritWords> culprit;
	TopFigures figures;
};

struct TopFlow {
	FlowWords flow;
	TopFigures figures;
};

// The model at one time, sorted, for a view.
struct TopFrame {
	std::vector<TopRule> rules;
	TopFigures all;
	uint64_t earlier = 0; // of all.total: packets of rules that are in `rules` no more
	// The flows of the opened rule, and what is in none of them.
	uint64_t opened = 0; // its id; 0: there is none
	std::vector<TopFlow> flows;
	TopFigures others;
};

class TopModel {
public:
	static constexpr size_t kMostRules = 4096;
	static constexpr size_t kMostFlows = 1 << 16;

	TopModel() = default;
	TopModel(size_t most_rules, size_t most_flows) : most_rules_(most_rules), most_flows_(most_flows) {}

	// The culprit is copied where it is new.
	void add(const Row &row);
	void end_interval(double seconds);
	// Figures begin anew; rules and flows are forgotten.
	void zero();
	// `opened`: the id of the rule whose flows are wanted; 0: none.
	[[nodiscard]] TopFrame frame(TopSort sort, uint64_t opened) const;
	// How many there are now.
	[[nodiscard]] size_t rules() const { return rules_.size(); }
	[[nodiscard]] size_t flows() const { return flow_count_; }

private:
	struct Counted {
		uint64_t total = 0;
		uint64_t recent = 0; // packets of the interval that has not ended
		double rate = 0;
		int64_t last = 0;
		void add(const DropSums &drops);
		void add(const Counted &other);
		void end_interval(double seconds);
		[[nodiscard]] TopFigures figures() const { return {rate, total, last}; }
	};
	struct Flow {
		FlowWords flow;
		Counted counted;
	};
	struct Rule {
		uint64_t id = 0;
		std::shared_ptr<const CulpritWords> culprit;
		Counted counted, others;
		std::unordered_map<std::string, Flow> flows; // by flow_key()
	};
	Rule &rule_of(const CulpritWords &culprit);
	void forget_flows();
	void forget_rules();

	size_t most_rules_ = kMostRules, most_flows_ = kMostFlows;
	uint64_t last_id_ = 0;
	std::map<std::string, Rule> rules_; // by rule_key()
	size_t flow_count_ = 0;
	Counted all_;
	uint64_t earlier_ = 0;
};

} // namespace nft_drops

#endif
