// SPDX-License-Identifier: GPL-2.0-only
// Sums by rule and flow, on a real kernel with real packets. The truth comes from nft's own counters and from what was
// sent. NFT_DROPS_FULL=1 sends 1,000,000 packets; else fewer, for machines that are emulated.
#include "jit/flows/flows.h"
#include "tests/guest/loopback_sender.h"
#include "tests/guest/running.h"
#include "tests/guest/twenty_rules.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <map>
#include <random>
#include <string>

namespace nft_drops::guest {
namespace {

using nlohmann::json;

// From so many addresses of 127.1.0.0/16 to random ports, the same ones each time.
pid_t sender(int cpu, unsigned count, unsigned sources) {
	return send_over_loopback(
	        cpu, count, kEcho,
	        [random = std::minstd_rand(static_cast<unsigned>(cpu) + 1), sources](unsigned) mutable {
		        const auto from = static_cast<uint32_t>(0x7f010000 + random() % sources);
		        return Datagram{from, static_cast<unsigned>(kFirstPort + random() % kPorts)};
	        });
}

struct Sum {
	uint64_t packets = 0, bytes = 0;
	bool operator==(const Sum &) const = default;
	friend void PrintTo(const Sum &s, std::ostream *out) { *out << s.packets << " packets " << s.bytes; }
};

// What nft's own counters say, by handle.
std::map<uint64_t, Sum> counters() {
	std::map<uint64_t, Sum> sums;
	for (const auto &[handle, sum] : nft_counters())
		sums[handle] = {sum.first, sum.second};
	return sums;
}

class FlowsTest : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_EQ(unshare(CLONE_NEWNET), 0);
		shell("ip link set lo up");
		shell("nft -f - <<'END'\n" + twenty_rules() + "\nEND");
	}
	void start(const jit::FlowsOptions &options = {}) {
		auto started = jit::Flows::start(options);
		ASSERT_TRUE(started) << started.error().message();
		flows_ = std::move(*started);
	}
	void read() {
		flows_->read([this](const jit::FlowRegion &region) {
			nested_ += region.nested;
			unlisted_ += region.unlisted.packets;
			std::vector<uint64_t> left;
			for (const nd_flow_rule &rule : region.rules) {
				EXPECT_STREQ(rule.table, "t");
				EXPECT_STREQ(rule.base_chain, "c");
				EXPECT_LE(rule.sum.first_ns, rule.sum.last_ns);
				Sum &sum = rules_[rule.key.culprit >> 8];
				sum.packets += rule.sum.packets;
				sum.bytes += rule.sum.bytes;
				left.push_back(rule.sum.packets);
			}
			for (const nd_flow &flow : region.flows) {
				EXPECT_GE(left.at(flow.key.rule), flow.sum.packets);
				left.at(flow.key.rule) -= flow.sum.packets;
				EXPECT_EQ(flow.key.kind, ND_FLOW_IP | ND_FLOW_PORT);
				EXPECT_EQ(flow.key.protocol, IPPROTO_UDP);
				EXPECT_STREQ(flow.iifname, "lo");
				Sum &sum = by_flow_[{flow.key.saddr[0], flow.key.port}];
				sum.packets += flow.sum.packets;
				sum.bytes += flow.sum.bytes;
			}
			for (const uint64_t others : left)
				others_ += others;
		});
		reads_++;
	}
	void send_from_both(unsigned each, unsigned sources) {
		constexpr int kSenders = 2;
		for (int cpu = 0; cpu < kSenders; cpu++)
			ASSERT_GT(sender(cpu, each, sources), 0);
		for (int left = kSenders; left > 0;) {
			int status = 0;
			if (waitpid(-1, &status, WNOHANG) > 0) {
				EXPECT_EQ(status, 0);
				left--;
				continue;
			}
			usleep(200'000);
			read();
		}
		flows_->detach();
		read();
		read();
	}

	std::unique_ptr<jit::Flows> flows_;
	std::map<uint64_t, Sum> rules_;
	std::map<std::pair<uint64_t, unsigned>, Sum> by_flow_;
	uint64_t nested_ = 0, unlisted_ = 0, others_ = 0;
	unsigned reads_ = 0;
};

TEST_F(FlowsTest, EqualsNftsOwnCountersOnTwoProcessors) {
	const unsigned each = full_or(500'000, 20'000);
	start();
	send_from_both(each, 60'000);
	const auto truth = counters();
	uint64_t all = 0;
	for (const auto &[handle, sum] : truth)
		all += sum.packets;
	EXPECT_EQ(all, 2 * each);
	EXPECT_EQ(flows_->missed().hits, 0U);
	EXPECT_EQ(nested_, 0U);
	EXPECT_EQ(unlisted_, 0U);
	EXPECT_EQ(rules_, truth);
	EXPECT_EQ(truth.size(), 20U);
	uint64_t of_flows = 0;
	for (const auto &[flow, sum] : by_flow_)
		of_flows += sum.packets;
	EXPECT_EQ(of_flows + others_, all);
	fmt::print("{} packets, {} flows, {} among others, {} reads\n", all, by_flow_.size(), others_, reads_);
}

TEST_F(FlowsTest, FlowsWithoutRoomAreAmongTheOthers) {
	start({.flows = 1024, .rules = 128});
	send_from_both(full_or(100'000, 10'000), 60'000);
	EXPECT_GT(others_, 0U);
	EXPECT_EQ(rules_, counters());
}

TEST_F(FlowsTest, EachFlowIsThere) {
	start();
	send_from_both(full_or(20'000, 5'000), 4);
	EXPECT_EQ(others_, 0U);
	// Packets of each flow, by the same random numbers.
	std::map<std::pair<uint64_t, unsigned>, uint64_t> sent;
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		std::minstd_rand random(cpu + 1);
		for (unsigned i = 0; i < full_or(20'000, 5'000); i++) {
			const uint64_t from = htonl(0x7f010000 + random() % 4);
			sent[{from, kFirstPort + random() % kPorts}]++;
		}
	}
	ASSERT_EQ(by_flow_.size(), sent.size());
	for (const auto &[flow, packets] : sent)
		EXPECT_EQ(by_flow_[flow].packets, packets);
}

// The ruleset is replaced under way: each generation's drops are apart, and none is missing.
TEST_F(FlowsTest, NothingIsMissingOverReloads) {
	start();
	const pid_t child = sender(0, full_or(500'000, 40'000), 100);
	unsigned reloads = 0;
	for (int status = 0; waitpid(child, &status, WNOHANG) == 0; reloads++) {
		shell("nft -f - <<'END'\nadd table inet t\ndelete table inet t\n" + twenty_rules() + "\nEND");
		read();
	}
	flows_->detach();
	read();
	read();
	uint64_t all = 0;
	for (const auto &[handle, sum] : rules_)
		all += sum.packets;
	EXPECT_EQ(all + flows_->missed().hits + nested_, full_or(500'000, 40'000));
	EXPECT_GT(reloads, 1U);
	EXPECT_EQ(nested_, 0U);
}

// Instructions, on a machine with one processor whose clock counts them (run-vm --icount): a test of its own,
// vm.flows.cost.
class FlowsCost : public FlowsTest {
protected:
	// Of a datagram that is dropped, mean of many. `ports`: so many flows in turn.
	double cost(unsigned ports) {
		constexpr unsigned kCount = 4000;
		const int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		const auto now = [] {
			timespec t{};
			clock_gettime(CLOCK_MONOTONIC, &t);
			return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
		};
		const auto send = [&](unsigned i) {
			const sockaddr_in to = address(0x7f020000 + i / kPorts % 256, kFirstPort + i % kPorts);
			EXPECT_EQ(sendto(s, "x", 1, 0, reinterpret_cast<const sockaddr *>(&to), sizeof(to)), 1);
		};
		std::vector<double> rounds;
		for (unsigned round = 0; round < 5; round++) {
			for (unsigned i = 0; i < ports && ports < kCount; i++)
				send(i);
			const double begin = now();
			for (unsigned i = 0; i < kCount; i++)
				send(i % ports);
			rounds.push_back((now() - begin) / kCount);
			if (flows_) read();
		}
		close(s);
		std::ranges::sort(rounds);
		return rounds[rounds.size() / 2];
	}
};

TEST_F(FlowsCost, AThousandInstructionsForAKnownFlowTwoThousandForANewOne) {
	sleep(60); // the machine was just started: what it puts off until it has time is done in this time
	const double known_before = cost(1), new_before = cost(4000);
	start();
	sleep(3); // the kernel makes jumps of kprobes when it has time
	const double known = cost(1) - known_before, fresh = cost(4000) - new_before;
	fmt::print("known flow: {:.0f} instructions, new flow: {:.0f}\n", known, fresh);
	EXPECT_GT(known, 0);
	EXPECT_LE(known, 1000);
	EXPECT_LE(fresh, 2000);
}

} // namespace
} // namespace nft_drops::guest
