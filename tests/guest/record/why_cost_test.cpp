// SPDX-License-Identifier: GPL-2.0-only
// What `why` costs with a history of a million flows. For a machine whose clock counts instructions (run-vm --icount):
// the processor time of a process is the number of its instructions, those in the kernel included.
#include "nft-ext/history/store.h"
#include "tests/guest/running.h"

#include "bpf/shared/flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <iterator>
#include <random>
#include <unistd.h>
#include <vector>

namespace nft_drops::guest {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr const char *kFolder = "/var/lib/nft-drops";
constexpr const char *kDatabase = "/var/lib/nft-drops/drops.db";
constexpr unsigned kFlows = 1'000'000, kRules = 200, kWrites = 10;
constexpr gid_t kGroup = 900; // nft-drops
constexpr uid_t kMember = 1000;
// A desktop's processor at 3 GHz has run 300,000,000 instructions after 100 ms, at one a cycle: most run more.
constexpr double kMillionInstructions = 300;

CulpritWords rule(unsigned number) {
	CulpritWords c;
	c.family = "inet";
	c.table = "filter";
	c.table_handle = 1;
	c.chain = c.base_chain = c.hook = "input";
	c.chain_handle = 1;
	c.chain_known = true;
	c.cause = ND_CAUSE_RULE;
	c.handle = number + 2;
	c.text = "ip saddr 192.0.2." + std::to_string(number) + " drop";
	return c;
}

// Eight minutes of flows, no two alike: one of a thousand goes to TCP port 443, the others to random ports.
class WhyCost : public testing::Test {
protected:
	void SetUp() override {
		std::filesystem::remove_all(kFolder);
		std::filesystem::create_directories("/var/lib");
		std::ofstream("/etc/group", std::ios::app) << "nft-drops:x:" << kGroup << ":\n";
		std::vector<CulpritWords> rules;
		for (unsigned i = 0; i < kRules; i++)
			rules.push_back(rule(i));
		auto store = Store::open({.path = kDatabase});
		ASSERT_TRUE(store) << store.error().message();
		const Moment now = Moment::now();
		const auto earlier = [&now](int64_t ns) { return Moment{now.wall - ns, now.boot - ns}; };
		constexpr int64_t kBetween = 50 * kSecond;
		ASSERT_TRUE((*store)->begin_span(earlier(kWrites * kBetween),
		                                 {.boot = boot_id(), .netns = {}, .match = {}}));
		std::minstd_rand random(1);
		for (unsigned at = kWrites; at > 0; at--) {
			std::vector<Row> rows;
			for (unsigned i = 0; i < kFlows / kWrites; i++) {
				const Moment when = earlier(at * kBetween - i % 1000);
				FlowWords flow{.kind = ND_FLOW_IP | ND_FLOW_PORT,
				               .protocol = IPPROTO_TCP,
				               .port = static_cast<uint16_t>(i % 1000 == 0 ? 443 : random() % 65536),
				               .iif = "eth0",
				               .oif = {},
				               .saddr = {.size = 4},
				               .daddr = {.size = 4}};
				const uint32_t from = at * (kFlows / kWrites) + i;
				for (int byte = 0; byte < 4; byte++)
					flow.saddr.bytes[byte] = static_cast<uint8_t>(from >> (24 - 8 * byte));
				to_443_ += flow.port == 443;
				rows.push_back({&rules[random() % kRules], flow, {1, 60, when.wall, when.wall}});
			}
			ASSERT_TRUE((*store)->write(rows, 0, earlier((at - 1) * kBetween)));
		}
		ASSERT_GE(to_443_, kFlows / 1000);
	}

	// Has another process run it, as a member of the group nft-drops; returns millions of instructions.
	double ask() const {
		const pid_t child = fork();
		if (child == 0) {
			if (setgroups(1, &kGroup) == 0 && setgid(kMember) == 0 && setuid(kMember) == 0 &&
			    freopen("/tmp/answer", "w", stdout) && freopen("/tmp/told", "w", stderr))
				execl("/usr/bin/nft-drops", "nft-drops", "why", "tcp", "dport", "443", "--since", "10m",
				      nullptr);
			_exit(127);
		}
		int status = 0;
		rusage used{};
		EXPECT_EQ(wait4(child, &status, 0, &used), child);
		std::ifstream told("/tmp/told");
		EXPECT_EQ(status, 0) << std::string(std::istreambuf_iterator<char>(told), {});
		std::ifstream answer("/tmp/answer");
		unsigned flows = 0;
		for (std::string line; std::getline(answer, line);)
			flows += line.find(" tcp dport 443") != std::string::npos;
		EXPECT_EQ(flows, to_443_);
		const auto of = [](const timeval &t) {
			return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
		};
		return of(used.ru_utime) + of(used.ru_stime);
	}

	unsigned to_443_ = 0;
};

TEST_F(WhyCost, AMillionFlowsAreAskedByTheirPort) {
	for (const char *file : {"/tmp/answer", "/tmp/told"}) {
		std::ofstream made(file);
		std::filesystem::permissions(file, std::filesystem::perms::all);
	}
	Running recorder({nft_drops(), "record"});
	ASSERT_TRUE(recorder.wait_for("nft-drops: recording ")) << recorder.err();
	// The first one finds neither the programs nor the file in memory.
	const double first = ask(), while_recording = ask();
	EXPECT_EQ(recorder.finish(SIGTERM).status, 0);
	const double afterwards = ask();
	printf("why tcp dport 443 --since 10m, %u of %u flows, millions of instructions: first %.0f, while a recorder "
	       "writes %.0f, afterwards %.0f\n",
	       to_443_, kFlows, first, while_recording, afterwards);
	for (const double cost : {while_recording, afterwards})
		EXPECT_LT(cost, kMillionInstructions);
}

} // namespace
} // namespace nft_drops::guest
