// SPDX-License-Identifier: GPL-2.0-only
// Which elements of sets and maps led to a drop. Candidates are the look-ups of the dropping rule and of the rules that
// led to its chain; the kernel's own look-up with the packet's key confirms each. A set that changed since the drop
// tells nothing of the time before.
#include "nft-ext/ruleset/details/set_element.h"
#include "nft-ext/ruleset/index/history.h"
#include "nft-ext/ruleset/text/lookup.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace nft_drops {
namespace {

// The rules of a chain that a goto may stand in; in longer chains none is looked for.
constexpr size_t kMostRules = 4096;
// The chains that gotos lead to; where there are more, the way is not known.
constexpr size_t kMostChains = 64;
constexpr size_t kMostElements = 16;

ElementFound unknown(const std::string &set, const char *why) {
	ElementFound element;
	element.set = set;
	element.unknown = why;
	return element;
}

void append(std::vector<ElementFound> &elements, std::vector<ElementFound> more) {
	const size_t room = kMostElements - std::min(kMostElements, elements.size());
	more.resize(std::min(more.size(), room));
	std::ranges::move(more, std::back_inserter(elements));
}

// nf_tables_set_alloc_name() makes names of what nft calls "__set%d" and "__map%d".
bool is_anonymous(const std::string &set) {
	return set.starts_with("__set") || set.starts_with("__map");
}

// Marks may have been set between this look-up and the drop.
nd_details without_marks(nd_details seen) {
	seen.known &= static_cast<nd_u8>(~(ND_KNOWN_MARK | ND_KNOWN_CT_MARK));
	return seen;
}

} // namespace

// A copy: what the index has moves when the index learns of changes.
struct Lookup::TableName {
	uint64_t handle = 0;
	uint8_t family = 0;
	std::string name;
};

// What a look-up found at the time of the event.
struct Lookup::Looked {
	enum class Result : uint8_t { kFound, kNone, kUnknown };
	Result result = Result::kUnknown;
	bool named = true;      // an anonymous set stands in the rule
	ElementFound element;   // of a named set: what to show
	bool by_itself = false; // elements come and go without a change of the ruleset
	bool has_verdict = false;
	int32_t verdict = 0;
	std::string chain; // that the verdict leads to

	[[nodiscard]] bool leads(int32_t by) const { return result == Result::kFound && has_verdict && verdict == by; }
	[[nodiscard]] bool has_shown() const { return named && result != Result::kNone; }
	// Of a rule that certainly matched: what contradicts that is not believed.
	// `by`: the verdict that an element of a verdict map must have.
	void must_be_there(const LookUp &look_up, int32_t by) {
		const bool other = look_up.verdicts && result == Result::kFound && !leads(by);
		if (result != Result::kNone && !other) return;
		result = Result::kUnknown;
		element = unknown(look_up.set, "has no such element");
	}
};

std::optional<std::vector<RuleLookUps>> Lookup::rules_of(const TableName &table, const std::string &chain_name,
                                                         uint64_t handle, const nd_event &event,
                                                         const nd_details &seen) {
	Requests request;
	if (handle != 0) {
		request.get_rule(table.family, table.name, chain_name, handle);
		request.acknowledge();
	} else {
		request.dump_rules(table.family, table.name, chain_name);
	}
	std::vector<RuleLookUps> rules;
	const auto outcome = query_.ask(std::move(request), [&](const nlmsghdr *message) {
		if (rules.size() > kMostRules) return;
		if (auto rule = look_ups_of_rule(message, event, seen)) rules.push_back(std::move(*rule));
	});
	if (!outcome || *outcome != Query::Outcome::kDone || rules.size() > kMostRules) return {};
	// A replaced rule keeps its handle, and a name may be another chain's by now.
	const auto now = query_.generation();
	if (event.generation == 0 || !now || !catch_up(*now)) return {};
	Table *known = index_.table(table.handle);
	if (known == nullptr) return {};
	const auto named = known->chain_by_name.find(chain_name);
	if (named == known->chain_by_name.end()) return {};
	const Chain *chain = known->chain(named->second);
	if (chain == nullptr || chain->name_at(event.generation) != chain_name ||
	    !generation_reached(event.generation, chain->rules_changed))
		return {};
	return rules;
}

Lookup::Looked Lookup::look(const TableName &table, const LookUp &look_up, const nd_event &event) {
	Looked looked;
	const auto cannot = [&](const char *why) {
		looked.result = Looked::Result::kUnknown;
		looked.element = unknown(look_up.set, why);
		return looked;
	};
	const auto info = read_set(query_, table.family, table.name, look_up.set);
	if (!info) {
		looked.named = !is_anonymous(look_up.set);
		return cannot("is gone");
	}
	looked.named = (info->flags & NFT_SET_ANONYMOUS) == 0;
	looked.by_itself = (info->flags & (NFT_SET_TIMEOUT | NFT_SET_EVAL)) != 0;
	const auto key = look_up.registers.load(look_up.source, info->key_length);
	if (!key) return cannot("is asked for what is not known of the packet");
	const auto found = find_element(query_, table.family, table.name, look_up.set, *info, *key);
	if (!found) return cannot("cannot be read");
	const auto now = query_.generation();
	if (!now || !catch_up(*now) || !sets_.unchanged({table.family, table.name, look_up.set}, event.generation))
		return cannot(event.generation == 0 ? "may have changed since" : "changed since");
	if (!*found) {
		if (looked.by_itself) return cannot("changed since");
		looked.result = Looked::Result::kNone;
		return looked;
	}
	const SetElement &element = **found;
	looked.has_verdict = element.has_verdict;
	looked.verdict = element.verdict;
	looked.chain = element.chain;
	looked.result = Looked::Result::kFound;
	looked.element.set = look_up.set;
	auto words = words_of_key(*info, element);
	if (!words) {
		looked.element.unknown = "has keys of a type without words";
		return looked;
	}
	looked.element.key = std::move(*words);
	looked.element.comment = element.comment;
	looked.element.verdict = words_of_verdict(element);
	looked.element.timeout_ms = element.timeout_ms;
	looked.element.expires_ms = element.expires_ms;
	return looked;
}

// nullopt where the rule has no goto, or certainly did not match.
std::optional<GotoRule> Lookup::goto_of(const TableName &table, const std::string &chain, const RuleLookUps &rule,
                                        const nd_event &event) {
	using Result = Looked::Result;
	GotoRule found{.from = chain, .to = {}, .elements = {}};
	if (rule.verdict == NFT_GOTO)
		found.to = rule.chain;
	else if (std::ranges::none_of(rule.look_ups, &LookUp::verdicts))
		return {};
	for (const LookUp &look_up : rule.look_ups) {
		Looked looked = look(table, look_up, event);
		if (look_up.negated) {
			if (looked.result == Result::kFound && !looked.by_itself) return {};
			continue;
		}
		if (looked.result == Result::kNone) return {};
		if (look_up.verdicts && looked.result == Result::kFound) {
			if (!looked.leads(NFT_GOTO)) return {};
			found.to = looked.chain;
		}
		if (looked.has_shown()) found.elements.push_back(std::move(looked.element));
	}
	return found;
}

std::vector<ElementFound> Lookup::elements_between(const TableName &table, const std::string &from,
                                                   const std::string &to, const nd_event &event,
                                                   const nd_details &seen) {
	std::vector<GotoRule> rules;
	std::vector<std::string> chains{from};
	std::set<std::string> known{from, to}; // what `to` leads to does not matter
	for (size_t i = 0; i < chains.size(); i++) {
		const auto of_chain = rules_of(table, chains[i], 0, event, seen);
		if (!of_chain) return {};
		for (const RuleLookUps &rule : *of_chain) {
			auto found = goto_of(table, chains[i], rule, event);
			if (!found) continue;
			if (found->to && known.insert(*found->to).second) chains.push_back(*found->to);
			rules.push_back(std::move(*found));
			if (chains.size() > kMostChains) return {};
		}
	}
	return elements_of_gotos(rules, from, to);
}

std::vector<ElementFound> Lookup::elements(const nd_event &event, const nd_details &seen,
                                           const Attribution &attribution, const std::optional<JumpPath> &path) {
	std::vector<ElementFound> elements;
	const Table *known = index_.table(event.table_handle);
	if (event.cause != ND_CAUSE_RULE || attribution.chain.empty() || known == nullptr || !known->alive)
		return elements;
	const TableName table{known->handle, known->family, known->name};
	if (path) {
		const nd_details before = without_marks(seen);
		std::string at = attribution.base_chain; // empty: not known
		for (const JumpStep &step : *path) {
			if (!at.empty() && at != step.chain)
				append(elements, elements_between(table, at, step.chain, event, before));
			at = step.target;
			if (step.handle == 0) continue;
			const auto rules = rules_of(table, step.chain, step.handle, event, before);
			if (!rules || rules->size() != 1) continue;
			for (const LookUp &look_up : rules->front().look_ups) {
				if (look_up.negated) continue;
				Looked looked = look(table, look_up, event);
				looked.must_be_there(look_up, NFT_JUMP);
				if (look_up.verdicts && looked.leads(NFT_JUMP)) at = looked.chain;
				if (looked.has_shown()) append(elements, {std::move(looked.element)});
			}
		}
		if (!at.empty() && at != attribution.chain)
			append(elements, elements_between(table, at, attribution.chain, event, before));
	}
	const auto rules = rules_of(table, attribution.chain, event.rule_handle, event, seen);
	if (!rules || rules->size() != 1) return elements;
	for (const LookUp &look_up : rules->front().look_ups) {
		if (look_up.negated) continue;
		Looked looked = look(table, look_up, event);
		looked.must_be_there(look_up, NF_DROP);
		if (looked.has_shown()) append(elements, {std::move(looked.element)});
	}
	return elements;
}

} // namespace nft_drops
