// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/details/goto_path.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

namespace nft_drops {
namespace {

// The chains that may lead to `to`, `to` among them.
std::set<std::string_view> leading_to(const std::vector<GotoRule> &rules, const std::string &to) {
	std::set<std::string_view> chains{to};
	for (size_t before = 0; before != chains.size();) {
		before = chains.size();
		for (const GotoRule &rule : rules)
			if (!rule.to || chains.contains(*rule.to)) chains.insert(rule.from);
	}
	return chains;
}

} // namespace

std::vector<ElementFound> elements_of_gotos(const std::vector<GotoRule> &rules, const std::string &from,
                                            const std::string &to) {
	const auto leads = leading_to(rules, to);
	std::vector<ElementFound> elements;
	std::string_view at = from;
	// A way visits no chain twice: nf_tables refuses loops (nf_tables_check_loops).
	for (size_t steps = 0; at != to && steps <= rules.size(); steps++) {
		std::vector<const GotoRule *> fit;
		for (const GotoRule &rule : rules)
			if (rule.from == at && (!rule.to || leads.contains(*rule.to))) fit.push_back(&rule);
		for (const GotoRule *rule : fit) {
			std::ranges::copy(rule->elements, std::back_inserter(elements));
			if (fit.size() == 1) continue;
			for (auto element = elements.end() - static_cast<ptrdiff_t>(rule->elements.size());
			     element != elements.end(); ++element)
				*element = {.set = element->set, .unknown = "and other rules lead there"};
		}
		if (fit.size() != 1 || !fit.front()->to) break;
		at = *fit.front()->to;
	}
	return elements;
}

} // namespace nft_drops
