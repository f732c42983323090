// SPDX-License-Identifier: GPL-2.0-only
// The script that nft-drops bpftrace prints, run by bpftrace as it is, beside nft-drops monitor.
#include "bpftrace.h"
#include "nft-ext/demo/demo_network.h"
#include "running.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <csignal>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::guest {
namespace {

using nlohmann::json;

std::string name_or_empty(const json &name) {
	return name.is_null() ? "\"\"" : "\"" + name.get<std::string>() + "\"";
}

// As the script writes what monitor says in JSON.
std::string in_the_scripts_words(const json &drop) {
	std::string words = drop.at("family").get<std::string>() + " " + drop.at("table").get<std::string>() +
	                    " base chain " + drop.at("base_chain").get<std::string>() + " " +
	                    drop.at("reason").get<std::string>();
	if (!drop.at("handle").is_null()) words += " handle " + std::to_string(drop.at("handle").get<uint64_t>());
	words += " netns " + std::to_string(drop.at("netns").get<uint64_t>());
	words += " iif " + name_or_empty(drop.at("iif")) + " oif " + name_or_empty(drop.at("oif"));
	words += " length " + std::to_string(drop.at("length").get<uint64_t>());
	const json &packet = drop.at("packet");
	const auto l4 = packet.at("l4").get<std::string>();
	words += " ip saddr " + packet.at("saddr").get<std::string>() + " ip daddr " +
	         packet.at("daddr").get<std::string>();
	return words + " " + l4 + " sport " + std::to_string(packet.at("sport").get<int>()) + " " + l4 + " dport " +
	       std::to_string(packet.at("dport").get<int>());
}

// What the ruleset's own counters say, by the handle of the rule that they stand in.
std::map<uint64_t, uint64_t> counters() {
	std::map<uint64_t, uint64_t> packets;
	const json listing = json::parse(shell("nft -j list ruleset"));
	for (const json &object : listing.at("nftables")) {
		if (!object.contains("rule")) continue;
		for (const json &expression : object.at("rule").at("expr")) {
			if (expression.contains("counter"))
				packets[object.at("rule").at("handle").get<uint64_t>()] =
				        expression.at("counter").at("packets").get<uint64_t>();
		}
	}
	return packets;
}

// How many lines name each rule.
std::map<uint64_t, uint64_t> handles_in(const std::vector<std::string> &lines) {
	constexpr std::string_view kBefore = " rule handle ";
	std::map<uint64_t, uint64_t> packets;
	for (const std::string &line : lines) {
		if (const size_t at = line.find(kBefore); at != std::string::npos)
			packets[std::stoull(line.substr(at + kBefore.size()))]++;
	}
	return packets;
}

// bpftrace 0.17 is blind to a Ctrl-C that comes while it is not waiting: then it is pressed again.
Finished end(Running &script) {
	for (int i = 0; i < 3 && !script.ended_by(SIGINT);)
		i++;
	return script.wait();
}

TEST(Bpftrace, SaysWhatMonitorSays) {
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	auto net = cli::DemoNetwork::create();
	ASSERT_TRUE(net) << net.error().message();
	// Handles differ, so that a counter names its rule: they count from 1 in each table.
	shell("nft -f - <<'END'\n"
	      "table inet filter {\n"
	      "chain deep { udp dport 5353 counter drop\n }\n"
	      "chain input { type filter hook input priority 0; policy drop;\n"
	      "iifname lo accept\n tcp dport 10000 counter drop\n ip protocol udp goto deep\n }\n}\n"
	      "table netdev guard { chain ingress { type filter hook ingress device wan0 priority 0;\n"
	      "iifname lo accept\n iifname lo accept\n iifname lo accept\n iifname lo accept\n iifname lo accept\n"
	      "tcp dport 7 counter drop\n }\n}\nEND");
	// Nothing was proven before: where BTF does not tell the layout, that is done now, and nothing of it stays.
	shell("rm -rf /run/nft-drops");
	const Leftovers clean = leftovers();
	const Finished script = run({nft_drops(), "bpftrace"});
	ASSERT_EQ(script.status, 0) << script.err;
	EXPECT_TRUE(become(clean));
	std::ofstream("/tmp/drops.bt") << script.out;

	Monitor monitor({"--format", "json"});
	Running script_runs(bpftrace({"-B", "line", "/tmp/drops.bt"}));
	// bpftrace takes its time to compile; its first line comes before its probes are there or after, by its
	// version: it is ready when it sees a packet.
	bool ready = false;
	for (int i = 0; i < 60 && !ready; i++) {
		ASSERT_TRUE(net->syn(8, 1, 10000));
		ready = script_runs.wait_for_lines(1, "saddr 192.0.2.8 ");
	}
	ASSERT_TRUE(ready) << script_runs.out() << script_runs.err() << script.out;
	const auto before = counters();
	ASSERT_EQ(before.size(), 3U);

	constexpr size_t kRounds = 5;
	for (uint16_t i = 0; i < kRounds; i++) {
		const auto port = static_cast<uint16_t>(20000 + i);
		ASSERT_TRUE(net->syn(7, port, 10000));     // a rule of the base chain
		ASSERT_TRUE(net->datagram(7, port, 5353)); // one behind a goto
		ASSERT_TRUE(net->syn(7, port, 22));        // the policy
		ASSERT_TRUE(net->datagram(7, port, 9));    // the policy, behind a goto
		ASSERT_TRUE(net->syn(7, port, 7));         // another family, at another hook
	}
	ASSERT_TRUE(monitor.wait_for_lines(5 * kRounds, "\"192.0.2.7\""));
	EXPECT_TRUE(script_runs.wait_for_lines(5 * kRounds, "saddr 192.0.2.7 ")) << script_runs.out();
	end(script_runs);
	monitor.finish(SIGINT);
	std::vector<std::string> ours;
	std::vector<std::string> theirs;
	for (const json &drop : json_lines(monitor.out())) {
		if (drop.at("packet").value("saddr", "") == "192.0.2.7") ours.push_back(in_the_scripts_words(drop));
	}
	for (const std::string &line : lines_of(script_runs.out())) {
		if (line.find("saddr 192.0.2.7 ") != std::string::npos) theirs.push_back(line);
	}
	EXPECT_THAT(theirs, testing::UnorderedElementsAreArray(ours));
	EXPECT_EQ(ours.size(), 5 * kRounds);
	std::map<uint64_t, uint64_t> counted;
	for (const auto &[handle, packets] : counters())
		counted[handle] = packets - before.at(handle);
	EXPECT_EQ(handles_in(theirs), counted);
}

// The examples of docs/, which listen to nft_drops:drop.
TEST(Bpftrace, ExamplesHearOfEveryDrop) {
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	auto net = cli::DemoNetwork::create();
	ASSERT_TRUE(net) << net.error().message();
	shell("nft add table inet t; nft add chain inet t c '{ type filter hook input priority 0; policy drop; }';"
	      "nft add rule inet t c tcp dport 10000 drop; nft add rule inet t c tcp dport 9 accept");
	Monitor monitor({"--format", "json"});
	const std::string pid = std::to_string(monitor.pid());
	Running rules(bpftrace({"-p", pid, "/usr/share/doc/nft-drops/top-rules.bt"}));
	Running lengths(bpftrace({"-p", pid, "/usr/share/doc/nft-drops/lengths.bt"}));
	// bpftrace shows what was printed when it began once its probes are there. On stdout: where its own headers
	// give rise to warnings (0.27 on Linux 7.2), it shows the script's words on stderr before.
	for (Running *script : {&rules, &lengths}) {
		bool ready = false;
		for (int i = 0; i < 30 && !ready; i++)
			ready = script->wait_for_lines(1, "Ctrl-C");
		ASSERT_TRUE(ready) << script->out() << script->err();
	}
	for (uint16_t i = 0; i < 3; i++)
		ASSERT_TRUE(net->syn(7, static_cast<uint16_t>(1000 + i), 10000));
	ASSERT_TRUE(net->datagram(7, 1000, 5353));
	ASSERT_TRUE(monitor.wait_for_lines(4));
	const Finished most = end(rules);
	const Finished histogram = end(lengths);
	EXPECT_THAT(most.out, testing::HasSubstr("@drops[t, c, 2]: 3")) << most.err;
	EXPECT_THAT(most.out, testing::HasSubstr("@drops[t, c, 0]: 1"));
	EXPECT_THAT(histogram.out, testing::HasSubstr("@length[rule]:")) << histogram.err;
	EXPECT_THAT(histogram.out, testing::HasSubstr("[32, 64)               3 |"));
	EXPECT_THAT(histogram.out, testing::HasSubstr("@length[policy]:"));
}

} // namespace
} // namespace nft_drops::guest
