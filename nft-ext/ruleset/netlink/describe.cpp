// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/netlink/describe.h"

#include "jit/base/table_family.h"
#include "nft-ext/ruleset/netlink/attributes.h"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cstring>
#include <string_view>
#include <vector>

namespace nft_drops {
namespace {

// By enum nf_tables_msg_types.
constexpr std::array<std::string_view, 26> kMessages = {
        "add table",        "get table",    "delete table",    "add chain",      "get chain",      "delete chain",
        "add rule",         "get rule",     "delete rule",     "add set",        "get set",        "delete set",
        "add elements",     "get elements", "delete elements", "add generation", "get generation", "trace",
        "add object",       "get object",   "delete object",   "reset object",   "add flowtable",  "get flowtable",
        "delete flowtable", "reset rule"};

std::string_view words_of_family(uint8_t family) {
	return family == NFPROTO_UNSPEC ? "all families" : family_name(family, "unknown family");
}

// The names and the handle that say which object is meant. Attribute 1 of every kind of object is its table's name.
// Attribute 2 is the object's own name, except for chains, whose attribute 2 is the handle, and tables.
std::string object_of(const nlmsghdr *message) {
	std::string words;
	const unsigned type = message->nlmsg_type & 0xff;
	const bool is_table = type == NFT_MSG_NEWTABLE || type == NFT_MSG_GETTABLE || type == NFT_MSG_DELTABLE;
	const bool is_chain = type == NFT_MSG_NEWCHAIN || type == NFT_MSG_GETCHAIN || type == NFT_MSG_DELCHAIN;
	const bool is_rule = type == NFT_MSG_NEWRULE || type == NFT_MSG_GETRULE || type == NFT_MSG_DELRULE;
	int name = NFTA_SET_NAME;
	if (is_table) name = NFTA_TABLE_NAME;
	if (is_chain) name = NFTA_CHAIN_NAME;
	for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr *attribute) {
		const int number = mnl_attr_get_type(attribute);
		if (number == NFTA_TABLE_NAME || number == name) words += fmt::format(" \"{}\"", text_of(attribute));
		if (is_rule && number == NFTA_RULE_HANDLE) words += fmt::format(" handle {}", u64_of(attribute));
	});
	return words;
}

std::string describe(const nlmsghdr *message) {
	const unsigned type = message->nlmsg_type & 0xff;
	if (message->nlmsg_type == NFNL_MSG_BATCH_BEGIN) return "begin of a transaction";
	if (message->nlmsg_type == NFNL_MSG_BATCH_END) return "end of a transaction";
	if (message->nlmsg_type == NLMSG_NOOP) return "nothing, to be acknowledged";
	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || type >= kMessages.size() ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(nfgenmsg))
		return fmt::format("message {:#x}, {} bytes", message->nlmsg_type, message->nlmsg_len);
	const auto *generic = static_cast<const nfgenmsg *>(mnl_nlmsg_get_payload(message));
	const bool dump = (message->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	return fmt::format("{}{}, {}{}", kMessages[type], dump ? " (dump)" : "", words_of_family(generic->nfgen_family),
	                   object_of(message));
}

} // namespace

std::string describe_requests(std::span<const char> bytes) {
	// libnftables' own buffers need not be aligned.
	std::vector<uint64_t> aligned((bytes.size() + sizeof(uint64_t) - 1) / sizeof(uint64_t));
	if (!bytes.empty()) memcpy(aligned.data(), bytes.data(), bytes.size());
	std::string lines;
	auto left = static_cast<int>(bytes.size());
	for (const auto *message = reinterpret_cast<const nlmsghdr *>(aligned.data()); mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left))
		lines += describe(message) + '\n';
	return lines;
}

} // namespace nft_drops
