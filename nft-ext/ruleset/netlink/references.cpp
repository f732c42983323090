// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/netlink/references.h"

#include "nft-ext/ruleset/netlink/attributes.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cstdint>

namespace nft_drops {
namespace {

// The attribute of a type inside a nest; nullptr where there is none or the nest is malformed.
const nlattr *inside(const nlattr *nest, uint16_t type) {
	if (nest == nullptr || mnl_attr_validate(nest, MNL_TYPE_NESTED) < 0) return nullptr;
	const nlattr *found = nullptr;
	for_each_nested(nest, [&found, type](const nlattr *attribute) {
		if (mnl_attr_get_type(attribute) == type) found = attribute;
	});
	return found;
}

uint32_t number_inside(const nlattr *nest, uint16_t type) {
	const nlattr *attribute = inside(nest, type);
	return attribute == nullptr ? UINT32_MAX : u32_of(attribute);
}

void add_set(const nlattr *attribute, References &references) {
	if (attribute == nullptr) return;
	std::string name = text_of(attribute);
	if (std::ranges::find(references.sets, name) == references.sets.end()) references.sets.push_back(name);
}

void add_verdict(const nlattr *data, References &references) {
	const nlattr *chain = inside(inside(data, NFTA_DATA_VERDICT), NFTA_VERDICT_CHAIN);
	if (chain == nullptr) return;
	std::string name = text_of(chain);
	references.jump = name;
	if (name.starts_with(kImplicitPrefix)) references.implicit_chain = name;
}

void add_expression(const nlattr *expression, References &references) {
	const nlattr *name_attribute = inside(expression, NFTA_EXPR_NAME);
	const nlattr *data = inside(expression, NFTA_EXPR_DATA);
	if (name_attribute == nullptr) return;
	const std::string name = text_of(name_attribute);
	if (name == "match" || name == "target") references.xtables = true;
	if (name == "fwd" || name == "dup") references.names_links = true;
	if (data == nullptr) return;
	if (name == "lookup") {
		add_set(inside(data, NFTA_LOOKUP_SET), references);
	} else if (name == "dynset") {
		add_set(inside(data, NFTA_DYNSET_SET_NAME), references);
	} else if (name == "objref") {
		add_set(inside(data, NFTA_OBJREF_SET_NAME), references);
	} else if (name == "immediate") {
		add_verdict(inside(data, NFTA_IMMEDIATE_DATA), references);
	} else if (name == "meta") {
		const uint32_t key = number_inside(data, NFTA_META_KEY);
		if (key == NFT_META_IIF || key == NFT_META_OIF || key == NFT_META_SDIF) references.names_links = true;
	} else if (name == "fib") {
		if (number_inside(data, NFTA_FIB_RESULT) == NFT_FIB_RESULT_OIF) references.names_links = true;
	}
}

} // namespace

References references_of_rule(const nlmsghdr *message) {
	References references;
	for_each_attribute(message, sizeof(nfgenmsg), [&references](const nlattr *attribute) {
		if (mnl_attr_get_type(attribute) != NFTA_RULE_EXPRESSIONS ||
		    mnl_attr_validate(attribute, MNL_TYPE_NESTED) < 0)
			return;
		for_each_nested(attribute,
		                [&references](const nlattr *expression) { add_expression(expression, references); });
	});
	return references;
}

} // namespace nft_drops
