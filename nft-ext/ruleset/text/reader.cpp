// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/reader.h"

#include "jit/base/table_family.h"
#include "nft-ext/ruleset/netlink/attributes.h"
#include "nft-ext/ruleset/netlink/change.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <utility>

namespace nft_drops {
namespace {

// `jump { jump { ... } }`: nf_tables itself allows 16 jumps (NFT_JUMP_STACK_SIZE).
constexpr size_t kNesting = 16;

void add_once(std::vector<std::string> &list, const std::string &name) {
	if (std::ranges::find(list, name) == list.end()) list.push_back(name);
}

uint32_t set_flags(const nlmsghdr *message) {
	uint32_t flags = 0;
	for_each_attribute(message, sizeof(nfgenmsg), [&flags](const nlattr *attribute) {
		if (mnl_attr_get_type(attribute) == NFTA_SET_FLAGS) flags = u32_of(attribute);
	});
	return flags;
}

// Chains of the families netdev and inet may hang on devices, whose names may change.
Text line_text(std::string line) {
	const bool names_links = line.find(" device") != std::string::npos;
	return {std::move(line), names_links};
}

} // namespace

// What has to be read for nft to print a rule right.
struct Reader::Scope {
	std::vector<std::pair<std::string, uint64_t>> outer; // the rules around it (chain, handle), outermost first
	std::vector<std::pair<std::string, uint64_t>> rules; // the rule itself, then those nested in it
	std::vector<std::string> implicit_chains;            // of all those rules
	std::vector<std::string> sets;
	std::vector<std::string> anonymous_sets; // of sets: printed with their elements on the rule's line
	std::vector<std::string> named_sets;     // of sets: printed as blocks in front of the chain
	bool names_links = false;
};

// Asks for one rule to learn what it refers to. `nested`: all the rules of its `jump { ... }` are to be printed, too.
std::optional<Unread> Reader::include_rule(Table &table, const std::string &chain, uint64_t handle, bool nested,
                                           Scope &scope) {
	Requests request;
	request.get_rule(table.family, table.name, chain, handle);
	request.acknowledge();
	std::optional<References> references;
	const auto outcome = query_.ask(std::move(request), [&references](const nlmsghdr *message) {
		references = references_of_rule(message);
	});
	if (!outcome) return Unread::kCannot;
	if (*outcome != Query::Outcome::kDone || !references) return Unread::kGone;
	if (references->xtables && !xtables_) return Unread::kNeedsXtables;
	for (const std::string &set : references->sets)
		add_once(scope.sets, set);
	scope.names_links |= references->names_links;
	const auto implicit = table.chain_by_name.find(references->implicit_chain);
	if (implicit == table.chain_by_name.end() || !table.chains.at(implicit->second).binding) return {};
	add_once(scope.implicit_chains, references->implicit_chain);
	if (scope.implicit_chains.size() > kNesting) return Unread::kCannot;
	return nested ? include_nested(table, references->implicit_chain, scope) : std::nullopt;
}

std::optional<Unread> Reader::include_nested(Table &table, const std::string &chain, Scope &scope) {
	Requests request;
	request.dump_rules(table.family, table.name, chain);
	std::vector<uint64_t> handles; // in the chain's order, which is the order of printing
	const auto outcome = query_.ask(std::move(request), [&](const nlmsghdr *message) {
		const auto rule = parse_change(message);
		if (rule && rule->chain == chain) handles.push_back(rule->handle);
	});
	if (!outcome) return Unread::kCannot;
	if (*outcome != Query::Outcome::kDone) return Unread::kGone;
	for (const uint64_t handle : handles) {
		scope.rules.emplace_back(chain, handle);
		if (const auto unread = include_rule(table, chain, handle, true, scope)) return unread;
	}
	return {};
}

std::optional<Unread> Reader::sort_sets(const Table &table, Scope &scope) {
	for (const std::string &set : scope.sets) {
		Requests request;
		request.get_set(table.family, table.name, set);
		request.acknowledge();
		uint32_t flags = 0;
		const auto outcome = query_.ask(std::move(request),
		                                [&flags](const nlmsghdr *message) { flags = set_flags(message); });
		if (!outcome) return Unread::kCannot;
		if (*outcome != Query::Outcome::kDone) return Unread::kGone;
		((flags & NFT_SET_ANONYMOUS) != 0 ? scope.anonymous_sets : scope.named_sets).push_back(set);
	}
	return {};
}

// The chain without its rules. Named sets come in front of it, so it differs by what the rule refers to.
std::optional<std::string> Reader::empty_listing(const Table &table, const Chain &chain, const Scope &scope) {
	std::string key =
	        std::to_string(table.handle) + " " + std::to_string(table.changes) + " " + std::to_string(chain.handle);
	Narrowed narrowed;
	narrowed.tables.get_table(table.family, table.name);
	narrowed.chains.get_chain(table.family, table.name, chain.name());
	for (const std::string &set : scope.named_sets) {
		key += '\0' + set;
		narrowed.sets.get_set(table.family, table.name, set);
	}
	if (key == empty_key_) return empty_;
	auto listing = formatter_.list_narrowed(std::string(family_name(table.family)), std::move(narrowed));
	if (listing) {
		empty_key_ = key;
		empty_ = *listing;
	}
	return listing;
}

std::optional<std::string> Reader::narrow_rule(const Table &table, const Chain &chain, const Rule &rule,
                                               const Scope &scope) {
	Narrowed narrowed;
	narrowed.tables.get_table(table.family, table.name);
	narrowed.chains.get_chain(table.family, table.name, chain.name());
	for (const std::string &name : scope.implicit_chains)
		narrowed.chains.get_chain(table.family, table.name, name);
	// In the order of the rule, but blocks of named sets first: as in the listing without the rule.
	for (const std::string &set : scope.named_sets)
		narrowed.sets.get_set(table.family, table.name, set);
	for (const std::string &set : scope.anonymous_sets)
		narrowed.sets.get_set(table.family, table.name, set);
	narrowed.sets_with_elements = scope.anonymous_sets;
	for (const auto &[name, handle] : scope.outer)
		narrowed.rules.get_rule(table.family, table.name, name, handle);
	Narrowed without = narrowed;
	for (const auto &[name, handle] : scope.rules)
		narrowed.rules.get_rule(table.family, table.name, name, handle);

	const auto empty = scope.outer.empty() ? empty_listing(table, chain, scope)
	                                       : formatter_.list_narrowed(std::string(family_name(table.family)),
	                                                                  std::move(without));
	if (!empty) return {};
	const auto listing = formatter_.list_narrowed(std::string(family_name(table.family)), std::move(narrowed));
	if (!listing) return {};
	return scope.outer.empty() ? cut_rule(*empty, *listing, rule.handle)
	                           : cut_inner_rule(*empty, *listing, rule.handle);
}

std::expected<Text, Unread> Reader::rule(Table &table, const Rule &rule) {
	const Chain *chain = table.chain(rule.chain);
	if (chain == nullptr) return std::unexpected(Unread::kGone);
	Scope scope;
	scope.rules.emplace_back(chain->name(), rule.handle);
	if (const auto unread = include_rule(table, chain->name(), rule.handle, true, scope))
		return std::unexpected(*unread);
	while (chain->binding) {
		const Rule *outer = table.rule(chain->bound_by);
		chain = outer == nullptr ? nullptr : table.chain(outer->chain);
		if (chain == nullptr || scope.outer.size() == kNesting) return std::unexpected(Unread::kCannot);
		if (const auto unread = include_rule(table, chain->name(), outer->handle, false, scope))
			return std::unexpected(*unread);
		scope.outer.emplace(scope.outer.begin(), chain->name(), outer->handle);
	}
	if (const auto unread = sort_sets(table, scope)) return std::unexpected(*unread);
	if (narrow_) {
		// Twice: the ruleset may have changed in between, and what a change leaves behind in the library is
		// cleared after a failure.
		for (int attempt = 0; attempt < 2; attempt++) {
			if (auto text = narrow_rule(table, *chain, rule, scope))
				return Text{std::move(*text), scope.names_links};
			empty_key_.clear();
		}
	}
	if (const TableText *listing = plain(table); listing != nullptr) {
		if (const auto found = listing->rules.find(rule.handle); found != listing->rules.end())
			return Text{found->second, scope.names_links};
	}
	return std::unexpected(Unread::kCannot);
}

std::expected<Text, Unread> Reader::chain_line(Table &table, const Chain &chain) {
	Requests request;
	request.get_chain(table.family, table.name, chain.name());
	request.acknowledge();
	uint64_t handle = 0;
	const auto outcome = query_.ask(std::move(request), [&handle](const nlmsghdr *message) {
		if (const auto found = parse_change(message)) handle = found->handle;
	});
	if (!outcome) return std::unexpected(Unread::kCannot);
	if (*outcome != Query::Outcome::kDone || handle != chain.handle) return std::unexpected(Unread::kGone);
	if (narrow_) {
		empty_key_.clear();
		if (const auto listing = empty_listing(table, chain, {})) {
			if (auto line = cut_chain_line(*listing)) return line_text(std::move(*line));
		}
	}
	if (const TableText *listing = plain(table); listing != nullptr) {
		if (const auto found = listing->chains.find(chain.handle); found != listing->chains.end())
			return line_text(found->second);
	}
	return std::unexpected(Unread::kCannot);
}

void Reader::links_changed() {
	empty_key_.clear();
	plain_table_ = 0;
}

const TableText *Reader::plain(const Table &table) {
	for (int attempt = 0; attempt < 3; attempt++) {
		const auto before = query_.generation();
		if (!before) return nullptr;
		if (plain_table_ == table.handle && plain_generation_ == *before) return &plain_;
		plain_listings_++;
		const auto listing = formatter_.list(std::string(family_name(table.family)));
		const auto after = query_.generation();
		if (!listing || !after) return nullptr;
		if (*before != *after) continue;
		plain_ = parse_table(*listing, family_name(table.family), table.name, table.handle);
		plain_table_ = table.handle;
		plain_generation_ = *after;
		return &plain_;
	}
	return nullptr;
}

} // namespace nft_drops
