// SPDX-License-Identifier: GPL-2.0-only
// The examples of the command line's contract (spec/cli.md), byte for byte, and the agreement of the formats.
#include "packets.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace nft_drops::test {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

// A SYN of 60 bytes has 20 bytes of TCP options.
nd_event syn() {
	Octets segment = tcp(51514, 10000, 0x02) + Octets(20, 1);
	segment[12] = 0xa0;
	return ip_event(ip(IPPROTO_TCP, segment));
}

nd_event mdns() {
	Octets packet = ip(IPPROTO_UDP, udp(5353, 5353) + Octets(52));
	packet[15] = 9; // from 10.0.0.9
	nd_event event = ip_event(packet);
	event.cause = ND_CAUSE_POLICY;
	event.rule_handle = 0;
	return event;
}

TEST(Examples, Block) {
	const auto renderer = make_renderer(Format::kBlock);
	std::string out;
	renderer->drop(drop_of(syn(), rule_answer()), out);
	Drop later = drop_of(mdns(), policy_answer());
	later.time = example_time() - 482113us + 1s + 920us;
	renderer->drop(later, out);
	renderer->finish(out);
	EXPECT_EQ(out, R"(# 2026-11-20
table inet filter { # handle 6
	chain input { # handle 1
		# 21:40:11.482113 iif "veth0" ip saddr 10.0.0.2 ip daddr 10.0.0.1 tcp sport 51514 tcp dport 10000 tcp flags syn length 60
		tcp dport 10000 drop # handle 7
		# 21:40:12.000920 iif "veth0" ip saddr 10.0.0.9 ip daddr 10.0.0.1 udp sport 5353 udp dport 5353 length 80
		type filter hook input priority filter; policy drop;
	}
}
)");
}

TEST(Examples, Line) {
	const std::string line = render(Format::kLine, syn(), rule_answer());
	EXPECT_TRUE(line.starts_with(
	        R"(2026-11-20T21:40:11.482113+0000 inet filter input handle 7 "tcp dport 10000 drop" iif "veth0" ip saddr 10.0.0.2 )"));
	EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

Attribution in_filter() {
	Attribution attribution = rule_answer();
	attribution.priority = 0;
	return attribution;
}

// The contract's members in its order; base_chain and by, which it names beside the example, follow.
TEST(Examples, Json) {
	EXPECT_EQ(
	        render(Format::kJson, syn(), in_filter()),
	        R"({"time":"2026-11-20T21:40:11.482113Z","netns":4026531840,"family":"inet","table":"filter","table_handle":6,)"
	        R"("chain":"input","chain_handle":1,"reason":"rule","handle":7,"rule":"tcp dport 10000 drop","comment":null,"hook":"input","priority":0,)"
	        R"("iif":"veth0","oif":null,"length":60,)"
	        R"("packet":{"l3":"ip","saddr":"10.0.0.2","daddr":"10.0.0.1","l4":"tcp","sport":51514,"dport":10000,"flags":["syn"]},)"
	        R"("base_chain":"input","by":null})"
	        "\n");
}

TEST(Examples, FormatsAgree) {
	for (const auto &[event, answer] : {std::pair{syn(), rule_answer()}, std::pair{mdns(), policy_answer()}}) {
		const Json json = Json::parse(render(Format::kJson, event, answer));
		const std::string line = render(Format::kLine, event, answer);
		const std::string block = render(Format::kBlock, event, answer);
		const Json &packet = json["packet"];
		const auto text = [](const Json &value) {
			return value.is_string() ? value.get<std::string>() : value.dump();
		};
		const bool rule = json["reason"] == "rule";
		const std::string culprit = text(json[rule ? "rule" : "policy_line"]);
		const std::string where = rule ? fmt::format("handle {}", text(json["handle"])) : "policy";
		const std::string whole_time = text(json["time"]);
		const std::string date = whole_time.substr(0, 10), time = whole_time.substr(11, 15);
		const std::string flags = packet.contains("flags") ? " tcp flags " + text(packet["flags"][0]) : "";
		const std::string words =
		        fmt::format(R"(iif "{0}" ip saddr {1} ip daddr {2} {3} sport {4} {3} dport {5}{6} length {7})",
		                    text(json["iif"]), text(packet["saddr"]), text(packet["daddr"]), text(packet["l4"]),
		                    text(packet["sport"]), text(packet["dport"]), flags, text(json["length"]));
		EXPECT_EQ(line, fmt::format("{}T{}+0000 {} {} {} {} \"{}\" {}\n", date, time, text(json["family"]),
		                            text(json["table"]), text(json["chain"]), where, culprit, words));
		EXPECT_EQ(block,
		          fmt::format("# {}\ntable {} {} {{ # handle {}\n\tchain {} {{ # handle {}\n\t\t# {} {}\n"
		                      "\t\t{}{}\n\t}}\n}}\n",
		                      date, text(json["family"]), text(json["table"]), text(json["table_handle"]),
		                      text(json["chain"]), text(json["chain_handle"]), time, words, culprit,
		                      rule ? " # " + where : ""));
	}
}

} // namespace
} // namespace nft_drops::test
