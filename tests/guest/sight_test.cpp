// SPDX-License-Identifier: GPL-2.0-only
// What ends a running monitor's sight is noticed and told: every drop is shown, or lies in a time that is told as not
// watched.
#include "modules.h"
#include "running.h"
#include "topology.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <map>
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
	// `words` make the rule's text another one, under the same handle.
	static void load_rules(const std::string &words = "counter") {
		shell("nft 'table ip t { chain in { type filter hook input priority 0; udp dport 20000-29999 " + words +
		      " drop; }; }'");
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
			if (line.contains("not_watched")) {
				gaps.emplace_back(line["not_watched"]["from"], line["not_watched"]["to"]);
				continue;
			}
			const int port = line["packet"]["dport"];
			EXPECT_TRUE(shown.insert(port).second) << line;
			// A drop whose text was not read has none, never another rule's.
			if (const auto text = texts_.find(port); text != texts_.end() && line["rule"].is_string()) {
				EXPECT_EQ(line["rule"], text->second) << line;
			}
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
	std::map<int, std::string> texts_; // by port: the text of the rule that drops what is sent there
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

// How often each thing is done: 20 times with NFT_DROPS_FULL, else fewer, for machines that are emulated.
int rounds() {
	return std::getenv("NFT_DROPS_FULL") ? 20 : 3;
}

// A new probe is attached to the new code, after its own self-test. Tables, chains and rules have the same handles
// again, and other texts.
TEST_F(Sight, NfTablesLoadedAnew) {
	if (!nf_tables_is_module()) GTEST_SKIP() << "nf_tables is built in";
	Monitor monitor({"-j"});
	send();
	ASSERT_TRUE(monitor.wait_for_lines(1, "dport"));
	for (int round = 1; round <= rounds(); round++) {
		ASSERT_TRUE(unload_nf_tables());
		send(false);
		load_rules(fmt::format("meta mark != {}", round));
		const std::string text = fmt::format("udp dport 20000-29999 meta mark != {:#010x} drop", round);
		const auto send_three = [&] {
			for (int i = 0; i < 3; i++) {
				texts_[static_cast<int>(20000 + sent_.size())] = text;
				send();
			}
		};
		send_three(); // most likely before there is a new probe
		ASSERT_TRUE(monitor.wait_for_times("watching again", static_cast<size_t>(round))) << monitor.err();
		send_three();
		ASSERT_TRUE(monitor.wait_for(fmt::format("\"dport\":{}", 20000 + sent_.size() - 1)))
		        << monitor.out() << monitor.err();
	}
	const Finished end = monitor.finish(SIGINT);
	EXPECT_EQ(end.status, 0) << end.err;
	EXPECT_GE(expect_account(end), static_cast<size_t>(1 + 3 * rounds()));
	EXPECT_GE(gaps_, static_cast<size_t>(rounds()));
}

// Nothing can be dropped while there is no nf_tables. The monitor does not load it, and ends as it should.
TEST_F(Sight, NfTablesUnloaded) {
	if (!nf_tables_is_module()) GTEST_SKIP() << "nf_tables is built in";
	Monitor monitor({"-j"});
	send();
	ASSERT_TRUE(monitor.wait_for_lines(1, "dport"));
	ASSERT_TRUE(unload_nf_tables());
	EXPECT_TRUE(monitor.wait_for("nf_tables was unloaded")) << monitor.err();
	std::this_thread::sleep_for(1500ms); // three looks
	EXPECT_FALSE(std::filesystem::exists("/sys/module/nf_tables"));
	const Finished end = monitor.finish(SIGINT);
	EXPECT_EQ(end.status, 0) << end.err;
	EXPECT_EQ(expect_account(end), 1U);
	EXPECT_EQ(gaps_, 1U);
	load_rules();
}

TEST_F(Sight, KprobesSwitchedOffAndOnAgainAndAgain) {
	Monitor monitor({"-j"});
	size_t seen = 0;
	for (int round = 1; round <= rounds(); round++) {
		send();
		ASSERT_TRUE(monitor.wait_for_lines(++seen, "dport")) << monitor.out();
		shell("echo 0 > " + kSwitch);
		send();
		// Some are as short as can be, some last for several looks.
		if (round % 2 == 0) std::this_thread::sleep_for(700ms);
		send();
		shell("echo 1 > " + kSwitch);
		ASSERT_TRUE(monitor.wait_for_times("watching again", static_cast<size_t>(round))) << monitor.err();
	}
	EXPECT_GE(expect_account(monitor.finish(SIGINT)), static_cast<size_t>(rounds()));
	EXPECT_GE(gaps_, static_cast<size_t>(rounds()));
}

// The probe does not depend on function tracing: nothing goes unseen, whether the function is traced, or ftrace is off.
TEST_F(Sight, FunctionTracingOnAndOff) {
	Monitor monitor({"-j"});
	const std::string ftrace = "/proc/sys/kernel/ftrace_enabled";
	const std::string tracing = "/sys/kernel/tracing/";
	ASSERT_TRUE(std::filesystem::exists(tracing + "current_tracer"));
	// A cloud kernel has no function tracer.
	const bool traces = shell("cat " + tracing + "available_tracers").find("function") != std::string::npos;
	for (int round = 0; round < rounds(); round++) {
		// Newer kernels refuse it while something needs ftrace.
		shell("if [ -e " + ftrace + " ]; then echo 0 > " + ftrace + " || true; fi");
		send();
		shell("if [ -e " + ftrace + " ]; then echo 1 > " + ftrace + "; fi");
		send();
		if (!traces) continue;
		shell("echo nft_do_chain > " + tracing + "set_ftrace_filter; echo function > " + tracing +
		      "current_tracer");
		send();
		shell("echo nop > " + tracing + "current_tracer; echo > " + tracing + "set_ftrace_filter");
		send();
	}
	ASSERT_TRUE(monitor.wait_for_lines(sent_.size(), "dport")) << monitor.out() << monitor.err();
	EXPECT_EQ(expect_account(monitor.finish(SIGINT)), sent_.size());
	EXPECT_EQ(gaps_, 0U);
}

} // namespace
} // namespace nft_drops::guest
