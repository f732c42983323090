// SPDX-License-Identifier: GPL-2.0-only
// `--path`: the jumps that led to the rule. The truth is the order of packets' rules as written here, with the handles
// that nft lists.
#include "abilities.h"
#include "running.h"
#include "topology.h"

#include <gtest/gtest.h>

#include <csignal>

namespace nft_drops::guest {
namespace {

using nlohmann::json;

uint64_t handle_of(const std::string &part) {
	for (const std::string &line : lines_of(shell("nft -a list ruleset"))) {
		if (line.find(part) == std::string::npos) continue;
		return std::stoull(line.substr(line.rfind("# handle ") + 9));
	}
	ADD_FAILURE() << "no rule with " << part;
	return 0;
}

json step(const std::string &chain, const std::string &rule, const std::string &jump) {
	return {{"chain", chain}, {"handle", handle_of(rule)}, {"jump", jump}};
}

json by_map(const std::string &chain, const std::string &rule, const std::string &to) {
	return {{"chain", chain}, {"handle", handle_of(rule)}, {"jump", nullptr}, {"vmap", to}};
}

json by_goto(const std::string &chain, const std::string &to) {
	return {{"chain", chain}, {"handle", nullptr}, {"jump", nullptr}, {"goto", to}};
}

TEST(Path, OfEveryKindOfJump) {
	const Leftovers before = leftovers();
	Topology net;
	std::string deep;
	for (int i = 0; i < 15; i++)
		deep += "chain d" + std::to_string(i) + " { udp dport 9 accept; " +
		        (i < 14 ? "jump d" + std::to_string(i + 1) + " comment \"deep " + std::to_string(i) + "\"; }\n"
		                : "udp dport 7016 drop comment \"deepest\"; }\n");
	shell("nft -f - <<'END'\ntable inet p {\n" + deep + R"(
	chain ZONES { udp dport 7001 drop comment "in zones"; }
	chain inner { udp dport 7002 drop comment "in inner"; }
	chain outer { udp dport 9 drop; udp dport 7002 jump inner comment "last in outer"; }
	chain LAN { udp dport 7003 drop comment "in lan"; }
	chain jumps_on { udp dport 7004 jump LAN2 comment "behind goto"; }
	chain LAN2 { udp dport 7004 drop comment "in lan2"; }
	chain mapped { udp dport 7005 drop comment "in mapped"; }
	chain empty { udp dport 9 drop; }
	chain input {
		type filter hook input priority 0; policy accept;
		jump empty
		udp dport 7000 drop comment "plain"
		udp dport 7006 reject comment "rejected"
		udp dport 7001 jump ZONES comment "to zones"
		udp dport 7002 jump outer comment "to outer"
		udp dport 7003 goto LAN
		udp dport 7004 goto jumps_on
		udp dport vmap { 7005 : jump mapped } comment "map"
		udp dport 7016 jump d0 comment "to deep"
	}
}
END)");
	Monitor as_json({"-j", "--path"});
	Monitor as_line({"--format", "line", "--path"});
	for (const uint16_t port : {7000, 7001, 7002, 7003, 7004, 7005, 7016, 7006})
		net.udp("left", "10.1.0.1", port);
	ASSERT_TRUE(as_json.wait_for_lines(8));
	ASSERT_TRUE(as_line.wait_for_lines(8));
	const auto drops = json_lines(as_json.finish(SIGINT).out);
	const auto lines = lines_of(as_line.finish(SIGINT).out);
	ASSERT_EQ(drops.size(), 8U);
	ASSERT_EQ(lines.size(), 8U);
	const auto handle = [](const std::string &part) { return " (handle " + std::to_string(handle_of(part)) + ")"; };
	const auto line_is = [&](size_t i, const std::string &path) {
		EXPECT_TRUE(lines[i].ends_with(" path " + path)) << lines[i] << "\n" << path;
	};
	EXPECT_EQ(drops[0]["path"], json::array());
	line_is(0, "input -> drop" + handle("\"plain\""));
	EXPECT_EQ(drops[1]["path"], json::array({step("input", "\"to zones\"", "ZONES")}));
	line_is(1, "input -> jump ZONES" + handle("\"to zones\"") + " -> drop" + handle("\"in zones\""));
	EXPECT_EQ(drops[2]["path"],
	          json::array({step("input", "\"to outer\"", "outer"), step("outer", "\"last in outer\"", "inner")}));
	EXPECT_EQ(drops[3]["path"], json::array({by_goto("input", "LAN")}));
	line_is(3, "input -> goto LAN -> drop" + handle("\"in lan\""));
	EXPECT_EQ(drops[4]["path"],
	          json::array({by_goto("input", "jumps_on"), step("jumps_on", "\"behind goto\"", "LAN2")}));
	line_is(4,
	        "input -> goto jumps_on -> jump LAN2" + handle("\"behind goto\"") + " -> drop" + handle("\"in lan2\""));
	EXPECT_EQ(drops[5]["path"], json::array({by_map("input", "\"map\"", "mapped")}));
	line_is(5, "input -> vmap" + handle("\"map\"") + " -> mapped -> drop" + handle("\"in mapped\""));
	json all = json::array({step("input", "\"to deep\"", "d0")});
	for (int i = 0; i < 14; i++)
		all.push_back(step("d" + std::to_string(i), "\"deep " + std::to_string(i) + "\"",
		                   "d" + std::to_string(i + 1)));
	EXPECT_EQ(drops[6]["path"], all);
	line_is(7, std::string("input -> ") + (names_expressions() ? "reject" : "drop") + handle("\"rejected\""));
	EXPECT_TRUE(become(before));
}

} // namespace
} // namespace nft_drops::guest
