// SPDX-License-Identifier: GPL-2.0-only
// The monitor waits for nobody: not for a namespace's ruleset, not for the reader of its output, not for a FIFO.
#include "drop_in.h"
#include "running.h"

#include "nft-ext/demo/demo_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace nft_drops::guest {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

// Proportional memory of a process, in KiB.
uint64_t pss_of(pid_t pid) {
	const std::string rollup = contents("/proc/" + std::to_string(pid) + "/smaps_rollup");
	const size_t at = rollup.find("\nPss:");
	return at == std::string::npos ? 0 : std::stoull(rollup.substr(at + 5));
}

class House : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_EQ(unshare(CLONE_NEWNET), 0);
		shell("ip link set lo up");
		shell("nft 'table ip t { chain in { type filter hook input priority 0; udp dport 9 drop comment"
		      " \"home\"; }; }'");
	}
	void TearDown() override { EXPECT_TRUE(become(before_)); }
	static void drop_at_home() { EXPECT_TRUE(cli::DemoNetwork::over_loopback(9)); }
	Leftovers before_ = leftovers();
};

// The rule that anybody who may have a user namespace can make: the worker needs a long time for so many chains.
TEST_F(House, AHostileNamespaceDelaysNoOther) {
	// One transaction with 100,000 chains needs a larger socket buffer than the root of a user namespace may ask
	// for.
	constexpr int kParts = 40;
	Running hostile(
	        {"unshare", "-Urn", "sh", "-ec",
	         "ip link set lo up; for part in $(seq " + std::to_string(kParts) +
	                 "); do (echo 'table ip t {'; for i in $(seq 2500); do echo \"chain c${part}_$i { }\"; done;"
	                 " echo '}') > /tmp/hostile.nft; nft -f /tmp/hostile.nft; echo part $part.; done; nft 'add"
	                 " chain ip t in { type filter hook input priority 0; }; add rule ip t in udp dport 9 drop"
	                 " comment \"hostile\"'; echo made; exec sleep 10000"});
	for (int part = 1; part <= kParts; part++)
		ASSERT_TRUE(hostile.wait_for("part " + std::to_string(part) + ".")) << hostile.err();
	ASSERT_TRUE(hostile.wait_for("made")) << hostile.err();
	Monitor monitor({"--format", "line", "--all-netns"});
	// Its drops are there, with or without the text.
	drop_in(netns_of(hostile.pid()));
	EXPECT_TRUE(monitor.wait_for("netns \"pid ")) << monitor.out();
	double longest = 0;
	for (size_t i = 1; i <= 20; i++) {
		drop_in(netns_of(hostile.pid()));
		const auto sent = Clock::now();
		drop_at_home();
		ASSERT_TRUE(monitor.wait_for_lines(i, "\"home\\\"")) << i << "\n" << monitor.out();
		longest = std::max(longest, std::chrono::duration<double>(Clock::now() - sent).count());
	}
	fprintf(stderr, "a drop at home appeared after at most %.2f s\n", longest);
	EXPECT_LT(longest, 5.0);
	const Finished end = monitor.finish(SIGINT);
	EXPECT_EQ(end.status, 0);
	hostile.finish(SIGKILL);
	shell("rm -f /tmp/hostile.nft");
}

TEST_F(House, WorkersKeepNoPrivilegeButOne) {
	// One in a namespace that root owns, one in a user's.
	constexpr uid_t kNobody = 65534;
	Running theirs({"unshare", "-Urn", "sh", "-c",
	                "ip link set lo up; nft 'table ip t { chain in { type filter hook input priority 0; udp dport 9"
	                " drop comment \"theirs\"; }; }' && echo made; exec sleep 1000"},
	               kNobody);
	ASSERT_TRUE(theirs.wait_for("made")) << theirs.err();
	Monitor monitor({"-j", "--all-netns"});
	drop_at_home();
	EXPECT_TRUE(monitor.wait_for_lines(1, "home")) << monitor.out();
	drop_in(netns_of(theirs.pid()));
	EXPECT_TRUE(monitor.wait_for_lines(1, "theirs")) << monitor.out();
	const auto workers = workers_of(monitor.pid());
	EXPECT_EQ(workers.size(), 2U);
	for (const Process &worker : workers) {
		for (const char *set : {"CapEff", "CapPrm"})
			EXPECT_EQ(worker.field(set), "0000000000001000") << set << ": CAP_NET_ADMIN is bit 12";
		EXPECT_EQ(worker.field("CapInh"), "0000000000000000");
		EXPECT_EQ(worker.field("NoNewPrivs"), "1");
		EXPECT_EQ(worker.field("Seccomp"), "2");
	}
	// They die with the monitor, whatever user namespace they are in.
	monitor.finish(SIGKILL);
	for (int i = 0; i < 500; i++) {
		size_t left = 0;
		for (const Process &worker : workers)
			left += kill(worker.pid, 0) == 0 &&
			        contents("/proc/" + std::to_string(worker.pid) + "/status").find("State:\tZ") ==
			                std::string::npos;
		if (left == 0) break;
		EXPECT_LT(i, 499) << left << " are left";
		std::this_thread::sleep_for(10ms);
	}
	theirs.finish(SIGKILL);
}

TEST_F(House, AWorkerThatDiedIsStartedAgain) {
	Monitor monitor({"-j"});
	drop_at_home();
	ASSERT_TRUE(monitor.wait_for_lines(1, "home"));
	for (int i = 0; i < 3; i++) {
		const auto workers = workers_of(monitor.pid());
		ASSERT_EQ(workers.size(), 1U);
		kill(workers[0].pid, SIGKILL);
		for (int wait = 0; wait < 1000; wait++) {
			const auto now = workers_of(monitor.pid());
			if (!now.empty() && now[0].pid != workers[0].pid) break;
			std::this_thread::sleep_for(10ms);
		}
		// A text that nobody can know from before.
		const std::string comment = "later" + std::to_string(i);
		shell("nft 'flush chain ip t in; add rule ip t in udp dport 9 drop comment \"" + comment + "\"'");
		std::this_thread::sleep_for(1s);
		drop_at_home();
		EXPECT_TRUE(monitor.wait_for_lines(1, comment)) << monitor.out();
	}
	const Finished end = monitor.finish(SIGINT);
	EXPECT_EQ(end.status, 0);
	EXPECT_NE(end.err.find("4 drops (4 by rule"), std::string::npos) << end.err;
}

// Opening one waits for its other end.
TEST_F(House, AFifoIsNoNamespace) {
	shell("rm -f /tmp/fifo; mkfifo /tmp/fifo");
	const Finished end = run({nft_drops(), "monitor", "--netns", "/tmp/fifo"});
	EXPECT_EQ(end.status, 1);
	EXPECT_EQ(end.err, "nft-drops: --netns /tmp/fifo: /tmp/fifo is no network namespace; give a name of `ip netns "
	                   "list`, a process's number, or a file such as /proc/1/ns/net\n");
	shell("rm /tmp/fifo");
}

// Seconds until a signal has ended it; a minute where it does not.
double seconds_to_end(Running &program, int signal) {
	const auto sent = Clock::now();
	program.finish(signal);
	return std::chrono::duration<double>(Clock::now() - sent).count();
}

TEST_F(House, SignalsAreSeenWhileItStarts) {
	for (const int signal : {SIGINT, SIGTERM}) {
		for (const auto delay : {50ms, 300ms, 700ms}) {
			Running monitor({nft_drops(), "monitor"});
			std::this_thread::sleep_for(delay);
			const double seconds = seconds_to_end(monitor, signal);
			fprintf(stderr, "signal %d after %ld ms: ended after %.2f s\n", signal,
			        static_cast<long>(delay.count()), seconds);
			EXPECT_LT(seconds, 5.0);
		}
	}
}

// A pipe that nobody reads, full to the brim; standard error may be the same one.
TEST_F(House, SignalsAreSeenWhileStandardOutputIsStuck) {
	for (const char *errors : {"2>/tmp/stuck.err", "2>&1"}) {
		shell("rm -f /tmp/stuck.err /tmp/stuck.pid");
		Running stuck({"sh", "-c",
		               "(sh -c 'echo $$ > /tmp/stuck.pid; exec " + nft_drops() + " monitor -j " + errors +
		                       "'; echo $? > /tmp/stuck.status) | sleep 1000"});
		const bool told = std::string(errors) == "2>/tmp/stuck.err";
		for (int i = 0; i < 600; i++) {
			if (told && contents("/tmp/stuck.err").find("monitoring") != std::string::npos) break;
			if (!told && i > 100) break;
			std::this_thread::sleep_for(50ms);
		}
		for (int i = 0; i < 2000; i++)
			drop_at_home();
		std::this_thread::sleep_for(500ms);
		const pid_t pid = std::stoi(contents("/tmp/stuck.pid"));
		const auto sent = Clock::now();
		kill(pid, SIGTERM);
		while (contents("/tmp/stuck.status").empty() && Clock::now() - sent < 20s)
			std::this_thread::sleep_for(10ms);
		const double seconds = std::chrono::duration<double>(Clock::now() - sent).count();
		fprintf(stderr, "stuck, %s: ended after %.2f s\n", errors, seconds);
		EXPECT_LT(seconds, 6.0);
		EXPECT_EQ(contents("/tmp/stuck.status"), "0\n");
		if (told) {
			const std::string err = contents("/tmp/stuck.err");
			EXPECT_NE(err.find("2000 drops (2000 by rule"), std::string::npos) << err;
			EXPECT_NE(err.find(" drops were not printed"), std::string::npos) << err;
		}
		stuck.finish(SIGKILL);
		shell("killall sleep; rm -f /tmp/stuck.err /tmp/stuck.pid /tmp/stuck.status");
	}
}

TEST_F(House, ManyNamespacesCostLittle) {
	constexpr int kNamespaces = 300;
	for (int i = 1; i <= kNamespaces; i++) {
		const std::string name = "many" + std::to_string(i);
		shell("ip netns add " + name + "; ip -n " + name + " link set lo up; ip netns exec " + name +
		      " nft 'table ip t { chain in { type filter hook input priority 0; udp dport 9 drop comment "
		      "\"many\";"
		      " }; }'");
	}
	Monitor monitor({"-j", "--all-netns"});
	for (int i = 1; i <= kNamespaces; i++) {
		drop_in(netns_named("many" + std::to_string(i)));
	}
	size_t lines = 0;
	for (int i = 0; i < 300 && lines < kNamespaces; i++) {
		lines = lines_of(monitor.out()).size();
		std::this_thread::sleep_for(100ms);
	}
	EXPECT_EQ(lines, static_cast<size_t>(kNamespaces));
	uint64_t most = 0, last = 0;
	for (int i = 0; i < 40; i++) {
		last = pss_of(monitor.pid());
		const auto workers = workers_of(monitor.pid());
		for (const Process &worker : workers)
			last += pss_of(worker.pid);
		most = std::max(most, last);
		if (i > 5 && workers.size() <= 1) break;
		std::this_thread::sleep_for(1s);
	}
	size_t with_text = 0;
	const Finished end = monitor.finish(SIGINT);
	for (const json &drop : json_lines(end.out))
		with_text += !drop["rule"].is_null();
	fprintf(stderr, "%d namespaces: %llu KiB (proportional) when idle, %llu at most; %zu drops with their text\n",
	        kNamespaces, static_cast<unsigned long long>(last), static_cast<unsigned long long>(most), with_text);
	EXPECT_LT(last, 100U * 1024);
	EXPECT_GT(last, 0U);
	EXPECT_GT(with_text, 0U);
	for (int i = 1; i <= kNamespaces; i++)
		shell("ip netns del many" + std::to_string(i));
}

// Datagrams of random senders, over a raw socket.
void send_from_anywhere(uint32_t count) {
	const int s = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	ASSERT_GE(s, 0);
	std::array<uint8_t, 28> packet{0x45, 0, 0, 28, 0, 0, 0, 0, 64, IPPROTO_UDP};
	sockaddr_in to{};
	to.sin_family = AF_INET;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	packet[16] = 127;
	packet[19] = 1;
	packet[23] = 7;
	packet[25] = 8;
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t from = 0x0a000000U + i % 100000;
		for (int byte = 0; byte < 4; byte++)
			packet[static_cast<size_t>(12 + byte)] = static_cast<uint8_t>(from >> (24 - 8 * byte));
		sendto(s, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr *>(&to), sizeof(to));
	}
	close(s);
}

TEST_F(House, ALongRuleAndASlowReaderCostLittle) {
	constexpr uint32_t kElements = 100'000;
	const uint32_t drops = std::getenv("NFT_DROPS_FULL") ? 1'000'000 : 100'000;
	{
		std::ofstream rules("/tmp/long.nft");
		rules << "table ip long {\nchain in {\ntype filter hook input priority 1;\nip saddr { ";
		for (uint32_t i = 0; i < kElements; i++) {
			const uint32_t a = 0x0a000000U + i;
			rules << (a >> 24) << '.' << (a >> 16 & 255) << '.' << (a >> 8 & 255) << '.' << (a & 255)
			      << ", ";
		}
		rules << "192.0.2.1 } drop\n}\n}\n";
	}
	shell("nft -f /tmp/long.nft; for c in all lo; do echo 0 > /proc/sys/net/ipv4/conf/$c/rp_filter; echo 1 >"
	      " /proc/sys/net/ipv4/conf/$c/accept_local; done");
	shell("rm -f /tmp/slow.err /tmp/slow.pid");
	Running slow({"sh", "-c",
	              "(echo $$ > /tmp/slow.shell; exec " + nft_drops() +
	                      " monitor 2>/tmp/slow.err & echo $! > /tmp/slow.pid; wait) | (while sleep 1; do head -c "
	                      "65536 > /dev/null; done)"});
	for (int i = 0; i < 1200 && contents("/tmp/slow.err").find("monitoring") == std::string::npos; i++)
		std::this_thread::sleep_for(50ms);
	ASSERT_NE(contents("/tmp/slow.err").find("monitoring"), std::string::npos) << contents("/tmp/slow.err");
	const pid_t pid = std::stoi(contents("/tmp/slow.pid"));
	send_from_anywhere(drops);
	std::this_thread::sleep_for(3s);
	const uint64_t peak = memory_without_children(pid);
	const uint64_t with_worker = memory_of(pid);
	kill(pid, SIGTERM);
	for (int i = 0; i < 400 && contents("/tmp/slow.err").find(" lost\n") == std::string::npos; i++)
		std::this_thread::sleep_for(50ms);
	const std::string err = contents("/tmp/slow.err");
	fprintf(stderr, "peak memory %llu KiB, with the worker that reads the rules %llu KiB\n%s",
	        static_cast<unsigned long long>(peak), static_cast<unsigned long long>(with_worker), err.c_str());
	EXPECT_EQ(err.find(": 0 drops"), std::string::npos) << err;
	EXPECT_LT(peak, 100U * 1024);
	// libnftables takes about 400 bytes for an element.
	EXPECT_LT(with_worker, 150U * 1024);
	slow.finish(SIGKILL);
	shell("killall sleep; rm -f /tmp/slow.* /tmp/long.nft; nft delete table ip long");
}

} // namespace
} // namespace nft_drops::guest
