// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/netlink/change.h"

#include "nft-ext/ruleset/netlink/attributes.h"
#include "nft-ext/ruleset/netlink/references.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstring>

namespace nft_drops {
namespace {

void parse_table(const nlmsghdr *message, Change &change) {
	for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr *attribute) {
		switch (mnl_attr_get_type(attribute)) {
		case NFTA_TABLE_NAME:
			change.table = text_of(attribute);
			break;
		case NFTA_TABLE_HANDLE:
			change.handle = u64_of(attribute);
			break;
		case NFTA_TABLE_OWNER:
			change.owner = u32_of(attribute);
			break;
		default:
			break;
		}
	});
}

void parse_hook(const nlattr *hook, Change &change) {
	for_each_nested(hook, [&](const nlattr *attribute) {
		if (mnl_attr_get_type(attribute) == NFTA_HOOK_PRIORITY)
			change.priority = static_cast<int32_t>(u32_of(attribute));
	});
}

void parse_chain(const nlmsghdr *message, Change &change) {
	for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr *attribute) {
		switch (mnl_attr_get_type(attribute)) {
		case NFTA_CHAIN_TABLE:
			change.table = text_of(attribute);
			break;
		case NFTA_CHAIN_NAME:
			change.chain = text_of(attribute);
			break;
		case NFTA_CHAIN_HANDLE:
			change.handle = u64_of(attribute);
			break;
		case NFTA_CHAIN_HOOK:
			change.base = true;
			parse_hook(attribute, change);
			break;
		case NFTA_CHAIN_USE:
			change.use = u32_of(attribute);
			break;
		case NFTA_CHAIN_FLAGS:
			change.binding = (u32_of(attribute) & NFT_CHAIN_BINDING) != 0;
			break;
		default:
			break;
		}
	});
}

void parse_rule(const nlmsghdr *message, Change &change) {
	for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr *attribute) {
		switch (mnl_attr_get_type(attribute)) {
		case NFTA_RULE_TABLE:
			change.table = text_of(attribute);
			break;
		case NFTA_RULE_CHAIN:
			change.chain = text_of(attribute);
			break;
		case NFTA_RULE_HANDLE:
			change.handle = u64_of(attribute);
			break;
		case NFTA_RULE_EXPRESSIONS:
			// Rare, and a look at the raw bytes is cheap.
			if (memmem(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute),
			           kImplicitPrefix, strlen(kImplicitPrefix)) != nullptr)
				change.implicit = references_of_rule(message).implicit_chain;
			break;
		default:
			break;
		}
	});
}

void parse_generation(const nlmsghdr *message, Change &change) {
	for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr *attribute) {
		if (mnl_attr_get_type(attribute) == NFTA_GEN_ID) change.generation = u32_of(attribute);
	});
}

} // namespace

std::optional<Change> parse_change(const nlmsghdr *message) {
	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || mnl_nlmsg_get_payload_len(message) < sizeof(nfgenmsg))
		return {};
	Change change;
	change.family = static_cast<const nfgenmsg *>(mnl_nlmsg_get_payload(message))->nfgen_family;
	switch (message->nlmsg_type & 0xff) {
	case NFT_MSG_NEWTABLE:
		change.kind = Change::Kind::kNewTable;
		break;
	case NFT_MSG_DELTABLE:
		change.kind = Change::Kind::kDelTable;
		break;
	case NFT_MSG_NEWCHAIN:
		change.kind = Change::Kind::kNewChain;
		break;
	case NFT_MSG_DELCHAIN:
		change.kind = Change::Kind::kDelChain;
		break;
	case NFT_MSG_NEWRULE:
		change.kind = Change::Kind::kNewRule;
		break;
	case NFT_MSG_DELRULE:
		change.kind = Change::Kind::kDelRule;
		break;
	case NFT_MSG_NEWGEN:
		change.kind = Change::Kind::kGeneration;
		break;
	default:
		return {};
	}
	switch (change.kind) {
	case Change::Kind::kNewTable:
	case Change::Kind::kDelTable:
		parse_table(message, change);
		break;
	case Change::Kind::kNewChain:
	case Change::Kind::kDelChain:
		parse_chain(message, change);
		break;
	case Change::Kind::kNewRule:
	case Change::Kind::kDelRule:
		parse_rule(message, change);
		break;
	case Change::Kind::kGeneration:
		parse_generation(message, change);
		return change;
	}
	if (change.table.empty() || change.handle == 0) return {};
	return change;
}

} // namespace nft_drops
