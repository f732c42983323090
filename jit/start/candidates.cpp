// SPDX-License-Identifier: GPL-2.0-only
#include "jit/start/candidates.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace nft_drops::jit {
namespace {

// No padding: equal bytes mean equal values.
static_assert(std::has_unique_object_representations_v<nd_layout>);
static_assert(std::has_unique_object_representations_v<nd_site>);
static_assert(std::has_unique_object_representations_v<RulesetLayout>);

template <typename T> bool same(const T &a, const T &b) {
	return memcmp(&a, &b, sizeof(T)) == 0;
}

bool same_probe(const Candidate &a, const Candidate &b) {
	return same(a.layout.probe, b.layout.probe) &&
	       std::ranges::equal(a.plan.sites, b.plan.sites, [](const PlannedSite &x, const PlannedSite &y) {
		       return x.address == y.address && same(x.site, y.site);
	       });
}

// What resolve() looks at.
bool same_code(const Layout &a, const Layout &b) {
	return same(a.ruleset, b.ruleset) && same(a.probe.pkt_skb, b.probe.pkt_skb) &&
	       same(a.probe.pkt_state, b.probe.pkt_state) && same(a.probe.state_net, b.probe.state_net) &&
	       same(a.probe.rule_handle, b.probe.rule_handle) && same(a.probe.base_policy, b.probe.base_policy) &&
	       a.probe.chain_in_base == b.probe.chain_in_base;
}

} // namespace

Result<std::vector<Candidate>> find_candidates(const Kernel &kernel) {
	std::vector<Layout> layouts = kernel.others;
	layouts.insert(layouts.begin(), kernel.layout);
	std::vector<Candidate> found;
	std::vector<Layout> refused;
	Error first_error;
	for (const Layout &layout : layouts) {
		const auto alike = [&layout](const Layout &other) { return same_code(layout, other); };
		if (std::ranges::any_of(refused, alike)) continue;
		auto known = std::ranges::find_if(found, alike, &Candidate::layout);
		auto plan = known != found.end() ? Result<Plan>(known->plan) : resolve(kernel.image, layout);
		if (!plan) {
			if (refused.empty()) first_error = plan.error();
			refused.push_back(layout);
			continue;
		}
		Candidate candidate{layout, std::move(*plan)};
		if (std::ranges::none_of(found, [&](const Candidate &c) { return same_probe(c, candidate); }))
			found.push_back(std::move(candidate));
	}
	if (found.empty()) return std::unexpected(first_error);
	add_without_direct_loads(found);
	return found;
}

void add_without_direct_loads(std::vector<Candidate> &candidates) {
	for (size_t i = 0, n = candidates.size(); i < n; i++) {
		if (!candidates[i].layout.probe.cast.function) continue;
		candidates.push_back(candidates[i]);
		candidates.back().layout.probe.cast = {};
		candidates.back().without_direct_loads = true;
	}
}

size_t layouts_of(const std::vector<Candidate> &candidates) {
	return static_cast<size_t>(
	        std::ranges::count_if(candidates, [](const Candidate &c) { return !c.without_direct_loads; }));
}

} // namespace nft_drops::jit
