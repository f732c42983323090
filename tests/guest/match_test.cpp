// SPDX-License-Identifier: GPL-2.0-only
// `monitor MATCH` shows exactly the drops that a rule's `MATCH counter` in front of the dropping rule counts.
#include "match_stream.h"
#include "running.h"
#include "topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <vector>

using testing::HasSubstr;

namespace nft_drops::guest {
namespace {

// What nft's manual has for the headers that a filter can hold.
const std::vector<std::string> kMatches = {
        "tcp dport 22",
        "tcp sport 1024",
        "tcp dport != 22",
        "tcp dport 22-80",
        "tcp dport != 22-80",
        "tcp dport { 22, 443 }",
        "tcp dport != { 22, 443 }",
        "tcp dport { 1-100, 65535 }",
        "tcp dport > 79",
        "tcp dport >= 443",
        "tcp dport < 80",
        "tcp flags syn",
        "tcp flags & (syn | ack) == syn | ack",
        "tcp flags != syn",
        "tcp flags { syn, psh | ack }",
        "tcp sequence 1",
        "tcp ackseq 2",
        "tcp doff 8",
        "tcp window 8192",
        "tcp checksum 0xabcd",
        "tcp urgptr 0",
        "udp dport 53",
        "udp sport 53 udp dport 53",
        "udp length > 28",
        "udp checksum 0x1234",
        "udp dport { 53, 123 }",
        "sctp dport 9",
        "sctp vtag 0x01020304",
        "th dport 22",
        "th dport { 22, 53 }",
        "meta l4proto tcp",
        "meta l4proto { tcp, icmp }",
        "meta l4proto != udp",
        "meta nfproto ipv4",
        "meta protocol ip",
        "meta protocol != ip6",
        "meta length 60-100",
        "meta length > 1000",
        "meta mark 0",
        "meta mark & 0xff == 0",
        "meta priority 0",
        "meta pkttype host",
        "meta pkttype != { broadcast, multicast }",
        "meta iif l0",
        "meta iifname \"l0\"",
        "iifname \"l*\"",
        "iifname { l0, b1 }",
        "iifname != { l0, r0 }",
        "iiftype ether",
        "iifgroup 0",
        "meta cpu < 1000",
        "ip saddr 10.1.0.2",
        "ip saddr 10.1.0.0/24",
        "ip saddr != 10.1.0.2",
        "ip saddr 10.1.0.3-10.1.0.255",
        "ip saddr { 10.1.0.0/30, 10.1.0.200 }",
        "ip saddr . tcp dport { 10.1.0.2 . 22, 10.1.0.3 . 22 }",
        "ip saddr . tcp dport { 10.1.0.0/24 . 1-100 }",
        "ip daddr 10.1.0.1 tcp dport 22",
        "ip dscp ef",
        "ip dscp { cs0, af41 }",
        "ip ecn ce",
        "ip ttl 1",
        "ip ttl > 64",
        "ip length < 60",
        "ip id 0x1234",
        "ip protocol icmp",
        "ip protocol != { tcp, udp }",
        "ip version 4",
        "ip hdrlength 6",
        "ip frag-off & 0x1fff != 0",
        "ip frag-off & 0x2000 != 0",
        "ip checksum != 0",
        "icmp type echo-request",
        "icmp type { echo-reply, destination-unreachable }",
        "icmp code 1",
        "icmp id 7",
        "icmp sequence 2",
        "ip6 saddr fd01::2",
        "ip6 saddr fd01::/64",
        "ip6 daddr { fd01::1, fd02::/16 }",
        "ip6 nexthdr ipv6-icmp",
        "ip6 hoplimit 1",
        "ip6 hoplimit > 64",
        "ip6 dscp ef",
        "ip6 flowlabel 0x10203",
        "ip6 length > 40",
        "icmpv6 type echo-request",
        "icmpv6 code 4",
        "icmpv6 id 9",
        "ether saddr 02:00:00:00:00:a1",
        "ether daddr 02:00:00:00:00:11",
        "ether type ip",
        "ether type arp",
        "ether type vlan",
        "ether saddr . ip saddr { 02:00:00:00:00:a3 . 10.1.0.2 }",
        "vlan id 5",
        "vlan id { 5, 7 }",
        "vlan pcp 3",
        "vlan type ip",
        "arp operation request",
        "arp operation { request, reply }",
        "arp htype 1 arp ptype 0x0800",
        "tcp option maxseg size 1460",
        "tcp option maxseg size > 1400",
        "tcp option window count 7",
        "tcp option sack-perm exists",
        "tcp option timestamp missing",
        "exthdr hbh exists",
        "exthdr frag exists",
        "exthdr rt missing",
        "hbh nexthdr tcp",
        "dst nexthdr { tcp, udp }",
        "rt type 0",
        "frag id 9",
        "frag frag-off 0",
        "frag more-fragments 1",
        "@th,16,16 22",
        "@nh,0,8 0x45",
        "@nh,8,16 60",
        "@ll,0,48 0x020000000011",
        "@th,0,32 & 0xffff0000 == 0x04000000",
        "@nh,96,160 0x0a0100020a010001040000160000000100000002",
};

struct Table {
	const char *family;
	const char *hook;
	int from; // the frames that it drops, by the last byte of their source address
};
constexpr Table kTables[] = {{"netdev", "type filter hook ingress device l0 priority 0", 0xa1},
                             {"ip", "type filter hook prerouting priority 0", 0xa2},
                             {"ip6", "type filter hook prerouting priority 0", 0xa2},
                             {"inet", "type filter hook prerouting priority 1", 0xa3},
                             {"arp", "type filter hook input priority 0", 0xa4},
                             {"bridge", "type filter hook prerouting priority 0", 0xa5}};

// Counts of one MATCH by all tables that take it.
std::map<size_t, uint64_t> counters() {
	std::map<size_t, uint64_t> all;
	const auto listing = nlohmann::json::parse(shell("nft -j list ruleset"));
	for (const auto &object : listing["nftables"]) {
		if (!object.contains("rule") || !object["rule"].contains("comment")) continue;
		for (const auto &expression : object["rule"]["expr"])
			if (expression.contains("counter"))
				all[std::stoul(object["rule"]["comment"].get<std::string>())] +=
				        expression["counter"]["packets"].get<uint64_t>();
	}
	return all;
}

// Whether a MATCH asks for bytes behind the network header.
bool asks_transport(const std::string &match) {
	static const std::regex named(R"((l4proto|protocol|nexthdr)( !=)? (\{[^}]*\}|\S+))");
	static const std::regex header(R"((^| )(tcp(?! option)|udp|udplite|th|sctp|dccp|icmp|icmpv6|@th\S*)( |$|,))");
	return std::regex_search(std::regex_replace(match, named, ""), header);
}

struct Summary {
	uint64_t shown = 0, of = 0, lost = 1;
};
Summary summary_of(const std::string &text) {
	static const std::regex line(R"(nft-drops: (\d+) drops \(.*\) of (\d+), (\d+) lost)");
	std::smatch m;
	if (!std::regex_search(text, m, line)) return {};
	return {std::stoull(m[1]), std::stoull(m[2]), std::stoull(m[3])};
}

class Match : public testing::Test {
protected:
	void add_tables(const std::vector<std::string> &matches) {
		for (const Table &t : kTables) {
			char from[32];
			snprintf(from, sizeof(from), "02:00:00:00:00:%02x", t.from);
			const std::string chain = std::string(t.family) + " m c";
			shell("nft add table " + std::string(t.family) + " m");
			shell("nft 'add chain " + chain + " { " + t.hook + "; }'");
			const bool arp = t.family == std::string("arp");
			shell("nft add rule " + chain + (arp ? " arp saddr ether != " : " ether saddr != ") + from +
			      " accept");
			// nft -i goes on after a rule that the family does not take. Later fragments have counters
			// apart: the kernel's nft_payload_fast_eval() takes their payload for ports, MATCH does not.
			const std::string later = std::string(t.family) + " m later";
			std::string commands = "add chain " + later + "\n";
			for (const char *is_later : {"ip frag-off & 0x1fff != 0", "frag frag-off != 0"})
				commands += "add rule " + chain + " " + is_later + " goto " +
				            later.substr(later.rfind(' ') + 1) + "\n";
			for (size_t i = 0; i < matches.size(); i++) {
				const std::string rule =
				        " " + matches[i] + " counter comment \"" + std::to_string(i) + "\"\n";
				commands += "add rule " + chain + rule;
				if (!asks_transport(matches[i])) commands += "add rule " + later + rule;
			}
			shell("nft -i > /dev/null 2>&1 <<'END'\n" + commands + "END\nnft add rule " + chain +
			      " drop; nft add rule " + later + " drop");
		}
	}
	void send() {
		for (const int from : {0xa1, 0xa2, 0xa3, 0xa4})
			for (const Frame &f : mixed_frames(0x11, static_cast<uint8_t>(from)))
				topology.frame("left", f);
		for (const Frame &f : mixed_frames(0x31, 0xa5))
			topology.frame("one", f);
	}
	// Monitors one MATCH each while the stream is sent, and compares.
	void compare(const std::vector<std::string> &matches, size_t first, size_t count) {
		const auto before = counters();
		std::vector<std::unique_ptr<Monitor>> monitors;
		for (size_t i = first; i < first + count; i++)
			monitors.push_back(
			        std::make_unique<Monitor>(std::vector<std::string>{"--format", "line", matches[i]}));
		send();
		const auto after = counters();
		for (size_t i = first; i < first + count; i++) {
			const Finished end = monitors[i - first]->finish(SIGINT);
			const Summary s = summary_of(end.err);
			const auto at = [i](const auto &from) { return from.contains(i) ? from.at(i) : 0; };
			EXPECT_EQ(s.shown, at(after) - at(before)) << matches[i] << "\n" << end.out << end.err;
			EXPECT_EQ(lines_of(end.out).size(), s.shown) << matches[i];
			EXPECT_EQ(s.lost, 0U) << matches[i];
			EXPECT_GT(s.of, 100U) << matches[i] << "\n" << end.err;
			EXPECT_TRUE(before.contains(i)) << matches[i] << " is in no table";
		}
	}
	Topology topology;
};

TEST_F(Match, ShowsWhatACounterCounts) {
	constexpr size_t kAtOnce = 12;
	add_tables(kMatches);
	for (size_t i = 0; i < kMatches.size(); i += kAtOnce)
		compare(kMatches, i, std::min(kAtOnce, kMatches.size() - i));
	// None of them is trivial: most take some of the drops and not all.
	size_t some = 0;
	for (const auto &[i, n] : counters())
		some += n != 0;
	EXPECT_GT(some, kMatches.size() - 10);
}

TEST_F(Match, NamesTheFamiliesThatCannotHoldIt) {
	Monitor monitor({"ip saddr 10.1.0.2"});
	EXPECT_THAT(monitor.err(), HasSubstr("the MATCH means nothing in tables of ip6, arp"));
	EXPECT_EQ(lines_of(monitor.finish(SIGINT).err).size(), 2U);
}

TEST_F(Match, ABadOneAttachesNothing) {
	const Leftovers before = leftovers();
	for (const char *words : {"tcp dprot 22", "tcp dport 22 drop", "ip saddr @blocked", "tcp dport 22; drop", ""}) {
		const Finished end = run({nft_drops(), "monitor", words});
		EXPECT_EQ(end.status, 1) << words;
		EXPECT_EQ(end.out, "") << words;
		EXPECT_THAT(end.err, HasSubstr("Error: ")) << words;
	}
	EXPECT_TRUE(leftovers().no_more_than(before));
}

} // namespace
} // namespace nft_drops::guest
