// SPDX-License-Identifier: GPL-2.0-only
// What ends a running monitor's sight is noticed and told: every drop is shown, or lies in a time that is told as not
// watched.
#include "running.h"
#include "topology.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <set>
#include <thread>

namespace nft_drops::guest {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using Time = std::chrono::system_clock::time_point;

const std::string kSwitch = "/sys/kernel/debug/kprobes/enabled";

// As JSON output has it; such texts sort as times do.
std::string utc(Time time) {
	const auto since = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
	const time_t second = since / 1'000'000;
	char text[32];
	strftime(text, sizeof(text), "%FT%T", gmtime(&second));
	return fmt::format("{}.{:06}Z", text, since % 1'000'000);
}

class Sight : public testing::Test {
protected:
	void SetUp() override { load_rules(); }
	void TearDown() override {
		shell("echo 1 > " + kSwitch);
		EXPECT_TRUE(become(before_));
	}
	static void load_rules() {
		shell("nft 'table ip t { chain in { type filter hook input priority 0; udp dport 20000-29999 counter "
		      "drop; }; }'");
	}
	// A packet that the rule drops if it is there; each has a port of its own.
	void send(bool dropped = true) {
		const auto port = static_cast<uint16_t>(20000 + sent_.size());
		const std::string from = utc(std::chrono::system_clock::now());
		net_.udp("left", "10.1.0.1", port);
		sent_.push_back({port, from, utc(std::chrono::system_clock::now()), dropped});
	}
	// Each dropped packet must be shown, or lie in a time that is told. Returns how many are shown.
	size_t expect_account(const Finished &end) {
		std::set<int> shown;
		std::vector<std::pair<std::string, std::string>> gaps;
		for (const json &line : json_lines(end.out)) {
			if (line.contains("not_watched"))
				gaps.emplace_back(line["not_watched"]["from"], line["not_watched"]["to"]);
			else
				EXPECT_TRUE(shown.insert(int{line["packet"]["dport"]}).second) << line;
		}
		for (const auto &[port, from, to, dropped] : sent_) {
			if (!dropped || shown.contains(port)) continue;
			const bool told = std::ranges::any_of(
			        gaps, [&](const auto &gap) { return gap.first <= from && to <= gap.second; });
			EXPECT_TRUE(told) << "port " << port << ", sent from " << from << " to " << to << "\n"
			                  << end.out;
		}
		if (!gaps.empty()) {
			EXPECT_EQ(end.err.find(" 0 lost"), std::string::npos) << end.err;
			EXPECT_NE(end.err.find(", unseen for "), std::string::npos) << end.err;
		}
		gaps_ = gaps.size();
		return shown.size();
	}
	struct Sent {
		uint16_t port;
		std::string from, to;
		bool dropped;
	};
	Leftovers before_ = leftovers();
	Topology net_;
	std::vector<Sent> sent_;
	size_t gaps_ = 0;
};

TEST_F(Sight, KprobesSwitchedOffAndOn) {
	Monitor monitor({"-j"});
	for (int i = 0; i < 3; i++)
		send();
	ASSERT_TRUE(monitor.wait_for_lines(3, "dport"));
	shell("echo 0 > " + kSwitch);
	for (int i = 0; i < 2; i++)
		send();
	EXPECT_TRUE(monitor.wait_for("kprobes were switched off")) << monitor.err();
	shell("echo 1 > " + kSwitch);
	EXPECT_TRUE(monitor.wait_for("watching again")) << monitor.err();
	for (int i = 0; i < 4; i++)
		send();
	ASSERT_TRUE(monitor.wait_for_lines(7, "dport")) << monitor.out();
	EXPECT_EQ(expect_account(monitor.finish(SIGINT)), 7U);
	EXPECT_GE(gaps_, 1U);
}

// However short it is: between two looks at the probe nothing else would show it.
TEST_F(Sight, SwitchedOffForAMoment) {
	Monitor monitor({"-j"});
	send();
	shell("echo 0 > " + kSwitch);
	send();
	shell("echo 1 > " + kSwitch);
	EXPECT_TRUE(monitor.wait_for("watching again")) << monitor.err();
	send();
	ASSERT_TRUE(monitor.wait_for_lines(2, "dport")) << monitor.out();
	EXPECT_EQ(expect_account(monitor.finish(SIGINT)), 2U);
	EXPECT_GE(gaps_, 1U);
}

// A probe for other code needs its own Plan and self-test: the monitor ends, and says why.
TEST_F(Sight, NfTablesUnloaded) {
	if (!std::filesystem::exists("/sys/module/nf_tables/refcnt")) GTEST_SKIP() << "nf_tables is built in";
	Monitor monitor({"-j"});
	send();
	ASSERT_TRUE(monitor.wait_for_lines(1, "dport"));
	shell("nft flush ruleset");
	// Modules that use nf_tables go first. Each round takes those that nobody uses any more.
	for (int i = 0; i < 20 && std::filesystem::exists("/sys/module/nf_tables"); i++)
		shell("for m in $(sed -n 's/^\\(nft*_[a-z0-9_]*\\) [0-9]* 0 .*/\\1/p' /proc/modules); do rmmod $m || "
		      "true; done");
	if (std::filesystem::exists("/sys/module/nf_tables")) GTEST_SKIP() << "nf_tables cannot be unloaded here";
	const Finished end = monitor.wait();
	EXPECT_EQ(end.status, 1) << end.err;
	EXPECT_NE(end.err.find("nf_tables was "), std::string::npos) << end.err;
	EXPECT_EQ(end.err.find(" 0 lost"), std::string::npos) << end.err;
	load_rules();
}

} // namespace
} // namespace nft_drops::guest
