// SPDX-License-Identifier: GPL-2.0-only
// Messages are made with libnftnl, which is not what takes them apart.
#include "nft-ext/ruleset/netlink/change.h"
#include "nft-ext/ruleset/netlink/references.h"
#include "nft-ext/ruleset/netlink/requests.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstring>
#include <endian.h>
#include <memory>
#include <string>
#include <vector>

namespace nft_drops {
namespace {

class RuleMessage {
public:
	RuleMessage() : rule_(nftnl_rule_alloc(), nftnl_rule_free) {
		nftnl_rule_set_str(rule_.get(), NFTNL_RULE_TABLE, "t");
		nftnl_rule_set_str(rule_.get(), NFTNL_RULE_CHAIN, "c");
		nftnl_rule_set_u64(rule_.get(), NFTNL_RULE_HANDLE, 0x123456789);
	}
	nftnl_expr *add(const char *name) {
		nftnl_expr *expression = nftnl_expr_alloc(name);
		nftnl_rule_add_expr(rule_.get(), expression);
		return expression;
	}
	nlmsghdr *build(uint16_t type = NFT_MSG_NEWRULE) {
		nlmsghdr *message = nftnl_nlmsg_build_hdr(buffer_.data(), type, NFPROTO_IPV6, 0, 0);
		message->nlmsg_type = static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
		nftnl_rule_nlmsg_build_payload(message, rule_.get());
		return message;
	}

private:
	std::unique_ptr<nftnl_rule, void (*)(const nftnl_rule *)> rule_;
	std::vector<char> buffer_ = std::vector<char>(8192);
};

void jump(RuleMessage &message, const char *chain) {
	nftnl_expr *verdict = message.add("immediate");
	nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_VERDICT, static_cast<uint32_t>(NFT_JUMP));
	nftnl_expr_set_str(verdict, NFTNL_EXPR_IMM_CHAIN, chain);
}

TEST(ParseChange, Rules) {
	RuleMessage message;
	const auto added = parse_change(message.build());
	ASSERT_TRUE(added);
	EXPECT_EQ(added->kind, Change::Kind::kNewRule);
	EXPECT_EQ(added->family, NFPROTO_IPV6);
	EXPECT_EQ(added->table, "t");
	EXPECT_EQ(added->chain, "c");
	EXPECT_EQ(added->handle, 0x123456789U);
	EXPECT_EQ(added->implicit, "");
	EXPECT_EQ(parse_change(message.build(NFT_MSG_DELRULE))->kind, Change::Kind::kDelRule);
	EXPECT_FALSE(parse_change(message.build(NFT_MSG_NEWSETELEM)));
}

// libmnl's own end of a message is rounded up to four bytes: what lies there is not the message's.
TEST(ParseChange, AnAttributeThatReachesBeyondTheMessage) {
	RuleMessage rule;
	nlmsghdr *message = rule.build();
	ASSERT_TRUE(parse_change(message));
	const uint32_t whole = message->nlmsg_len;
	nlattr handle{};
	handle.nla_len = sizeof(handle) + sizeof(uint64_t);
	handle.nla_type = NFTA_RULE_HANDLE;
	const uint64_t forged = htobe64(7);
	auto *end = reinterpret_cast<char *>(message) + whole;
	memcpy(end, &handle, sizeof(handle));
	memcpy(end + sizeof(handle), &forged, sizeof(forged));
	message->nlmsg_len = whole + sizeof(handle) + sizeof(forged);
	EXPECT_EQ(parse_change(message)->handle, 7U) << "it is read while it is there";
	for (uint32_t missing = 1; missing <= 4; missing++) {
		message->nlmsg_len = whole + sizeof(handle) + sizeof(forged) - missing;
		EXPECT_EQ(parse_change(message)->handle, 0x123456789U) << missing;
	}
}

TEST(ParseChange, ImplicitChains) {
	RuleMessage message;
	jump(message, "__chain17");
	EXPECT_EQ(parse_change(message.build())->implicit, "__chain17");
	RuleMessage other;
	jump(other, "chain17");
	EXPECT_EQ(parse_change(other.build())->implicit, "");
}

TEST(ParseChange, Chains) {
	std::vector<char> buffer(4096);
	const std::unique_ptr<nftnl_chain, void (*)(const nftnl_chain *)> chain(nftnl_chain_alloc(), nftnl_chain_free);
	nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, "t");
	nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, "c");
	nftnl_chain_set_u64(chain.get(), NFTNL_CHAIN_HANDLE, 5);
	nlmsghdr *message = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_NEWCHAIN, NFPROTO_INET, 0, 0);
	nftnl_chain_nlmsg_build_payload(message, chain.get());
	EXPECT_FALSE(parse_change(message)->base);
	EXPECT_FALSE(parse_change(message)->binding);
	EXPECT_EQ(parse_change(message)->handle, 5U);

	nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_HOOKNUM, NF_INET_LOCAL_IN);
	nftnl_chain_set_s32(chain.get(), NFTNL_CHAIN_PRIO, -150);
	nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_FLAGS, NFT_CHAIN_BINDING);
	message = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_NEWCHAIN, NFPROTO_INET, 0, 0);
	nftnl_chain_nlmsg_build_payload(message, chain.get());
	EXPECT_TRUE(parse_change(message)->base);
	EXPECT_EQ(parse_change(message)->priority, -150);
	EXPECT_TRUE(parse_change(message)->binding);
}

TEST(ParseChange, CutOffMessagesAreNoChanges) {
	RuleMessage message;
	jump(message, "__chain17");
	nlmsghdr *whole = message.build();
	const uint32_t length = whole->nlmsg_len;
	for (uint32_t cut = sizeof(nlmsghdr); cut < length; cut += 4) {
		// In a block of its own, so that a read beyond it is seen by a sanitizer.
		std::vector<char> copy(cut);
		memcpy(copy.data(), whole, cut);
		auto *shorter = reinterpret_cast<nlmsghdr *>(copy.data());
		shorter->nlmsg_len = cut;
		const auto change = parse_change(shorter);
		if (cut < sizeof(nlmsghdr) + 4 + 8 + 8 + 12) {
			EXPECT_FALSE(change) << cut;
		}
	}
}

TEST(References, Sets) {
	RuleMessage message;
	nftnl_expr_set_str(message.add("lookup"), NFTNL_EXPR_LOOKUP_SET, "a");
	nftnl_expr_set_str(message.add("lookup"), NFTNL_EXPR_LOOKUP_SET, "__set0");
	nftnl_expr_set_str(message.add("dynset"), NFTNL_EXPR_DYNSET_SET_NAME, "b");
	nftnl_expr_set_str(message.add("lookup"), NFTNL_EXPR_LOOKUP_SET, "a");
	nftnl_expr *object = message.add("objref");
	nftnl_expr_set_u32(object, NFTNL_EXPR_OBJREF_SET_SREG, NFT_REG_1);
	nftnl_expr_set_str(object, NFTNL_EXPR_OBJREF_SET_NAME, "c");
	const References references = references_of_rule(message.build());
	EXPECT_EQ(references.sets, (std::vector<std::string>{"a", "__set0", "b", "c"}));
	EXPECT_FALSE(references.names_links);
	EXPECT_EQ(references.implicit_chain, "");
}

TEST(References, InterfaceNamesLookedUpByIndex) {
	const auto with_meta = [](uint32_t key) {
		RuleMessage message;
		nftnl_expr *meta = message.add("meta");
		nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, key);
		nftnl_expr_set_u32(meta, NFTNL_EXPR_META_DREG, NFT_REG_1);
		return references_of_rule(message.build()).names_links;
	};
	EXPECT_TRUE(with_meta(NFT_META_IIF));
	EXPECT_TRUE(with_meta(NFT_META_OIF));
	EXPECT_FALSE(with_meta(NFT_META_IIFNAME)) << "the name itself is in the rule";
	EXPECT_FALSE(with_meta(NFT_META_L4PROTO));
	RuleMessage forward;
	forward.add("fwd");
	EXPECT_TRUE(references_of_rule(forward.build()).names_links);
}

// The headers of the messages in a buffer.
std::vector<nlmsghdr> headers(const Requests &requests) {
	std::vector<nlmsghdr> all;
	for (size_t at = 0; at < requests.bytes().size();) {
		nlmsghdr header{};
		memcpy(&header, requests.bytes().data() + at, sizeof(header));
		all.push_back(header);
		at += NLMSG_ALIGN(header.nlmsg_len);
	}
	return all;
}

TEST(Requests, OnlyTheLastIsAcknowledged) {
	Requests requests;
	requests.get_set(NFPROTO_INET, "t", "a");
	requests.get_set(NFPROTO_INET, "t", "b");
	requests.acknowledge();
	requests.number(77);
	const auto all = headers(requests);
	ASSERT_EQ(all.size(), 2U);
	EXPECT_EQ(all[0].nlmsg_type, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSET);
	EXPECT_EQ(all[0].nlmsg_flags, NLM_F_REQUEST);
	EXPECT_EQ(all[1].nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	EXPECT_EQ(all[0].nlmsg_seq, 77U);
	EXPECT_EQ(all[1].nlmsg_seq, 77U);
}

TEST(Requests, NothingIsAskedForByADo) {
	Requests requests;
	requests.acknowledge();
	const auto all = headers(requests);
	ASSERT_EQ(all.size(), 1U);
	EXPECT_EQ(all[0].nlmsg_type, NLMSG_NOOP);
	EXPECT_EQ(all[0].nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
}

TEST(Requests, ARuleIsNamedByTableChainAndHandle) {
	Requests requests;
	requests.get_rule(NFPROTO_IPV6, "t", "c", 0x123456789);
	// The attributes are the same as in an event, so the parser of those can tell.
	std::vector<char> bytes = requests.bytes();
	auto *message = reinterpret_cast<nlmsghdr *>(bytes.data());
	EXPECT_EQ(message->nlmsg_type, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE);
	message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE;
	const auto rule = parse_change(message);
	ASSERT_TRUE(rule);
	EXPECT_EQ(rule->family, NFPROTO_IPV6);
	EXPECT_EQ(rule->table, "t");
	EXPECT_EQ(rule->chain, "c");
	EXPECT_EQ(rule->handle, 0x123456789U);
}

TEST(Requests, TooLongNamesAreNotAskedFor) {
	Requests requests;
	requests.get_chain(NFPROTO_INET, std::string(3000, 't'), "c");
	EXPECT_TRUE(requests.empty());
}

} // namespace
} // namespace nft_drops
