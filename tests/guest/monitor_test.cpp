// SPDX-License-Identifier: GPL-2.0-only
// The main job, on a real kernel with real packets. The truth comes from nft itself: `nft -a list ruleset`.
#include "demo_fixture.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <regex>
#include <set>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using nlohmann::json;

constexpr const char *kArticle = R"(table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state { established, related } accept
		ct state invalid drop
		tcp dport 10000 drop
		iifname "lo" accept
		iifname "veth0" accept
		iifname "eth0" accept
		ip protocol icmp accept
		ip6 nexthdr ipv6-icmp icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, echo-reply, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
	chain output {
		type filter hook output priority filter; policy accept;
	}
})";

std::string trimmed(std::string line) {
	line.erase(0, line.find_first_not_of('\t'));
	return line;
}

// Where nft lists a rule: the handle, text and chain of the one line that holds `text`.
struct Listed {
	uint64_t handle = 0;
	std::string text; // without the handle
	std::string chain;
	uint64_t chain_handle = 0;
	std::string table;
	uint64_t table_handle = 0;
	std::string line; // as it stands, without indentation
};

uint64_t handle_in(const std::string &line) {
	return std::stoull(line.substr(line.rfind("# handle ") + 9));
}

// `table` narrows the search to that table.
Listed listed(const std::string &text, const std::string &table = "") {
	Listed now, found;
	int matches = 0;
	for (const std::string &raw : lines_of(shell("nft -a list ruleset"))) {
		const std::string line = trimmed(raw);
		const auto name_of = [&](size_t skip) { return line.substr(skip, line.find(" {") - skip); };
		if (line.starts_with("table ")) {
			now.table = line.substr(line.find(' ', 6) + 1, line.find(" {") - line.find(' ', 6) - 1);
			now.table_handle = handle_in(line);
		} else if (line.starts_with("chain ")) {
			now.chain = name_of(6);
			now.chain_handle = handle_in(line);
		} else if (line.find(text) != std::string::npos && (table.empty() || now.table == table)) {
			found = now;
			found.line = line;
			const size_t end = line.rfind(" # handle ");
			found.text = line.substr(0, end);
			if (end != std::string::npos) found.handle = handle_in(line);
			matches++;
		}
	}
	EXPECT_EQ(matches, 1) << text;
	return found;
}

// Whether it is dropped or not.
void send_to_itself_by_ip6(uint16_t port) {
	const int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sockaddr_in6 to{};
	to.sin6_family = AF_INET6;
	to.sin6_port = htons(port);
	to.sin6_addr = in6addr_loopback;
	const bool sent = sendto(s, "x", 1, 0, reinterpret_cast<sockaddr *>(&to), sizeof(to)) == 1;
	EXPECT_TRUE(sent || errno == EPERM) << strerror(errno);
	close(s);
}

class MonitorTest : public DemoTest {
protected:
	// Nothing may stay behind, whatever the test did.
	void TearDown() override { EXPECT_TRUE(become(before_)); }

	void syn(uint16_t port, uint8_t host = 7) const { ASSERT_TRUE(net_->syn(host, 40000, port)); }

	static void expect_rule(const json &drop, const Listed &rule) {
		EXPECT_EQ(drop["reason"], "rule");
		EXPECT_EQ(drop["handle"], rule.handle) << drop;
		EXPECT_EQ(drop["rule"], rule.text);
		std::smatch comment;
		const std::regex last(" comment \"([^\"]*)\"$");
		if (std::regex_search(rule.text, comment, last))
			EXPECT_EQ(drop["comment"], comment[1].str());
		else
			EXPECT_TRUE(drop["comment"].is_null()) << drop;
		EXPECT_TRUE(drop["priority"].is_number_integer()) << drop;
		EXPECT_EQ(drop["chain"], rule.chain);
		EXPECT_EQ(drop["chain_handle"], rule.chain_handle);
		EXPECT_EQ(drop["table"], rule.table);
		EXPECT_EQ(drop["table_handle"], rule.table_handle);
	}

	Leftovers before_ = leftovers();
};

TEST_F(MonitorTest, TheArticlesRulesetInAllThreeFormats) {
	load(kArticle);
	Monitor as_json({"--format", "json"});
	Monitor as_line({"--format", "line"});
	Monitor as_block({});
	for (int i = 0; i < 5; i++)
		syn(10000);
	syn(22);
	for (int i = 0; i < 1000; i++)
		ASSERT_TRUE(cli::DemoNetwork::over_loopback(9));
	ASSERT_TRUE(as_json.wait_for_lines(6));
	ASSERT_TRUE(as_line.wait_for_lines(6));
	ASSERT_TRUE(as_block.wait_for_lines(6, "# "));
	const Finished json_end = as_json.finish(SIGINT);
	const Finished line_end = as_line.finish(SIGTERM);
	const Finished block_end = as_block.finish(SIGINT);

	const Listed rule = listed("tcp dport 10000 drop");
	const Listed policy = listed("hook input");
	const auto drops = json_lines(json_end.out);
	ASSERT_EQ(drops.size(), 6U);
	for (size_t i = 0; i < 5; i++) {
		expect_rule(drops[i], rule);
		EXPECT_EQ(drops[i]["packet"]["dport"], 10000);
		EXPECT_EQ(drops[i]["packet"]["saddr"], "192.0.2.7");
		EXPECT_EQ(drops[i]["length"], 60);
		EXPECT_EQ(drops[i]["iif"], "wan0");
		EXPECT_EQ(drops[i]["hook"], "input");
		EXPECT_EQ(drops[i]["priority"], 0);
	}
	EXPECT_EQ(drops[5]["reason"], "policy");
	EXPECT_TRUE(drops[5]["handle"].is_null());
	EXPECT_EQ(drops[5]["chain"], "input");
	EXPECT_EQ(drops[5]["chain_handle"], policy.chain_handle);
	EXPECT_EQ(drops[5]["packet"]["dport"], 22);

	const auto lines = lines_of(line_end.out);
	ASSERT_EQ(lines.size(), 6U);
	for (size_t i = 0; i < 5; i++) {
		EXPECT_NE(lines[i].find(" inet filter input handle " + std::to_string(rule.handle) + " \"" + rule.text +
		                        "\" "),
		          std::string::npos)
		        << lines[i];
	}
	EXPECT_NE(lines[5].find(policy.text), std::string::npos) << lines[5];

	// Every line of block is a line of nft's listing, or a comment about a packet.
	std::set<std::string> nfts;
	for (const std::string &line : lines_of(shell("nft -a list ruleset")))
		nfts.insert(line);
	size_t packets = 0;
	EXPECT_EQ(lines_of(block_end.out).front(), "# " + lines_of(shell("date +%F")).front());
	for (const std::string &line : lines_of(block_end.out)) {
		if (line.starts_with("\t\t# "))
			packets++;
		else if (line.starts_with("# 20"))
			continue;
		else
			EXPECT_TRUE(nfts.contains(line)) << line;
	}
	EXPECT_EQ(packets, 6U);
	EXPECT_EQ(std::ranges::count(lines_of(block_end.out), "\t\t" + rule.line), 5);

	for (const Finished &f : {json_end, line_end, block_end}) {
		EXPECT_EQ(f.status, 0);
		EXPECT_NE(f.err.find("\nnft-drops: 6 drops (5 by rule, 1 by policy, 0 other), 0 lost\n"),
		          std::string::npos)
		        << f.err;
		EXPECT_EQ(lines_of(f.err).size(), 2U) << f.err;
	}
	// Block is valid nft: a second namespace takes it.
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	load(block_end.out);
}

TEST_F(MonitorTest, JumpGotoVerdictMapAndReject) {
	load(R"(table inet roads {
	chain jumped { udp dport 1 accept; tcp dport 1001 counter drop; }
	chain gone { tcp dport 1002 drop comment "by goto"; }
	chain deep { tcp dport 1006 jump deeper; }
	chain deeper { tcp flags syn tcp dport 1006 drop; }
	chain mapped { tcp dport 1003 log prefix "m" drop; }
	chain input {
		type filter hook input priority filter; policy accept;
		udp dport 77 accept
		tcp dport 1001 jump jumped
		jump deep
		tcp dport vmap { 1003 : jump mapped, 1004 : drop }
		tcp dport 1005 reject
		tcp dport 1007 ct state new drop
		tcp dport 1002 goto gone
		tcp dport 1002 accept
	}
})");
	Monitor monitor({"-j"});
	const std::vector<std::pair<uint16_t, std::string>> truth = {
	        {1001, "tcp dport 1001 counter"}, {1002, "by goto"},
	        {1003, "log prefix \"m\""},       {1004, "vmap"},
	        {1005, "tcp dport 1005"},         {1006, "tcp dport 1006 drop"},
	        {1007, "tcp dport 1007"},
	};
	for (const auto &[port, text] : truth)
		syn(port);
	ASSERT_TRUE(monitor.wait_for_lines(truth.size()));
	const Finished end = monitor.finish(SIGINT);
	const auto drops = json_lines(end.out);
	ASSERT_EQ(drops.size(), truth.size());
	for (size_t i = 0; i < truth.size(); i++) {
		Listed rule = listed(truth[i].second);
		// Counters change: rule texts are stateless.
		if (const size_t at = rule.text.find("counter packets"); at != std::string::npos)
			rule.text = "tcp dport 1001 counter drop";
		expect_rule(drops[i], rule);
		EXPECT_EQ(drops[i]["packet"]["dport"], truth[i].first);
		EXPECT_EQ(drops[i]["base_chain"], "input");
	}
	EXPECT_NE(end.err.find("7 drops (7 by rule, 0 by policy, 0 other), 0 lost"), std::string::npos) << end.err;
}

TEST_F(MonitorTest, RulesAddedReplacedAndDeletedWhileItRuns) {
	load("table inet moving { chain input { type filter hook input priority filter; policy accept; }; }");
	Monitor monitor({"--format", "json"});
	shell("nft add rule inet moving input tcp dport 2001 drop comment \"late\"");
	syn(2001);
	const Listed added = listed("late");
	ASSERT_TRUE(monitor.wait_for_lines(1));
	shell("nft replace rule inet moving input handle " + std::to_string(added.handle) +
	      " tcp dport 2001 drop comment \"replaced\"");
	syn(2001);
	const Listed replaced = listed("replaced");
	ASSERT_TRUE(monitor.wait_for_lines(2));
	EXPECT_EQ(replaced.handle, added.handle);
	shell("nft delete table inet moving");
	load("table inet moving { chain input { type filter hook input priority filter; policy drop; tcp dport 2001 "
	     "drop; }; }");
	syn(2001);
	const Listed again = listed("tcp dport 2001 drop");
	ASSERT_TRUE(monitor.wait_for_lines(3));
	const auto drops = json_lines(monitor.finish(SIGINT).out);
	ASSERT_EQ(drops.size(), 3U);
	expect_rule(drops[0], added);
	expect_rule(drops[1], replaced);
	expect_rule(drops[2], again);
	EXPECT_NE(again.table_handle, added.table_handle);
}

// What reads the ruleset is held up meanwhile, so by time alone it could not tell which of two texts a drop belongs to.
// The first start is with one commit, when other numbers in the kernel are the generation's.
TEST_F(MonitorTest, ReplacedBetweenTwoPackets) {
	load("table inet t { chain input { type filter hook input priority 0; tcp dport 2002 drop; }; }\n"
	     "table ip u { }");
	Monitor monitor({"--format", "json"});
	const std::string pid = std::to_string(monitor.pid());
	const std::string reader = " $(cat /proc/" + pid + "/task/" + pid + "/children)";
	std::vector<Listed> truth;
	for (size_t i = 0; i < 4; i++) {
		truth.push_back(listed("tcp dport 2002 drop"));
		shell("kill -STOP" + reader);
		syn(2002);
		load("replace rule inet t input handle " + std::to_string(truth.back().handle) +
		     " tcp dport 2002 drop comment \"text " + std::to_string(i) + "\"");
		syn(2002);
		truth.push_back(listed("tcp dport 2002 drop"));
		shell("kill -CONT" + reader);
		ASSERT_TRUE(monitor.wait_for_lines(truth.size()));
	}
	const auto drops = json_lines(monitor.finish(SIGINT).out);
	ASSERT_EQ(drops.size(), truth.size());
	for (size_t i = 0; i < truth.size(); i++)
		expect_rule(drops[i], truth[i]);
}

TEST_F(MonitorTest, EqualHandlesInTwoTables) {
	load("table inet one { chain input { type filter hook input priority 0; tcp dport 3001 drop; }; }");
	load("table ip two { chain input { type filter hook input priority 1; tcp dport 3002 drop; }; }");
	const Listed one = listed("tcp dport 3001"), two = listed("tcp dport 3002");
	ASSERT_EQ(one.handle, two.handle);
	Monitor monitor({"--format", "json", "--count", "4"});
	for (int i = 0; i < 2; i++) {
		syn(3001);
		syn(3002);
	}
	const Finished end = monitor.wait();
	EXPECT_EQ(end.status, 0);
	const auto drops = json_lines(end.out);
	ASSERT_EQ(drops.size(), 4U);
	for (size_t i = 0; i < 4; i++) {
		expect_rule(drops[i], i % 2 ? two : one);
		EXPECT_EQ(drops[i]["family"], i % 2 ? "ip" : "inet");
	}
}

TEST_F(MonitorTest, OtherNamespacesAreNotSeen) {
	load("table inet here { chain input { type filter hook input priority 0; tcp dport 4001 drop; }; }");
	Monitor monitor({"--format", "json"});
	// nf_tables' own counter is the proof that a packet was dropped there.
	const std::string there =
	        shell("unshare -n sh -ec 'ip link set lo up;"
	              " nft \"table inet there { chain input { type filter hook input priority 0; counter drop; }; }\";"
	              " if ping -c 1 -W 1 127.0.0.1 >&2; then exit 1; fi; nft list table inet there'");
	EXPECT_NE(there.find("counter packets 1 "), std::string::npos) << there;
	syn(4001);
	ASSERT_TRUE(monitor.wait_for_lines(1));
	const auto drops = json_lines(monitor.finish(SIGINT).out);
	ASSERT_EQ(drops.size(), 1U);
	EXPECT_EQ(drops[0]["table"], "here");
}

TEST_F(MonitorTest, FamiliesAndHooks) {
	load(R"(table ip six { chain out { type filter hook output priority 0; udp dport 5001 drop; }; }
table ip6 six { chain out { type filter hook output priority 0; udp dport 5002 drop; }; }
table netdev wire { chain in { type filter hook ingress device "wan0" priority 0; tcp dport 5003 drop; }; }
table ip pre { chain pre { type filter hook prerouting priority raw; tcp dport 5004 drop; }; })");
	Monitor monitor({"--format", "json"});
	// The kernel tells the sender of a packet that is dropped on output.
	EXPECT_FALSE(cli::DemoNetwork::over_loopback(5001));
	send_to_itself_by_ip6(5002);
	syn(5003);
	syn(5004);
	ASSERT_TRUE(monitor.wait_for_lines(4));
	const auto drops = json_lines(monitor.finish(SIGINT).out);
	ASSERT_GE(drops.size(), 4U);
	std::set<std::pair<std::string, std::string>> seen;
	for (const json &d : drops) {
		const int port = d["packet"]["dport"];
		expect_rule(d, listed("dport " + std::to_string(port) + " drop"));
		seen.emplace(d["family"], d["hook"]);
	}
	const std::set<std::pair<std::string, std::string>> truth = {
	        {"ip", "output"}, {"ip6", "output"}, {"netdev", "ingress"}, {"ip", "prerouting"}};
	EXPECT_EQ(seen, truth);
}

TEST_F(MonitorTest, EndsByItselfAndQuietly) {
	load("table inet t { chain input { type filter hook input priority 0; policy drop; }; }");
	const Finished timed = run({nft_drops(), "monitor", "--for", "300ms"});
	EXPECT_EQ(timed.status, 0);
	EXPECT_EQ(timed.out, "");
	EXPECT_NE(timed.err.find("nft-drops: 0 drops (0 by rule, 0 by policy, 0 other), 0 lost\n"), std::string::npos);

	// The reader goes away: no error, no signal. A shell's pipe has the status of its last command only.
	Running piped({"sh", "-ec",
	               "{ status=0; " + nft_drops() +
	                       " monitor --format line || status=$?; echo \"ended with $status\" >&2; } | head -n 1"});
	ASSERT_TRUE(piped.wait_for("nft-drops: monitoring"));
	syn(6001);
	ASSERT_TRUE(piped.wait_for_lines(1));
	syn(6002);
	EXPECT_EQ(piped.wait().status, 0);
	EXPECT_TRUE(piped.err().ends_with("ended with 0\n")) << piped.err();
}

TEST_F(MonitorTest, KilledItLeavesNothing) {
	for (int i = 0; i < 3; i++) {
		Monitor monitor({});
		EXPECT_FALSE(leftovers().no_more_than(before_)); // the check itself sees a running monitor
		monitor.finish(SIGKILL);
		EXPECT_TRUE(become(before_));
	}
}

} // namespace
} // namespace nft_drops::guest
