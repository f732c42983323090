// SPDX-License-Identifier: GPL-2.0-only
// `monitor MATCH` shows exactly the drops that a rule's `MATCH counter` in front of the dropping rule counts.
#include "loopback_sender.h"
#include "match_stream.h"
#include "running.h"
#include "topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <utility>
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
        "@nh,8,16 0",
        "@ll,0,48 0x020000000011",
        "@th,0,32 & 0xffff0000 == 0x04000000",
        "@nh,96,64 0x0a0100020a010001",
};

// What a table's frames are: those from left to home, from left through home to right, from one to home's bridge, and
// from one through the bridge to two.
enum class Way { kIn, kThrough, kBridgeIn, kBridged };

struct Table {
	const char *family;
	const char *hook;
	int from; // the frames that it drops, by the last byte of their source address
	Way way;
};
constexpr Table kTables[] = {
        {"netdev", "type filter hook ingress device l0 priority 0", 0xa1, Way::kIn},
        {"ip", "type filter hook prerouting priority 0", 0xa2, Way::kIn},
        {"ip6", "type filter hook prerouting priority 0", 0xa2, Way::kIn},
        {"inet", "type filter hook prerouting priority 1", 0xa3, Way::kIn},
        {"arp", "type filter hook input priority 0", 0xa4, Way::kIn},
        {"bridge", "type filter hook prerouting priority 0", 0xa5, Way::kBridgeIn},
        {"inet", "type filter hook input priority 0", 0xa6, Way::kIn},
        {"inet", "type filter hook forward priority 0", 0xa7, Way::kThrough},
        {"ip", "type filter hook postrouting priority 0", 0xa8, Way::kThrough},
        {"ip6", "type filter hook postrouting priority 0", 0xa8, Way::kThrough},
        {"bridge", "type filter hook forward priority 0", 0xa9, Way::kBridged},
        {"bridge", "type filter hook input priority 0", 0xaa, Way::kBridgeIn},
};

// counters_by_comment() once all packets that were sent have passed: a kernel with PREEMPT_RT lets a thread of its own
// handle them.
std::map<size_t, uint64_t> settled_counters() {
	auto before = counters_by_comment();
	for (;;) {
		std::this_thread::sleep_for(std::chrono::milliseconds(200));
		auto now = counters_by_comment();
		if (now == before) return now;
		before = std::move(now);
	}
}

// The counters of one MATCH by table, for people.
std::string counters_of(size_t match) {
	return shell("nft list ruleset | grep -e ^table -e 'comment \"" + std::to_string(match) + "\"'");
}

// Whether a MATCH asks for bytes behind the network header.
bool asks_transport(const std::string &match) {
	static const std::regex named(R"((l4proto|protocol|nexthdr)( !=)? (\{[^}]*\}|\S+))");
	static const std::regex header(R"((^| )(tcp(?! option)|udp|udplite|th|sctp|dccp|icmp|icmpv6|@th\S*)( |$|,))");
	return std::regex_search(std::regex_replace(match, named, ""), header);
}

uint64_t number_in(const std::string &text, const std::regex &line, size_t group = 1) {
	std::smatch m;
	return std::regex_search(text, m, line) ? std::stoull(m[group]) : 0;
}

class Match : public testing::Test {
protected:
	Topology topology;
};

constexpr size_t kAtOnce = 8;
const size_t kParts = (kMatches.size() + kAtOnce - 1) / kAtOnce;

// Every kParts-th of kMatches, from number GetParam() on: each part has matches of all kinds.
class MatchTable : public Match, public testing::WithParamInterface<size_t> {
protected:
	MatchTable() {
		for (const char *host : {"left", "right"})
			topology.at(host, "ip link set eth0 mtu 9000");
		shell("ip link set l0 mtu 9000; ip link set r0 mtu 9000");
	}
	void add_tables() {
		for (const Table &t : kTables) {
			char name[32], source[32];
			snprintf(source, sizeof(source), "02:00:00:00:00:%02x", t.from);
			snprintf(name, sizeof(name), "%s m%x", t.family, t.from);
			const std::string table = name, chain = table + " c", later = table + " later";
			const bool arp = t.family == std::string("arp");
			std::vector<std::string> commands = {
			        "add table " + table, "add chain " + chain + " { " + t.hook + "; }",
			        "add chain " + later,
			        "add rule " + chain + (arp ? " arp saddr ether != " : " ether saddr != ") + source +
			                " accept"};
			// Nothing that home itself sends, which may have no link header yet.
			if (t.way == Way::kThrough) {
				commands.push_back("add rule " + chain + " iifname != l0 accept");
				commands.push_back("add rule " + chain + " oifname != r0 accept");
			}
			// Later fragments have counters apart: the kernel's nft_payload_fast_eval() takes their payload
			// for ports, MATCH does not.
			for (const char *is_later : {"ip frag-off & 0x1fff != 0", "frag frag-off != 0"})
				commands.push_back("add rule " + chain + " " + is_later + " goto later");
			for (const size_t i : part()) {
				const std::string rule =
				        " " + kMatches[i] + " counter comment \"" + std::to_string(i) + "\"";
				commands.push_back("add rule " + chain + rule);
				if (!asks_transport(kMatches[i])) commands.push_back("add rule " + later + rule);
			}
			commands.push_back("add rule " + chain + " drop");
			commands.push_back("add rule " + later + " drop");
			add_what_is_taken(commands);
		}
	}
	// All but the lines that nft finds an error in: rules that the family does not take.
	static void add_what_is_taken(std::vector<std::string> commands) {
		static const std::regex at_line(R"((?:^|\n)/dev/stdin:(\d+):)");
		for (size_t tries = 0; tries < 50; tries++) {
			std::string text;
			for (const std::string &line : commands)
				text += line + "\n";
			const std::string errors = shell("nft -f /dev/stdin 2>&1 <<'END' || true\n" + text + "END");
			if (errors.empty()) return;
			std::set<size_t, std::greater<>> wrong;
			for (std::sregex_iterator m(errors.begin(), errors.end(), at_line), none; m != none; ++m)
				wrong.insert(std::stoul((*m)[1]) - 1);
			ASSERT_FALSE(wrong.empty()) << errors;
			for (const size_t line : wrong) {
				ASSERT_LT(line, commands.size()) << errors;
				commands.erase(commands.begin() + static_cast<ptrdiff_t>(line));
			}
		}
		ADD_FAILURE() << "nft takes less and less";
	}
	void send() {
		std::set<int> sent;
		for (const Table &t : kTables) {
			if (!sent.insert(t.from).second) continue;
			const bool bridge = t.way == Way::kBridgeIn || t.way == Way::kBridged;
			const char *host = bridge ? "one" : "left";
			const auto to = static_cast<uint8_t>(t.way == Way::kBridged ? 0x33 : bridge ? 0x31 : 0x11);
			const auto from = static_cast<uint8_t>(t.from);
			for (const Frame &f : t.way == Way::kThrough ? routed_frames(to, from) : mixed_frames(to, from))
				topology.frame(host, f);
			if (bridge) continue;
			for (const LargeFrame &f : large_frames(to, from))
				topology.large_frame(host, f.bytes, f.linear, f.segment);
		}
	}
	static std::vector<size_t> part() {
		std::vector<size_t> numbers;
		for (size_t i = GetParam(); i < kMatches.size(); i += kParts)
			numbers.push_back(i);
		return numbers;
	}
};

// One monitor for each MATCH sees the same stream. The kernel skips a probe that an interrupt meets while another probe
// is at work; the monitor then tells a lost drop. The test asserts that no further drop is missing, and sends another
// stream.
TEST_P(MatchTable, ShowsWhatACounterCounts) {
	static const std::regex kSummary(R"(nft-drops: (\d+) drops \(.*\) of (\d+), (\d+) lost)");
	static const std::regex kUndecided(R"(nft-drops: (\d+) undecided)");
	constexpr int kTries = 4;
	bool complete = false;
	for (int tries = 0; tries < kTries && !complete; tries++) {
		shell("nft flush ruleset");
		add_tables();
		std::map<size_t, std::unique_ptr<Monitor>> monitors;
		for (const size_t i : part())
			monitors[i] =
			        std::make_unique<Monitor>(std::vector<std::string>{"--format", "line", kMatches[i]});
		send();
		const auto counted = settled_counters();
		complete = true;
		for (const auto &[i, monitor] : monitors) {
			const Finished end = monitor->finish(SIGINT);
			const std::string &match = kMatches[i];
			ASSERT_TRUE(std::regex_search(end.err, kSummary)) << match << "\n" << end.err;
			const uint64_t shown = number_in(end.err, kSummary), of = number_in(end.err, kSummary, 2);
			const uint64_t lost = number_in(end.err, kSummary, 3);
			ASSERT_TRUE(counted.contains(i)) << match << " is in no table";
			complete = complete && lost == 0;
			EXPECT_LE(shown, counted.at(i)) << match << "\n" << end.out << end.err << counters_of(i);
			EXPECT_GE(shown + lost, counted.at(i)) << match << "\n" << end.out << end.err << counters_of(i);
			EXPECT_EQ(number_in(end.err, kUndecided), 0U) << match << "\n" << end.err;
			EXPECT_EQ(lines_of(end.out).size(), shown) << match;
			// None of them is trivial: it takes some of the drops.
			EXPECT_GT(shown, 0U) << match;
			EXPECT_GT(of, 300U) << match << "\n" << end.err;
		}
	}
	EXPECT_TRUE(complete) << "drops were lost each time";
}

// The first part is for every run.
INSTANTIATE_TEST_SUITE_P(Few, MatchTable, testing::Values<size_t>(0));
INSTANTIATE_TEST_SUITE_P(Manual, MatchTable, testing::Range<size_t>(1, kParts));

TEST_F(Match, NamesTheFamiliesThatCannotHoldIt) {
	Monitor monitor({"ip saddr 10.1.0.2"});
	EXPECT_THAT(monitor.err(), HasSubstr("the MATCH means nothing in tables of ip6, arp"));
	EXPECT_EQ(lines_of(monitor.finish(SIGINT).err).size(), 2U);
}

// Words that are no MATCH.
std::vector<std::string> bad_matches() {
	std::vector<std::string> bad = {
	        // syntax
	        "tcp",
	        "tcp dport",
	        "tcp dport {",
	        "tcp dport }",
	        "tcp dport { 22",
	        "tcp dport { }",
	        "tcp dport 22-",
	        "22",
	        "tcp dport != ",
	        "ip saddr 10.0.0.0/33",
	        "ip saddr 10.0.0.256",
	        "tcp dport 22 23",
	        "tcp dport 22,,23",
	        "((",
	        "tcp dport & 22 ==",
	        "ip saddr . { 10.0.0.1 . 22 }",
	        "tcp dport \"22",
	        "\"",
	        "",
	        " ",
	        // unknown names
	        "tcp dprot 22",
	        "tcpp dport 22",
	        "tcp dport nosuchservice",
	        "ct state wrong",
	        "icmp type nothing",
	        "meta nothing 1",
	        "ip6 saddr 10.0.0.1",
	        "ip saddr fd01::1",
	        "vlan id 4096",
	        "tcp flags blue",
	        // verdicts
	        "tcp dport 22 drop",
	        "drop",
	        "accept",
	        "tcp dport 22 accept",
	        "tcp dport 22 jump c",
	        "goto c",
	        "return",
	        "continue",
	        "tcp dport vmap { 22 : drop }",
	        // statements, and what cannot be decided about a packet alone
	        "counter",
	        "tcp dport 22 counter",
	        "log",
	        "tcp dport 22 log prefix \"x\"",
	        "reject",
	        "queue num 3",
	        "meta mark set 1",
	        "ct mark set 1",
	        "limit rate 1/second",
	        "tcp dport 22 limit rate over 1/second",
	        "quota over 1 mbytes",
	        "fib saddr type local",
	        "numgen random mod 2 0",
	        "socket transparent 1",
	        "meta random 1",
	        "meta skuid 0",
	        "ct count over 5",
	        "tcp dport 22 comment \"x\"",
	        // more than one rule, and the ruleset's own names
	        "tcp dport 22; drop",
	        "tcp dport 22\ntcp dport 23",
	        "tcp dport 22\t\\",
	        "tcp dport 22 # all",
	        "ip saddr @blocked",
	        "tcp dport $port",
	        "ip saddr { @blocked }",
	        "include \"/etc/passwd\"",
	};
	bad.push_back(std::string(60'000, '(') + "tcp dport 22");
	bad.push_back(std::string(100'000, 'x'));
	return bad;
}

// The message is nft's own, or ours in the same form.
TEST_F(Match, ABadOneAttachesNothing) {
	const Leftovers before = leftovers();
	const std::vector<std::string> bad = bad_matches();
	EXPECT_GE(bad.size(), 60U);
	for (const std::string &words : bad) {
		const Finished end = run({nft_drops(), "monitor", words});
		const std::string typed = words.substr(0, 60);
		EXPECT_EQ(end.status, 1) << typed;
		EXPECT_EQ(end.out, "") << typed;
		EXPECT_TRUE(end.err.starts_with("Error: ")) << typed << "\n" << end.err.substr(0, 500);
		EXPECT_THAT(end.err, HasSubstr("nothing is monitored")) << typed;
	}
	std::vector<std::string> many = {nft_drops(), "monitor"};
	many.resize(100'000, "tcp");
	const Finished end = run(many);
	EXPECT_EQ(end.status, 1);
	EXPECT_THAT(end.err, HasSubstr("the MATCH is longer than"));
	EXPECT_TRUE(leftovers().no_more_than(before));
}

// What tcpdump takes of all drops, and what `monitor --pcap` shows, on the same stream.
TEST_F(Match, PcapTakesWhatTcpdumpTakes) {
	const std::vector<std::string> expressions = {"tcp port 22",
	                                              "udp portrange 50-200",
	                                              "host 10.1.0.3 or ip6 host fd01::3",
	                                              "tcp[tcpflags] & tcp-syn != 0",
	                                              "ip[6:2] & 0x1fff != 0",
	                                              "icmp[icmptype] = icmp-echo",
	                                              "ip6 proto 0",
	                                              "greater 1000 and not tcp"};
	// The monitors start one after the other. Multicast listener reports that the machine itself sends meanwhile
	// pass.
	shell("nft add table inet t; "
	      "nft add chain inet t c '{ type filter hook prerouting priority 0; policy drop; }'; "
	      "nft add rule inet t c ether saddr != 02:00:00:00:00:12 accept");
	Monitor all({"--linktype", "raw", "-w", "/tmp/all.pcapng"});
	std::vector<std::unique_ptr<Monitor>> monitors;
	for (const std::string &expression : expressions)
		monitors.push_back(
		        std::make_unique<Monitor>(std::vector<std::string>{"--format", "line", "--pcap", expression}));
	for (const Frame &f : mixed_frames(0x11, 0x12))
		topology.frame("left", f);
	EXPECT_EQ(all.finish(SIGINT).status, 0);
	for (size_t i = 0; i < expressions.size(); i++) {
		const Finished end = monitors[i]->finish(SIGINT);
		const size_t taken =
		        lines_of(shell("tcpdump -n -Z root -r /tmp/all.pcapng '" + expressions[i] + "'")).size();
		EXPECT_EQ(lines_of(end.out).size(), taken) << expressions[i] << "\n" << end.err;
		EXPECT_GT(taken, 0U) << expressions[i];
	}
}

} // namespace
} // namespace nft_drops::guest
