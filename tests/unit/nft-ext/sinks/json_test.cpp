// SPDX-License-Identifier: GPL-2.0-only
#include "packets.h"

#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace nft_drops::test {
namespace {

using Json = nlohmann::ordered_json;

nd_event syn() {
	return ip_event(ip(IPPROTO_TCP, tcp(1, 2, 2)));
}

Json parsed(const nd_event &event, const Attribution &answer) {
	return Json::parse(render(Format::kJson, event, answer));
}

// The "packet" member, as text: the order of members counts.
std::string packet(const nd_event &event) {
	return parsed(event, rule_answer())["packet"].dump();
}

TEST(JsonFormat, Policy) {
	nd_event event = syn();
	event.cause = ND_CAUSE_POLICY;
	event.rule_handle = 0;
	const Json json = parsed(event, policy_answer());
	EXPECT_EQ(json["reason"], "policy");
	EXPECT_TRUE(json["handle"].is_null());
	EXPECT_TRUE(json["rule"].is_null());
	EXPECT_EQ(json["policy_line"], "type filter hook input priority filter; policy drop;");
	EXPECT_FALSE(json.contains("jump_handle"));
	const Json gone = parsed(event, Attribution{});
	EXPECT_TRUE(gone["policy_line"].is_null());
	EXPECT_EQ(gone["chain"], "input"); // for a policy the base chain is the chain
	EXPECT_EQ(gone["chain_handle"], 1);
}

TEST(JsonFormat, JumpLimit) {
	nd_event event = syn();
	event.cause = ND_CAUSE_JUMP_LIMIT;
	const Json json = parsed(event, rule_answer("jump deeper"));
	EXPECT_EQ(json["reason"], "jump-limit");
	EXPECT_TRUE(json["handle"].is_null());
	EXPECT_EQ(json["rule"], "jump deeper");
	EXPECT_EQ(json["jump_handle"], 7);
}

TEST(JsonFormat, RuleGone) {
	const Json json = parsed(syn(), Attribution{});
	EXPECT_EQ(json["reason"], "rule");
	EXPECT_EQ(json["handle"], 7);
	EXPECT_TRUE(json["rule"].is_null());
	EXPECT_TRUE(json["chain"].is_null());
	EXPECT_TRUE(json["chain_handle"].is_null());
	EXPECT_EQ(json["base_chain"], "input");
	EXPECT_EQ(json["table"], "filter");
	EXPECT_EQ(json["family"], "inet");
}

TEST(JsonFormat, OtherReason) {
	nd_event event = syn();
	event.cause = 42;
	const Json json = parsed(event, rule_answer());
	EXPECT_EQ(json["reason"], "other");
	EXPECT_TRUE(json["handle"].is_null());
}

TEST(JsonFormat, ChainAfterAJump) {
	Attribution answer = rule_answer();
	answer.chain = "sub";
	answer.chain_handle = 4;
	const Json json = parsed(syn(), answer);
	EXPECT_EQ(json["chain"], "sub");
	EXPECT_EQ(json["chain_handle"], 4);
	EXPECT_EQ(json["base_chain"], "input");
}

TEST(JsonFormat, Interfaces) {
	nd_event event = syn();
	event.oif = 3;
	EXPECT_EQ(parsed(event, rule_answer())["iif"], "veth0");
	EXPECT_EQ(parsed(event, rule_answer())["oif"], "3");
	set_name(event.iifname, "");
	event.iif = 0;
	EXPECT_TRUE(parsed(event, rule_answer())["iif"].is_null());
	EXPECT_FALSE(parsed(event, rule_answer()).contains("physin"));
	EXPECT_FALSE(parsed(event, rule_answer()).contains("physout"));
	event.physin = 7;
	event.physout = 8;
	set_name(event.physout_name, "vnet1");
	EXPECT_EQ(parsed(event, rule_answer())["physin"], "7");
	EXPECT_EQ(parsed(event, rule_answer())["physout"], "vnet1");
}

TEST(JsonFormat, Hooks) {
	struct Expected {
		uint8_t pf;
		std::vector<const char *> names;
	};
	// include/uapi/linux/netfilter.h, netfilter_arp.h, netfilter_bridge.h
	const std::vector<const char *> inet = {"prerouting", "input", "forward", "output", "postrouting", "ingress"};
	const std::vector<Expected> all = {
	        {NFPROTO_INET, inet},
	        {NFPROTO_IPV4, inet},
	        {NFPROTO_IPV6, inet},
	        {NFPROTO_ARP, {"input", "output", "forward"}},
	        {NFPROTO_BRIDGE, {"prerouting", "input", "forward", "output", "postrouting"}},
	        {NFPROTO_NETDEV, {"ingress", "egress"}},
	        {200, {}},
	};
	for (const Expected &expected : all) {
		for (uint8_t hook = 0; hook < 8; ++hook) {
			nd_event event = syn();
			event.pf = expected.pf;
			event.hook = hook;
			const Json json = parsed(event, rule_answer());
			if (hook < expected.names.size())
				EXPECT_EQ(json["hook"], expected.names[hook]);
			else
				EXPECT_TRUE(json["hook"].is_null());
		}
	}
}

TEST(JsonFormat, Families) {
	for (const auto &[number, name] : std::vector<std::pair<uint8_t, const char *>>{{NFPROTO_INET, "inet"},
	                                                                                {NFPROTO_IPV4, "ip"},
	                                                                                {NFPROTO_ARP, "arp"},
	                                                                                {NFPROTO_NETDEV, "netdev"},
	                                                                                {NFPROTO_BRIDGE, "bridge"},
	                                                                                {NFPROTO_IPV6, "ip6"}}) {
		nd_event event = syn();
		event.family = number;
		EXPECT_EQ(parsed(event, Attribution{})["family"], name);
	}
}

TEST(JsonFormat, Transports) {
	const std::string head = R"({"l3":"ip","saddr":"10.0.0.2","daddr":"10.0.0.1",)";
	EXPECT_EQ(packet(ip_event(ip(IPPROTO_TCP, tcp(1, 2, 0)))),
	          head + R"("l4":"tcp","sport":1,"dport":2,"flags":[]})");
	EXPECT_EQ(packet(ip_event(ip(IPPROTO_TCP, tcp(1, 2, 0x12)))),
	          head + R"("l4":"tcp","sport":1,"dport":2,"flags":["syn","ack"]})");
	EXPECT_EQ(packet(ip_event(ip(IPPROTO_ICMP, icmp(3, 1)))),
	          head + R"("l4":"icmp","type":"destination-unreachable","type_number":3,)"
	                 R"("code":"host-unreachable","code_number":1})");
	EXPECT_EQ(packet(ip_event(ip(IPPROTO_ICMP, icmp(8, 0, 5, 6)))),
	          head + R"("l4":"icmp","type":"echo-request","type_number":8,"code":0,"code_number":0,)"
	                 R"("id":5,"sequence":6})");
	EXPECT_EQ(packet(ip_event(ip(IPPROTO_DCCP, dccp(1, 2, 1)))),
	          head + R"("l4":"dccp","sport":1,"dport":2,"type":"response","type_number":1})");
	EXPECT_EQ(packet(ip_event(ip(IPPROTO_IGMP, igmp(0x17)))),
	          head + R"("l4":"igmp","type":"leave-group","type_number":23})");
	EXPECT_EQ(packet(ip_event(ip(IPPROTO_ESP, esp(9)))), head + R"("l4":"esp","spi":9})");
	EXPECT_EQ(packet(ip_event(ip(IPPROTO_GRE, {}))), head + R"("l4":"gre"})");
	EXPECT_EQ(packet(ip_event(ip(253, {}))), head + R"("l4":253})");
}

TEST(JsonFormat, Fragments) {
	EXPECT_EQ(packet(ip_event(ip(IPPROTO_UDP, {}, {.id = 7, .frag_off = 0x20b9}))),
	          R"({"l3":"ip","saddr":"10.0.0.2","daddr":"10.0.0.1","l4":"udp",)"
	          R"("frag":{"id":7,"frag-off":185,"more-fragments":true}})");
	EXPECT_EQ(packet(ip6_event(ip6(IPPROTO_FRAGMENT, ip6_frag(IPPROTO_ICMPV6, 185, false, 7)))),
	          R"({"l3":"ip6","saddr":"2001:db8::2","daddr":"2001:db8::1","l4":"icmpv6",)"
	          R"("frag":{"id":7,"frag-off":185,"more-fragments":false},"exthdr":["frag"]})");
}

TEST(JsonFormat, ExtensionHeaders) {
	const Octets chain = ip6_options(IPPROTO_ROUTING) + ip6_routing(IPPROTO_AH, 0) + auth(IPPROTO_DSTOPTS, 1) +
	                     ip6_options(IPPROTO_UDP) + udp(1, 2);
	EXPECT_EQ(parsed(ip6_event(ip6(IPPROTO_HOPOPTS, chain)), rule_answer())["packet"]["exthdr"].dump(),
	          R"(["hbh","dst","rt","ah"])");
}

TEST(JsonFormat, Truncated) {
	nd_event event = syn();
	event.l3_len = 22;
	EXPECT_EQ(packet(event),
	          R"({"l3":"ip","saddr":"10.0.0.2","daddr":"10.0.0.1","l4":"tcp","sport":1,"truncated":true})");
	event.l3_len = 0;
	EXPECT_EQ(packet(event), R"({"l3":"ip","l4":null,"truncated":true})");
}

TEST(JsonFormat, LinkLayer) {
	nd_event event = bridge_event(ether(0x88cc), 0x88cc, Octets(46));
	EXPECT_EQ(packet(event), R"({"l3":null,"ethertype":"0x88cc","l4":null,)"
	                         R"("ether":{"saddr":"02:00:00:00:00:02","daddr":"02:00:00:00:00:01"}})");
	event.flags = ND_FLAG_VLAN;
	event.vlan_proto = ETH_P_8021Q;
	event.vlan_tci = 0xe005;
	EXPECT_EQ(packet(event), R"({"l3":null,"ethertype":"0x88cc","l4":null,"vlan":[{"id":5,"pcp":7}]})");
}

TEST(JsonFormat, Arp) {
	EXPECT_EQ(packet(event_of(arp(1), NFPROTO_ARP)),
	          R"({"l3":"arp","saddr":"10.0.0.2","daddr":"10.0.0.1","operation":"request",)"
	          R"("arp":{"saddr":"02:00:00:00:00:02","daddr":"00:00:00:00:00:00"}})");
	EXPECT_EQ(packet(event_of(u16(6) + u16(0x0805) + Octets{0, 0} + u16(99), NFPROTO_ARP)),
	          R"({"l3":"arp","operation":99})");
}

TEST(JsonFormat, BrokenHeaders) {
	Octets bad = ip(IPPROTO_UDP, udp(1, 2));
	bad[0] = 0x65;
	EXPECT_EQ(packet(ip_event(bad)), R"({"l3":"ip","version":6,"l4":null})");
	bad[0] = 0x43;
	EXPECT_EQ(packet(ip_event(bad)),
	          R"({"l3":"ip","saddr":"10.0.0.2","daddr":"10.0.0.1","hdrlength":3,"l4":"udp"})");
}

// Text survives: what a JSON reader gets back is the very text, control characters included.
TEST(JsonFormat, TextSurvives) {
	for (const char *text : {"comment \"caf\xc3\xa9 \xf0\x9f\x94\xa5\"", "jump {\n\tdrop\n}",
	                         "\x1b[2J \\ \" \x7f \r", "\xc2\x9b \xe2\x80\xae"}) {
		EXPECT_EQ(parsed(syn(), rule_answer(text))["rule"], text);
		const std::string line = render(Format::kJson, syn(), rule_answer(text));
		EXPECT_TRUE(std::all_of(line.begin(), line.end() - 1, [](char c) { return c >= 0x20 && c < 0x7f; }));
		EXPECT_EQ(line.back(), '\n');
	}
}

TEST(JsonFormat, CommentAndPriority) {
	Attribution answer = rule_answer("tcp dport 22 drop comment \"no ssh\"");
	EXPECT_EQ(parsed(syn(), answer)["comment"], "no ssh");
	EXPECT_TRUE(parsed(syn(), answer)["priority"].is_null()) << "not known";
	answer.priority = -150;
	EXPECT_EQ(parsed(syn(), answer)["priority"], -150);
	EXPECT_TRUE(parsed(syn(), rule_answer("drop"))["comment"].is_null());
}

TEST(JsonFormat, InvalidUtf8IsShown) {
	Attribution answer = rule_answer("drop comment \"\xff\xc3\"");
	answer.table = "t\x80";
	nd_event event = syn();
	set_name(event.iifname, "v\xfe");
	const Json json = parsed(event, answer);
	EXPECT_EQ(json["rule"], "drop comment \"\\xff\\xc3\"");
	EXPECT_EQ(json["table"], "t\\x80");
	EXPECT_EQ(json["iif"], "v\\xfe");
}

} // namespace
} // namespace nft_drops::test
