// SPDX-License-Identifier: GPL-2.0-only
// Every text is the one that nft prints: all kinds of rules, the corpus, names and comments that look like structure.
#include "ruleset_fixture.h"
#include "running.h"

#include "nft-ext/ruleset/index/index.h"
#include "nft-ext/ruleset/index/snapshot.h"
#include "nft-ext/ruleset/text/formatter.h"
#include "nft-ext/ruleset/text/reader.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace nft_drops {
namespace {

constexpr std::array kRulesets{
        kArticle,
        // Text that looks like structure.
        "table inet t {\n"
        "	set s { type ipv4_addr; comment \"\tchain input { # handle 1\"; }\n"
        "	chain input {\n"
        "		comment \"type filter hook input priority 0; policy accept;\"\n"
        "		type filter hook input priority 0; policy drop;\n"
        "		drop comment \"looks like # handle 7\"\n"
        "		ip saddr @s drop comment \"two\n\t\tdrop # handle 7\nlines\"\n"
        "		accept comment \"\t}\n}\n\"\n"
        "		log prefix \"# handle 7\" drop\n"
        "		log prefix \"{ jump {\" drop\n"
        "		drop comment \"# handle 7\n\"\n"
        "		drop comment "
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n"
        "	}\n"
        "}\n",
        // Equal handles everywhere.
        R"(table inet a { chain c { tcp dport 1 drop; }; }
	   table inet b { chain c { tcp dport 2 drop; }; }
	   table ip a { chain c { tcp dport 3 drop; }; }
	   table ip6 a { chain c { type filter hook input priority 0; policy drop; ip6 saddr 2001:db8::/32 drop; exthdr frag exists drop; icmpv6 type nd-router-advert drop; }; }
	   table arp a { chain c { type filter hook input priority 0; policy drop; arp operation request arp saddr ip 192.0.2.1 drop; }; }
	   table bridge a { chain c { type filter hook forward priority 0; policy drop; ether saddr 02:00:00:00:00:01 drop; vlan id 5 ip saddr 192.0.2.1 drop; }; }
	   table netdev a { chain c { type filter hook ingress device lo priority 0; policy drop; ip protocol udp drop; }; })",
        R"(table inet t {
		chain i {
			type filter hook input priority 0; policy drop;
			tcp dport 99 jump { ip saddr { 192.0.2.1, 192.0.2.2 } drop; udp dport 53 accept; }
			tcp dport 98 goto { tcp sport 5 drop; tcp sport 6 accept comment "inner # handle 7"; }
			drop
		}
	})",
};

// Rules of many kinds, each added alone: not every kernel has a module for each.
constexpr const char *kCommon = R"(
	table inet t {
		set addresses { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.0.2.7 }; }
		set seen { type ipv4_addr; flags dynamic,timeout; timeout 1m; }
		set pairs { type ipv4_addr . inet_service; elements = { 192.0.2.1 . 80, 192.0.2.2 . 443 }; }
		map ports { type inet_service : ipv4_addr; elements = { 80 : 192.0.2.1 }; }
		map verdicts { type inet_service : verdict; elements = { 22 : accept, 23 : drop }; }
		counter c1 { }
		quota q1 { over 10 mbytes; }
		limit l1 { rate 5/second; }
		chain input { type filter hook input priority filter - 5; policy drop; }
		chain other { tcp sport 1 return; goto third; }
		chain third { drop; }
		chain pre { type filter hook prerouting priority mangle; policy drop; }
	}
)";
constexpr std::array kRules{
        "ip saddr @addresses drop",
        "ip saddr != @addresses accept",
        "ip saddr . tcp dport @pairs accept",
        "ip saddr . tcp dport { 192.0.2.1 . 80, 192.0.2.2 . 100-200, 192.0.2.0/24 . 443 } drop",
        "tcp dport vmap @verdicts",
        "tcp dport vmap { 25 : drop, 80 : jump other, 443 : goto other }",
        "ip saddr @addresses tcp dport { 1, 2 } udp dport vmap @verdicts",
        "meta mark set tcp dport map { 80 : 0x1, 443 : 0x2 }",
        "add @seen { ip saddr timeout 30s } accept",
        "update @seen { ip saddr limit rate 10/second } drop",
        "meter flows { ip saddr limit rate over 20/second } drop",
        "counter name \"c1\" drop",
        "counter name tcp dport map { 80 : \"c1\" } drop",
        "quota name \"q1\" drop",
        "limit name \"l1\" accept",
        "quota over 1000 bytes drop",
        "limit rate over 10/minute burst 5 packets drop",
        "ct count over 20 drop",
        "ct state established,related accept",
        "ct mark 0x1 ct status assured drop",
        "ct original packets > 100 drop",
        "tcp flags & (syn|ack) == syn drop",
        "tcp flags syn / syn,ack,rst drop",
        "tcp option maxseg size 1-500 drop",
        "ip dscp { cs1, af11 } drop",
        "ip frag-off & 0x1fff != 0 drop",
        "ip6 saddr 2001:db8::/32 drop",
        "exthdr frag exists drop",
        "icmpv6 type { nd-router-advert, nd-neighbor-solicit } drop",
        "meta l4proto { tcp, udp } th dport 53 accept",
        "meta skuid 0 drop",
        "meta hour \"08:00\"-\"17:00\" drop",
        "meta time > \"2026-01-01 00:00:00\" drop",
        "meta day { \"Monday\", \"Tuesday\" } drop",
        "@th,16,16 0x35 drop",
        "iif lo oif lo drop",
        "iifname \"lo*\" drop",
        "iifname { \"lo\", \"eth*\" } drop",
        "fib saddr . iif oif missing drop",
        "fib daddr type { local, broadcast } accept",
        "rt ip nexthop 192.0.2.1 drop",
        "socket transparent 1 drop",
        "numgen inc mod 2 vmap { 0 : drop, 1 : accept }",
        "jhash ip saddr mod 2 seed 0xdeadbeef vmap { 0 : drop, 1 : accept }",
        "log prefix \"in: \" level warn flags all drop",
        "reject with icmpx type admin-prohibited",
        "reject with tcp reset",
        "queue num 1-3 bypass,fanout",
        "synproxy mss 1460 wscale 7 timestamp sack-perm",
        "jump other",
        "goto third",
};
constexpr std::array kOtherRules{
        "table ip nat { chain pre { type nat hook prerouting priority dstnat; }; }\n"
        "add rule ip nat pre dnat to tcp dport map { 80 : 192.0.2.1, 81 : 192.0.2.2 }",
        "add rule ip nat pre tcp dport 81 redirect to :8080",
        "table ip nat { chain post { type nat hook postrouting priority srcnat; }; }\n"
        "add rule ip nat post ip saddr 10.0.0.0/8 masquerade random",
        "add rule ip nat post snat to 192.0.2.1-192.0.2.9",
        "add rule inet t pre tcp dport 82 tproxy ip to :5000 meta mark set 0x5 accept",
        "add rule inet t pre notrack",
        "table inet t { flowtable ft { hook ingress priority 0; devices = { lo }; }; }\n"
        "add rule inet t other meta l4proto tcp flow add @ft",
        "table netdev n { chain c { type filter hook ingress device lo priority 0; policy drop; }; }\n"
        "add rule netdev n c ip protocol udp dup to lo\nadd rule netdev n c ip protocol tcp fwd to lo",
};

TEST_F(RulesetTest, EveryRuleOfTheHandWrittenRulesets) {
	for (const char *ruleset : kRulesets) {
		SCOPED_TRACE(ruleset);
		ASSERT_TRUE(nft(std::string("flush ruleset\n") + ruleset));
		start();
		EXPECT_GE(compare_all(), 4U);
	}
}

TEST_F(RulesetTest, RulesOfManyKinds) {
	ASSERT_TRUE(nft(kCommon));
	size_t added = 0;
	for (const char *rule : kRules)
		added += nft(std::string("add rule inet t input ") + rule) ? 1 : 0;
	for (const char *command : kOtherRules)
		added += nft(command) ? 1 : 0;
	start();
	const size_t compared = compare_all();
	printf("%zu of %zu kinds of rules exist on this kernel; %zu rules and policies are as nft prints them\n", added,
	       kRules.size() + kOtherRules.size(), compared);
	EXPECT_GT(added, kRules.size() / 2);
	EXPECT_GE(compared, added);
}

TEST_F(RulesetTest, EveryRuleOfTheCorpus) {
	const char *corpus = getenv("NFT_DROPS_NFT_DUMPS");
	if (corpus == nullptr) GTEST_SKIP() << "NFT_DROPS_NFT_DUMPS is not set";
	size_t files = 0;
	size_t rules = 0;
	for (const auto &file : std::filesystem::directory_iterator(corpus)) {
		SCOPED_TRACE(file.path().string());
		const std::string ruleset = guest::contents(file.path());
		ASSERT_TRUE(nft("flush ruleset\n"));
		if (!nft(ruleset)) continue;
		start();
		files++;
		rules += compare_all();
	}
	printf("%zu rules and policies of %zu files are as nft prints them\n", rules, files);
	EXPECT_GT(files, 0U);
	EXPECT_GT(rules, 0U);
}

TEST_F(RulesetTest, RulesOfImplicitChains) {
	ASSERT_TRUE(nft(kRulesets.back()));
	start();
	// They stand in chains that nft does not list; the handles are given in the order of the ruleset, before the
	// rule that they are part of.
	const Listed outer = find("tcp dport 99");
	std::map<std::string, std::string> found; // text -> chain
	for (uint64_t handle = 1; handle < 64; handle++) {
		Listed inner = outer;
		inner.rule = handle;
		const Attribution answer = ask(inner, generation());
		if (answer.known) found[answer.text] = answer.chain;
	}
	for (const char *text : {"ip saddr { 192.0.2.1, 192.0.2.2 } drop", "udp dport 53 accept", "tcp sport 5 drop",
	                         "tcp sport 6 accept comment \"inner # handle 7\""}) {
		ASSERT_TRUE(found.contains(text)) << text;
		EXPECT_TRUE(found[text].starts_with("__chain")) << found[text];
	}
	EXPECT_EQ(found["ip saddr { 192.0.2.1, 192.0.2.2 } drop"], found["udp dport 53 accept"]);
	EXPECT_NE(found["tcp sport 5 drop"], found["udp dport 53 accept"]);
}

TEST_F(RulesetTest, LongTexts) {
	std::string elements;
	for (int i = 0; i < 20000; i++)
		elements += (i != 0 ? ", " : "") + std::string("10.") + std::to_string(i / 250) + "." +
		            std::to_string(i % 250) + ".1";
	ASSERT_TRUE(nft("table ip t { chain c { ip saddr { " + elements + " } drop; }; }"));
	start();
	EXPECT_EQ(compare_all(), 1U);
}

TEST_F(RulesetTest, IptablesNft) {
	if (system("iptables-nft -N nd-user 2>/dev/null") != 0) GTEST_SKIP() << "no iptables-nft here";
	ASSERT_EQ(system("set -e; iptables-nft -N log; iptables-nft -N 1st; iptables-nft -P INPUT DROP;"
	                 "iptables-nft -A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -j nd-user;"
	                 "iptables-nft -A INPUT -m comment --comment 'text # handle 7' -j DROP;"
	                 "iptables-nft -A log -m multiport -p tcp --dports 1,2 -j REJECT --reject-with tcp-reset;"
	                 "iptables-nft -A 1st -m limit --limit 5/min -j LOG --log-prefix 'x '; iptables-nft -A nd-user "
	                 "-j log"),
	          0);
	// A confined process does not print them (confine.h), and says so.
	auto confined = Ruleset::start({});
	ASSERT_TRUE(confined);
	EXPECT_FALSE(wait_until_ready(**confined));
	EXPECT_TRUE((*confined)->needs_xtables());
	start({.xtables = true});
	EXPECT_EQ(compare_all(), 6U);
}

// Names that nft's own grammar cannot express come from programs that speak netlink themselves.
TEST_F(RulesetTest, HostileNamesAndComments) {
	const std::string table = "t {\n\tchain c { # handle 1";
	const std::string chain = "drop\n\t\tdrop # handle 3\n\t}\n}\n\"";
	const std::vector<std::string> comments{"\"", "a # handle 3\n\t\tdrop # handle 4", "\" # handle 4\n\t}\n}\n",
	                                        "\x1b[2J\r"};
	std::vector<char> buffer(65536);
	mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(buffer.data(), 32768);
	const auto next = [batch] { mnl_nlmsg_batch_next(batch); };
	nftnl_batch_begin(static_cast<char *>(mnl_nlmsg_batch_current(batch)), 0);
	next();
	nftnl_table *new_table = nftnl_table_alloc();
	nftnl_table_set_str(new_table, NFTNL_TABLE_NAME, table.c_str());
	nftnl_table_nlmsg_build_payload(nftnl_nlmsg_build_hdr(static_cast<char *>(mnl_nlmsg_batch_current(batch)),
	                                                      NFT_MSG_NEWTABLE, NFPROTO_INET, NLM_F_CREATE, 0),
	                                new_table);
	nftnl_table_free(new_table);
	next();
	nftnl_chain *new_chain = nftnl_chain_alloc();
	nftnl_chain_set_str(new_chain, NFTNL_CHAIN_TABLE, table.c_str());
	nftnl_chain_set_str(new_chain, NFTNL_CHAIN_NAME, chain.c_str());
	nftnl_chain_set_u32(new_chain, NFTNL_CHAIN_HOOKNUM, NF_INET_LOCAL_IN);
	nftnl_chain_set_s32(new_chain, NFTNL_CHAIN_PRIO, 0);
	nftnl_chain_set_str(new_chain, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_u32(new_chain, NFTNL_CHAIN_POLICY, NF_DROP);
	nftnl_chain_nlmsg_build_payload(nftnl_nlmsg_build_hdr(static_cast<char *>(mnl_nlmsg_batch_current(batch)),
	                                                      NFT_MSG_NEWCHAIN, NFPROTO_INET, NLM_F_CREATE, 0),
	                                new_chain);
	nftnl_chain_free(new_chain);
	next();
	for (const std::string &comment : comments) {
		nftnl_rule *rule = nftnl_rule_alloc();
		nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, table.c_str());
		nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain.c_str());
		nftnl_expr *verdict = nftnl_expr_alloc("immediate");
		nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
		nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_VERDICT, NF_DROP);
		nftnl_rule_add_expr(rule, verdict);
		// Type 0 is the comment (NFTNL_UDATA_RULE_COMMENT), with its NUL.
		std::string data{'\0', static_cast<char>(comment.size() + 1)};
		data += comment + '\0';
		nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, data.data(), static_cast<uint32_t>(data.size()));
		nftnl_rule_nlmsg_build_payload(
		        nftnl_nlmsg_build_hdr(static_cast<char *>(mnl_nlmsg_batch_current(batch)), NFT_MSG_NEWRULE,
		                              NFPROTO_INET, NLM_F_CREATE | NLM_F_APPEND, 0),
		        rule);
		nftnl_rule_free(rule);
		next();
	}
	nftnl_batch_end(static_cast<char *>(mnl_nlmsg_batch_current(batch)), 0);
	next();
	mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
	ASSERT_NE(socket, nullptr);
	EXPECT_GT(mnl_socket_sendto(socket, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch)), 0);
	mnl_socket_close(socket);
	mnl_nlmsg_batch_stop(batch);

	start();
	nd_event event{};
	event.family = NFPROTO_INET;
	event.cause = ND_CAUSE_RULE;
	event.generation = generation();
	// Before Linux 6.0, namespaces share the counter of these handles.
	const auto listed = nlohmann::json::parse(output_of("nft -j list tables"));
	event.table_handle = listed["nftables"][1]["table"]["handle"];
	event.chain_handle = 1;
	for (size_t i = 0; i < comments.size(); i++) {
		event.rule_handle = 2 + i;
		const Attribution answer = ask(event);
		EXPECT_EQ(answer.text, "drop comment \"" + comments[i] + "\"");
		EXPECT_EQ(answer.chain, chain);
		EXPECT_EQ(answer.table, table);
	}
	event.cause = ND_CAUSE_POLICY;
	EXPECT_EQ(ask(event).text, "type filter hook input priority filter; policy drop;");
}

// Where narrowing cannot be used, listings of everything are taken apart: nothing may be wrong there either.
TEST_F(RulesetTest, PlainWay) {
	for (const char *ruleset : kRulesets) {
		SCOPED_TRACE(ruleset);
		ASSERT_TRUE(nft(std::string("flush ruleset\n") + ruleset));
		auto query = Query::open();
		ASSERT_TRUE(query);
		Formatter formatter;
		Reader reader(*query, formatter, false);
		Index index;
		ASSERT_TRUE(take_snapshot(*query, index, nullptr));
		for (const Listed &listed : list_ruleset()) {
			Table *table = index.table(listed.table_handle);
			ASSERT_NE(table, nullptr);
			const auto text = listed.rule != 0
			                          ? reader.rule(*table, *table->rule(listed.rule))
			                          : reader.chain_line(*table, *table->chain(listed.chain_handle));
			ASSERT_TRUE(text) << listed.text;
			EXPECT_EQ(text->text, listed.text);
		}
		EXPECT_GE(reader.plain_listings(), 1U);
	}
}

} // namespace
} // namespace nft_drops
