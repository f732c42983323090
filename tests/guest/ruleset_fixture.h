// SPDX-License-Identifier: GPL-2.0-only
// For tests of rule texts against the real nft. They need root and nf_tables; each runs in a network namespace of its
// own. The truth is the output of the nft binary, taken apart here and not by the code under test.
#ifndef NFT_DROPS_TESTS_GUEST_RULESET_FIXTURE_H
#define NFT_DROPS_TESTS_GUEST_RULESET_FIXTURE_H

#include "nft-ext/ruleset/netlink/netlink.h"
#include "nft-ext/ruleset/text/ruleset.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace nft_drops {

inline std::string output_of(const std::string &command) {
	FILE *pipe = popen(command.c_str(), "r");
	if (pipe == nullptr) return {};
	std::string output;
	std::array<char, 65536> buffer{};
	while (const size_t got = fread(buffer.data(), 1, buffer.size(), pipe))
		output.append(buffer.data(), got);
	pclose(pipe);
	return output;
}

// Feeds a ruleset to nft's standard input.
inline bool nft(const std::string &ruleset) {
	FILE *pipe = popen("nft -f - 2>/dev/null", "w");
	if (pipe == nullptr) return false;
	fwrite(ruleset.data(), 1, ruleset.size(), pipe);
	return pclose(pipe) == 0;
}

inline uint8_t family_number(const std::string &family) {
	static const std::map<std::string, uint8_t> numbers{{"inet", NFPROTO_INET},     {"ip", NFPROTO_IPV4},
	                                                    {"ip6", NFPROTO_IPV6},      {"arp", NFPROTO_ARP},
	                                                    {"bridge", NFPROTO_BRIDGE}, {"netdev", NFPROTO_NETDEV}};
	return numbers.at(family);
}

// One rule, or with rule 0 one base chain's line, of nft's listing.
struct Listed {
	std::string family;
	std::string table;
	uint64_t table_handle = 0;
	std::string chain;
	uint64_t chain_handle = 0;
	uint64_t rule = 0;
	std::string text;
};

// "NAME { # handle N" -> NAME, N
inline std::pair<std::string, uint64_t> named(const std::string &line) {
	const size_t brace = line.find(" { # handle ");
	if (brace == std::string::npos) return {};
	return {line.substr(0, brace), std::stoull(line.substr(brace + strlen(" { # handle ")))};
}

inline std::vector<std::string> lines_outside_quotes(const std::string &listing) {
	std::vector<std::string> lines(1);
	bool quoted = false;
	for (const char byte : listing) {
		if (byte == '"') quoted = !quoted;
		if (byte == '\n' && !quoted)
			lines.emplace_back();
		else
			lines.back() += byte;
	}
	return lines;
}

inline std::vector<Listed> list_ruleset() {
	std::vector<Listed> all;
	Listed at;
	std::string open_rule; // of several lines
	for (const std::string &line : lines_outside_quotes(output_of("nft -a -s list ruleset"))) {
		if (line.starts_with("table ")) {
			const size_t space = line.find(' ', 6);
			at = Listed{};
			at.family = line.substr(6, space - 6);
			std::tie(at.table, at.table_handle) = named(line.substr(space + 1));
		} else if (line.starts_with("\tchain ")) {
			std::tie(at.chain, at.chain_handle) = named(line.substr(7));
		} else if (line == "\t}" || line == "}") {
			at.chain_handle = 0;
		} else if (at.chain_handle != 0 && line.starts_with("\t\t")) {
			if (open_rule.empty() && line.starts_with("\t\ttype ")) {
				at.rule = 0;
				at.text = line.substr(2);
				all.push_back(at);
				continue;
			}
			open_rule += open_rule.empty() ? line.substr(2) : "\n" + line;
			const size_t mark = line.rfind(" # handle ");
			const bool inner = line.starts_with("\t\t\t");
			const bool ends = mark != std::string::npos && !inner &&
			                  line.find_first_not_of("0123456789", mark + 10) == std::string::npos;
			if (ends) {
				at.rule = std::stoull(line.substr(mark + 10));
				at.text = open_rule.substr(0, open_rule.rfind(" # handle "));
				all.push_back(at);
			}
			// A chain's own comment ends with its quote; `jump {` goes on.
			if (ends || (!inner && !line.ends_with("{") && !line.ends_with("}"))) open_rule.clear();
		}
	}
	return all;
}

inline uint32_t generation() {
	auto query = Query::open();
	return query ? query->generation().value_or(0) : 0;
}

inline nd_event event_of(const Listed &listed, uint32_t in_generation) {
	nd_event event{};
	event.time_ns = now_ns();
	event.rule_handle = listed.rule;
	event.table_handle = listed.table_handle;
	event.chain_handle = listed.chain_handle;
	event.generation = in_generation;
	event.family = family_number(listed.family);
	event.cause = listed.rule != 0 ? ND_CAUSE_RULE : ND_CAUSE_POLICY;
	strncpy(event.table, listed.table.c_str(), sizeof(event.table) - 1);
	return event;
}

inline bool wait_for_more(const Ruleset &ruleset) {
	pollfd more{ruleset.descriptor(), POLLIN, 0};
	return poll(&more, 1, 60'000) == 1;
}

// Ready, or ended: then false.
inline bool wait_until_ready(Ruleset &ruleset) {
	while (ruleset.state() == Ruleset::State::kReading && wait_for_more(ruleset))
		ruleset.receive([](const Attributed &) {});
	return ruleset.state() == Ruleset::State::kReady;
}

// nullopt where its process ends, or does not answer within a minute.
inline std::optional<Attribution> ask_one(Ruleset &ruleset, const nd_event &event) {
	std::optional<Attribution> got;
	if (!ruleset.ask(event, nullptr)) ruleset.receive([](const Attributed &) {}); // learns why
	while (!got && ruleset.open_questions() > 0 && wait_for_more(ruleset))
		ruleset.receive([&](Attributed attributed) { got = std::move(attributed.attribution); });
	return got;
}

class RulesetTest : public testing::Test {
protected:
	void SetUp() override { ASSERT_EQ(unshare(CLONE_NEWNET), 0) << strerror(errno) << " (root is needed)"; }
	void TearDown() override { ruleset_.reset(); }

	void start(const WorkerOptions &options = {}) {
		auto started = Ruleset::start(options);
		ASSERT_TRUE(started) << started.error().message();
		ruleset_ = std::move(*started);
		ASSERT_TRUE(wait_until_ready(*ruleset_));
		EXPECT_TRUE(ruleset_->ready().narrow)
		        << "libnftables does not find our mnl_socket_sendto, or asks in another way";
	}

	Attribution ask(const Listed &listed, uint32_t in_generation) { return ask(event_of(listed, in_generation)); }
	Attribution ask(const nd_event &event) {
		auto attribution = ask_one(*ruleset_, event);
		EXPECT_TRUE(attribution) << ruleset_->error().message();
		return attribution.value_or(Attribution{});
	}

	// Every rule and every chain that drops by policy, against nft. Returns how many.
	size_t compare_all() {
		const auto listing = list_ruleset();
		const uint32_t now = generation();
		size_t compared = 0;
		for (const Listed &listed : listing) {
			if (listed.rule == 0 && listed.text.find("policy drop") == std::string::npos) {
				EXPECT_FALSE(ask(listed, now).known) << listed.text;
				continue;
			}
			const Attribution answer = ask(listed, now);
			EXPECT_TRUE(answer.known) << listed.table << " " << listed.chain << ": " << listed.text;
			EXPECT_EQ(answer.text, listed.text);
			EXPECT_EQ(answer.family, listed.family);
			EXPECT_EQ(answer.table, listed.table);
			EXPECT_EQ(answer.table_handle, listed.table_handle);
			EXPECT_EQ(answer.chain, listed.chain);
			EXPECT_EQ(answer.chain_handle, listed.chain_handle);
			compared++;
		}
		return compared;
	}

	// The rule whose text begins so.
	static Listed find(const std::string &beginning) {
		for (const Listed &listed : list_ruleset())
			if (listed.text.starts_with(beginning)) return listed;
		ADD_FAILURE() << "nft lists no " << beginning;
		return {};
	}

	std::unique_ptr<Ruleset> ruleset_;
};

// The ruleset of the article that the project grew from has this shape.
constexpr const char *kArticle =
        R"(table inet filter {
		chain input {
			type filter hook input priority 0; policy drop;
			iif lo accept
			ct state established,related accept
			tcp dport 22 ct state new limit rate 10/minute burst 5 packets accept
			icmp type echo-request accept
			ip saddr { 10.0.0.0/8, 192.168.0.0/16 } tcp dport { 80, 443 } accept
			tcp dport 10000 drop
			udp dport 5353 counter drop
			log prefix "dropped: " counter
		}
		chain forward { type filter hook forward priority 0; policy drop; }
		chain output { type filter hook output priority 0; policy accept; }
	})";

} // namespace nft_drops

#endif
