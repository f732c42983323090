// SPDX-License-Identifier: GPL-2.0-only
// Listings with counts are nft's own but for the comments, and load again: all kinds of rules, hostile names and
// comments, nftables' own dumps. Each test has a network namespace of its own.
#include "nft-ext/counts/list.h"
#include "nft-ext/ruleset/netlink/change.h"
#include "ruleset_fixture.h"
#include "running.h"

#include <linux/netfilter/nf_tables.h>
#include <nftables/libnftables.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>

namespace nft_drops {
namespace {

// What the listing must be without our comments.
std::string without_comments(const std::string &listing) {
	const std::regex ours(" # dropped packets [0-9]+ bytes [0-9]+\n");
	return std::regex_replace(listing.substr(listing.find('\n') + 1), ours, "\n");
}

class ListTest : public RulesetTest {
protected:
	// A figure of its own for each rule and each policy; packets from 1.
	void count_all() {
		counts_ = {};
		listed_ = list_ruleset();
		uint64_t packets = 0;
		for (const Listed &l : listed_) {
			const bool policy = l.rule == 0;
			packets++;
			counts_.by_culprit[{l.table_handle, policy ? l.chain_handle : l.rule, policy}] = {
			        packets, packets * 60, {}};
		}
	}

	std::string list(const ListRequest &request) {
		std::string all;
		const auto done = list_with_drops(
		        request, counts_,
		        [&all](std::string &text) {
			        all += text;
			        text.clear();
		        },
		        [this](const std::string &text) { warnings_ += text; });
		EXPECT_TRUE(done) << request.command << ": " << done.error().message();
		return all;
	}
	std::string list(const std::string &command = "list ruleset") { return list(ListRequest{.command = command}); }

	// Of everything: nft's own bytes, and every figure at its line (stateless: counters change while we look).
	void expect_right(const std::string &what) {
		EXPECT_EQ(without_comments(list()), output_of("nft -a list ruleset 2>/dev/null")) << what;
		const std::string ours =
		        list(ListRequest{.command = "list ruleset", .flags = NFT_CTX_OUTPUT_STATELESS});
		size_t comments = 0;
		for (size_t at = 0; (at = ours.find(" # dropped packets ", at)) != std::string::npos; at++)
			comments++;
		EXPECT_EQ(comments, listed_.size()) << what;
		for (size_t i = 0; i < listed_.size(); i++) {
			const std::string mark = listed_[i].rule ? " # handle " + std::to_string(listed_[i].rule) : "";
			const std::string line = listed_[i].text + mark + " # dropped packets " +
			                         std::to_string(i + 1) + " bytes " + std::to_string((i + 1) * 60) +
			                         "\n";
			EXPECT_NE(ours.find(line), std::string::npos) << what << ": " << line << ours;
		}
	}

	DropCounts counts_;
	std::vector<Listed> listed_;
	std::string warnings_;
};

constexpr const char *kAwkward = R"(table inet t {
	comment "table # handle 9"
	counter c { comment "x # handle 3" }
	set s { type ipv4_addr . inet_service; flags interval; elements = {
		10.0.0.0/8 . 22, 192.0.2.1 . 80-90, 192.0.2.2 . 81, 192.0.2.3 . 82, 192.0.2.4 . 83 } }
	map m { type inet_service : verdict; elements = { 22 : drop, 23 : jump other } }
	chain other { comment "chain # handle 4
		drop # handle 5"; drop comment "a # handle 7
		b # handle 8"
	}
	chain base {
		type filter hook input priority 0; policy drop;
		tcp dport vmap @m
		tcp dport vmap { 1 : drop, 2 : accept, 3 : jump other }
		ip saddr . tcp dport @s counter drop
		ip saddr { 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4, 192.0.2.5, 192.0.2.6, 192.0.2.7 } drop comment "# handle 5"
		log prefix "p # handle 6
	}
}
" drop
		udp dport 9 jump { ip saddr 192.0.2.9 drop comment "in
		} # handle 4"; drop; ip daddr 192.0.2.8 drop; }
		counter name c drop
		iifname "x}" drop comment "}"
	}
	chain accepting { type filter hook output priority 0; policy accept; }
}
table ip t { chain base { type filter hook input priority 0; policy drop; drop; }
}
)";

TEST_F(ListTest, AddsToNftsOwnListing) {
	ASSERT_TRUE(nft(kAwkward));
	count_all();
	ASSERT_EQ(listed_.size(), 13U);
	const std::string ours = list();
	EXPECT_TRUE(ours.starts_with("# drop counts since ")) << ours;
	expect_right("awkward");
	const std::string plain = output_of("nft -s list ruleset");
	ASSERT_TRUE(nft("flush ruleset"));
	EXPECT_TRUE(nft(ours)) << ours;
	EXPECT_EQ(output_of("nft -s list ruleset"), plain);
}

TEST_F(ListTest, OneTableOrChain) {
	ASSERT_TRUE(nft(kAwkward));
	count_all();
	for (const std::string what : {"table inet t", "chain inet t base", "chain ip t base", "ruleset ip"}) {
		const std::string ours = list("list " + what);
		EXPECT_EQ(without_comments(ours), output_of("nft -a list " + what));
		EXPECT_NE(ours.find("policy drop; # dropped packets "), std::string::npos) << ours;
	}
	// The same rule handle in two tables: each has its own figure.
	const std::string in_ip = list("list chain ip t base");
	EXPECT_NE(in_ip.find("drop # handle 2 # dropped packets " + std::to_string(listed_.size()) + " "),
	          std::string::npos)
	        << in_ip;
}

TEST_F(ListTest, EveryFlagOfNft) {
	ASSERT_TRUE(nft(kAwkward));
	count_all();
	struct Flag {
		const char *option;
		unsigned flag;
	};
	for (const Flag &f : {Flag{"-s", NFT_CTX_OUTPUT_STATELESS}, Flag{"-n", NFT_CTX_OUTPUT_NUMERIC_ALL},
	                      Flag{"-t", NFT_CTX_OUTPUT_TERSE}, Flag{"-y", NFT_CTX_OUTPUT_NUMERIC_PRIO},
	                      Flag{"-S", NFT_CTX_OUTPUT_SERVICE}, Flag{"-p", NFT_CTX_OUTPUT_NUMERIC_PROTO},
	                      Flag{"-a", NFT_CTX_OUTPUT_HANDLE}}) {
		const std::string ours = list(ListRequest{.command = "list ruleset", .flags = f.flag});
		EXPECT_EQ(without_comments(ours), output_of(std::string("nft -a ") + f.option + " list ruleset"))
		        << f.option;
	}
}

TEST_F(ListTest, RulesWithinBraces) {
	ASSERT_TRUE(nft("table inet t { chain c { type filter hook input priority 0; policy accept;\n"
	                "udp dport 9 jump { ip saddr 192.0.2.1 drop; udp dport 8 drop; }\n"
	                "udp dport 10 goto { ip saddr 192.0.2.2 drop; }\n accept; }\n}\n"));
	// nft does not list their handles: by what the kernel tells.
	auto query = Query::open();
	ASSERT_TRUE(query);
	std::vector<std::pair<std::string, uint64_t>> rules;
	Requests request;
	request.dump(NFT_MSG_GETRULE);
	ASSERT_TRUE(query->ask(std::move(request), [&rules](const nlmsghdr *message) {
		if (auto rule = parse_change(message)) rules.emplace_back(rule->chain, rule->handle);
	}));
	const uint64_t table = list_ruleset().at(0).table_handle;
	for (const auto &[chain, handle] : rules)
		counts_.by_culprit[{table, handle, false}] = {handle * 1000, handle, {}};
	std::map<std::string, std::vector<uint64_t>> by_chain;
	for (const auto &[chain, handle] : rules)
		by_chain[chain].push_back(handle);
	ASSERT_EQ(by_chain.size(), 3U);
	ASSERT_EQ(by_chain["c"].size(), 3U);
	by_chain.erase("c");
	const bool first_has_two = by_chain.begin()->second.size() == 2;
	const auto &two = first_has_two ? by_chain.begin()->second : by_chain.rbegin()->second;
	const auto &one = first_has_two ? by_chain.rbegin()->second : by_chain.begin()->second;
	const std::string ours = list();
	const auto comment = [](uint64_t handle) {
		return " # dropped packets " + std::to_string(handle * 1000) + " bytes " + std::to_string(handle) +
		       "\n";
	};
	for (const std::string &line :
	     {"ip saddr 192.0.2.1 drop" + comment(two.at(0)), "udp dport 8 drop" + comment(two.at(1)),
	      "ip saddr 192.0.2.2 drop" + comment(one.at(0))})
		EXPECT_NE(ours.find("\t\t\t" + line), std::string::npos) << line << ours;
	EXPECT_EQ(without_comments(ours), output_of("nft -a list ruleset"));
	EXPECT_EQ(warnings_, "");
	// nft's JSON has no objects for them.
	std::vector<nlohmann::json> inner;
	const auto tree = nlohmann::json::parse(
	        list(ListRequest{.command = "list ruleset", .flags = NFT_CTX_OUTPUT_JSON}), nullptr, false);
	for (const auto &element : tree["nftables"])
		if (element.contains("rule") && element["rule"]["drops"].contains("inner"))
			inner.push_back(element["rule"]["drops"]["inner"]);
	const auto object = [](uint64_t handle) {
		return nlohmann::json{{"handle", handle}, {"packets", handle * 1000}, {"bytes", handle}};
	};
	ASSERT_EQ(inner.size(), 2U);
	EXPECT_EQ(inner[0], nlohmann::json({object(two.at(0)), object(two.at(1))}));
	EXPECT_EQ(inner[1], nlohmann::json::array({object(one.at(0))}));
	EXPECT_TRUE(nft("flush ruleset;" + ours)) << ours;
}

TEST_F(ListTest, NothingDropped) {
	EXPECT_EQ(without_comments(list()), "");
	ASSERT_TRUE(nft(kAwkward));
	const std::string nfts = output_of("nft -a list ruleset");
	const std::string ours = list();
	EXPECT_EQ(ours.substr(ours.find('\n') + 1), nfts);
	const std::string zero = list(ListRequest{.command = "list ruleset", .zero = true});
	EXPECT_EQ(without_comments(zero), nfts);
	EXPECT_NE(zero.find("policy drop; # dropped packets 0 bytes 0\n"), std::string::npos);
	EXPECT_EQ(zero.find("policy accept; # dropped"), std::string::npos);
	EXPECT_TRUE(nft("flush ruleset;" + zero));
}

TEST_F(ListTest, Json) {
	ASSERT_TRUE(nft(kAwkward));
	count_all();
	const std::string ours = list(ListRequest{.command = "list ruleset", .flags = NFT_CTX_OUTPUT_JSON});
	auto tree = nlohmann::json::parse(ours, nullptr, false);
	ASSERT_TRUE(tree.is_object()) << ours;
	size_t figures = 0;
	std::map<std::pair<std::string, std::string>, uint64_t> tables;
	for (auto &element : tree["nftables"]) {
		if (element.contains("table"))
			tables[{element["table"]["family"], element["table"]["name"]}] = element["table"]["handle"];
		for (const char *kind : {"rule", "chain"}) {
			if (!element.contains(kind)) continue;
			auto &object = element[kind];
			ASSERT_TRUE(object.contains("drops")) << object;
			const auto drops = counts_.of({tables.at({object["family"], object["table"]}), object["handle"],
			                               std::string(kind) == "chain"});
			EXPECT_EQ(object["drops"]["packets"], drops.packets) << object;
			EXPECT_EQ(object["drops"]["bytes"], drops.bytes) << object;
			figures += drops.packets > 0;
			object.erase("drops");
		}
		if (element.contains("metainfo")) {
			EXPECT_EQ(element["metainfo"]["drops"]["lost"], 0);
			element["metainfo"].erase("drops");
		}
	}
	EXPECT_EQ(figures, listed_.size());
	EXPECT_EQ(tree, nlohmann::json::parse(output_of("nft -a -j list ruleset"), nullptr, false));
}

TEST_F(ListTest, BusiestFirst) {
	ASSERT_TRUE(nft("table inet t { chain c { type filter hook input priority 0; policy drop;\n"
	                "tcp dport 1 drop; tcp dport 2 drop comment \"\x1b[2J\"; tcp dport 3 drop; }\n}\n"));
	const uint64_t table = list_ruleset().at(0).table_handle;
	counts_.by_culprit[{table, 2, false}] = {7, 420, {}};
	counts_.by_culprit[{table, 3, false}] = {70, 4200, {}};
	counts_.by_culprit[{table, 1, true}] = {9, 540, {}};
	const std::string ours = list(ListRequest{.command = "list ruleset", .sorted = true});
	std::vector<std::string> lines = lines_outside_quotes(ours);
	ASSERT_EQ(lines.size(), 6U) << ours;
	EXPECT_NE(lines[2].find("     70   4200  "), std::string::npos) << ours;
	EXPECT_NE(lines[2].find(R"(inet t c handle 3 "tcp dport 2 drop comment \"\x1b[2J\"")"), std::string::npos)
	        << ours;
	EXPECT_NE(lines[3].find(R"(inet t c policy "type filter hook input priority filter; policy drop;")"),
	          std::string::npos)
	        << ours;
	EXPECT_NE(lines[4].find("inet t c handle 2"), std::string::npos) << ours;
}

TEST_F(ListTest, WhatIsNotThere) {
	std::string all;
	const auto done = list_with_drops(
	        {.command = "list table inet nosuch"}, counts_, [&all](std::string &text) { all += text; },
	        [](const std::string &) {});
	ASSERT_FALSE(done);
	EXPECT_EQ(all, "");
	EXPECT_NE(done.error().message().find("nosuch"), std::string::npos) << done.error().message();
}

TEST_F(ListTest, RulesOfIptablesNft) {
	output_of("iptables-nft -A INPUT -p tcp --dport 22 -m comment --comment 'a # handle 7' -j DROP; "
	          "iptables-nft -P FORWARD DROP");
	count_all();
	ASSERT_GE(listed_.size(), 2U) << "iptables-nft is needed";
	expect_right("iptables-nft");
}

TEST_F(ListTest, KeepsNftsListingForEveryRuleOfTheCorpus) {
	const char *corpus = getenv("NFT_DROPS_NFT_DUMPS");
	if (corpus == nullptr) GTEST_SKIP() << "NFT_DROPS_NFT_DUMPS is not set";
	size_t loaded = 0;
	size_t reloaded = 0;
	size_t refused = 0;
	size_t figures = 0;
	for (const auto &file : std::filesystem::directory_iterator(corpus)) {
		nft("flush ruleset");
		if (!nft(guest::contents(file.path()))) continue;
		loaded++;
		count_all();
		figures += listed_.size();
		const std::string nfts = output_of("nft -a list ruleset 2>/dev/null");
		const std::string ours = list();
		expect_right(file.path());
		// What nft cannot load out of its own listing, it cannot load out of ours.
		nft("flush ruleset");
		const bool own_loads = nft(nfts);
		const std::string own = output_of("nft -s list ruleset 2>/dev/null");
		nft("flush ruleset");
		EXPECT_EQ(nft(ours), own_loads) << file.path() << "\n" << ours;
		EXPECT_EQ(output_of("nft -s list ruleset 2>/dev/null"), own) << file.path();
		(own_loads ? reloaded : refused)++;
	}
	printf("%zu dumps listed with %zu figures as nft lists them, %zu loaded again with comments, %zu that nft does "
	       "not load again itself\n",
	       loaded, figures, reloaded, refused);
	EXPECT_GE(loaded, 100U);
}

} // namespace
} // namespace nft_drops
