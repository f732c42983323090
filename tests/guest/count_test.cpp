// SPDX-License-Identifier: GPL-2.0-only
// One file of more than 500 lines: every test uses the fixture CountTest.
// Counting in the kernel, on a real one with real packets. The truth comes from nft's own counters and from what was
// sent. NFT_DROPS_FULL=1 sends as much as the project promises to have seen; else less, for machines that are emulated.
#include "nft-ext/demo/demo_network.h"
#include "running.h"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char *kPins = "/sys/fs/bpf/nft-drops";

bool full() {
	return std::getenv("NFT_DROPS_FULL") != nullptr;
}

sockaddr_in loopback(unsigned port) {
	sockaddr_in to{};
	to.sin_family = AF_INET;
	to.sin_port = htons(static_cast<uint16_t>(port));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return to;
}

constexpr unsigned kEcho = 21000; // and the next: accepted

// Sends UDP datagrams over lo from one processor: `count` of them, to ports from 20000 in turn, with 1 to 50 bytes. Now
// and then one to itself, for what comes back shows that all before it have arrived: the queue of a processor holds
// 1,000 packets, and what does not fit never gets to nft.
void send_on(int cpu, unsigned count, unsigned ports) {
	constexpr unsigned kInQueue = 250;
	cpu_set_t here;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	if (sched_setaffinity(0, sizeof(here), &here) != 0) _exit(2);
	const int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const sockaddr_in self = loopback(kEcho + static_cast<unsigned>(cpu));
	const timeval patience{30, 0};
	if (bind(s, reinterpret_cast<const sockaddr *>(&self), sizeof(self)) != 0 ||
	    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
		_exit(4);
	std::array<char, 50> bytes{};
	const auto send_to = [&](const sockaddr_in &to, size_t size) {
		if (sendto(s, bytes.data(), size, 0, reinterpret_cast<const sockaddr *>(&to), sizeof(to)) < 0) _exit(3);
	};
	for (unsigned i = 0; i < count; i++) {
		send_to(loopback(20000 + i % ports), 1 + i % 50);
		if (i % kInQueue != 0 && i + 1 != count) continue;
		send_to(self, 1);
		if (recv(s, bytes.data(), bytes.size(), 0) != 1) _exit(5);
	}
	_exit(0);
}

class CountTest : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_EQ(unshare(CLONE_NEWNET), 0);
		shell("ip link set lo up");
		before_ = leftovers();
	}
	// Nothing may stay behind, whatever the test did.
	void TearDown() override {
		run({nft_drops(), "count", "stop"});
		EXPECT_TRUE(become(before_));
		EXPECT_FALSE(std::filesystem::exists(kPins));
	}

	static void load(const std::string &ruleset) { shell("nft -f - <<'END'\n" + ruleset + "\nEND"); }
	static void start(const std::vector<std::string> &options = {}) {
		std::vector<std::string> command{nft_drops(), "count", "start"};
		command.insert(command.end(), options.begin(), options.end());
		const Finished f = run(command);
		ASSERT_EQ(f.status, 0) << f.err;
		EXPECT_THAT(f.err, HasSubstr("nft-drops: counting at "));
	}
	static std::string status() { return shell(nft_drops() + " count status"); }
	static std::string list(const std::string &what = "ruleset") {
		return shell(nft_drops() + " list " + what + " --with-drop-counts");
	}
	// Of the only rule or policy line that holds `text`, "packets bytes".
	static std::string figures(const std::string &text) {
		std::string found;
		for (const std::string &line : lines_of(list("ruleset --zero"))) {
			const size_t at = line.find(" # dropped packets ");
			if (line.find(text) == std::string::npos || at == std::string::npos) continue;
			EXPECT_EQ(found, "") << text;
			found = line.substr(at + std::string_view(" # dropped packets ").size());
		}
		const size_t word = found.find(" bytes");
		return word == std::string::npos ? found : found.erase(word, 6);
	}
	static void send(unsigned count, unsigned ports, int cpu = 0) {
		const pid_t child = fork();
		if (child == 0) send_on(cpu, count, ports);
		int status = 0;
		ASSERT_EQ(waitpid(child, &status, 0), child);
		ASSERT_EQ(status, 0);
	}

	static void expect_right_over_reloads(unsigned reloads);

	Leftovers before_;
};

std::string twenty_rules(int first = 0) {
	std::string text = "table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy drop;\n";
	for (int i = 0; i < 20; i++)
		text += "\t\tudp dport " + std::to_string(20000 + (first + i) % 20) + " counter drop\n";
	return text + "\t\tudp dport 21000-21001 accept\n\t}\n}\n";
}

TEST_F(CountTest, EqualsNftsOwnCountersOnTwoProcessors) {
	const unsigned each = full() ? 500'000 : 20'000;
	constexpr unsigned kPorts = 25; // 20 that rules drop, 5 that the policy drops
	ASSERT_EQ(each % kPorts, 0U);
	load(twenty_rules());
	start();
	std::array<pid_t, 2> children{};
	for (int cpu = 0; cpu < 2; cpu++) {
		children[static_cast<size_t>(cpu)] = fork();
		if (children[static_cast<size_t>(cpu)] == 0) send_on(cpu, each, kPorts);
	}
	for (const pid_t child : children) {
		int status = 0;
		ASSERT_EQ(waitpid(child, &status, 0), child);
		ASSERT_EQ(status, 0);
	}
	const json all = json::parse(shell(nft_drops() + " -j list ruleset --with-drop-counts"));
	uint64_t by_rules = 0;
	size_t rules = 0;
	for (const json &element : all["nftables"]) {
		if (element.contains("rule")) {
			const json &rule = element["rule"];
			json counter;
			for (const json &expression : rule["expr"]) {
				if (expression.contains("counter")) counter = expression["counter"];
			}
			if (counter.is_null()) {
				EXPECT_EQ(rule["drops"]["packets"], 0) << rule;
				continue;
			}
			EXPECT_EQ(rule["drops"]["packets"], counter["packets"]) << rule;
			EXPECT_EQ(rule["drops"]["bytes"], counter["bytes"]) << rule;
			EXPECT_EQ(rule["drops"]["packets"], 2 * each / kPorts) << rule;
			by_rules += rule["drops"]["packets"].get<uint64_t>();
			rules++;
		} else if (element.contains("chain")) {
			EXPECT_EQ(element["chain"]["drops"]["packets"], 2 * each - 2 * each / kPorts * 20);
		} else if (element.contains("metainfo")) {
			EXPECT_EQ(element["metainfo"]["drops"]["lost"], 0);
		}
	}
	EXPECT_EQ(rules, 20U);
	EXPECT_EQ(by_rules, 2ULL * each / kPorts * 20);
	printf("%u packets from two processors: 20 rules and the policy as nft and the senders counted\n", 2 * each);
}

TEST_F(CountTest, SurvivesItsProcessAndReloads) {
	const int reloads = full() ? 1000 : 50;
	load(twenty_rules());
	start();
	send(50, 25);
	EXPECT_EQ(figures("dport 20000 "), "2 " + std::to_string(2 * 28 + 1 + 26));
	std::string file = "/tmp/reload.nft";
	shell("echo 'flush ruleset' >" + file + "; cat >>" + file + " <<'END'\n" + twenty_rules() + "END");
	for (int i = 0; i < reloads; i++)
		shell("nft -f " + file);
	EXPECT_EQ(figures("dport 20000 "), "0 0") << "a new ruleset starts at zero";
	send(50, 25);
	EXPECT_EQ(figures("dport 20000 "), "2 " + std::to_string(2 * 28 + 1 + 26));
	EXPECT_EQ(figures("policy drop;").substr(0, 3), "10 ");
	EXPECT_THAT(status(), HasSubstr("of them 21 removed"));
	printf("%d reloads\n", reloads);
}

// Rulesets come and go while packets are dropped, and get each other's memory: no drop may be counted for what was at a
// rule's address before.
void CountTest::expect_right_over_reloads(unsigned reloads) {
	constexpr unsigned kEach = 1000;
	size_t compared = 0;
	for (unsigned i = 1; i <= reloads; i++) {
		std::ofstream("/tmp/other.nft") << "flush ruleset\n" << twenty_rules(static_cast<int>(i));
		const pid_t child = fork();
		if (child == 0) send_on(1, kEach, 25);
		shell("nft -f /tmp/other.nft");
		int status = 0;
		ASSERT_EQ(waitpid(child, &status, 0), child);
		ASSERT_EQ(status, 0);
		send(100, 25);
		const json all = json::parse(shell(nft_drops() + " -j list ruleset --with-drop-counts"));
		for (const json &element : all["nftables"]) {
			if (!element.contains("rule") || !element["rule"]["expr"][1].contains("counter")) continue;
			const json &rule = element["rule"];
			const json &counter = rule["expr"][1]["counter"];
			ASSERT_EQ(rule["drops"]["packets"], counter["packets"]) << i << rule;
			ASSERT_EQ(rule["drops"]["bytes"], counter["bytes"]) << i << rule;
			ASSERT_GE(rule["drops"]["packets"], 4) << i << rule;
			compared++;
		}
	}
	EXPECT_EQ(compared, 20 * reloads);
	EXPECT_THAT(status(), HasSubstr("\ndropped: packets " + std::to_string((kEach + 100) * reloads) + " bytes "));
	printf("%u reloads under traffic: %zu rules as nft counted\n", reloads, compared);
}

TEST_F(CountTest, OtherRulesAtTheSameAddresses) {
	load(twenty_rules());
	start();
	expect_right_over_reloads(full() ? 300 : 30);
}

// What sees changes of the ruleset can be switched off.
TEST_F(CountTest, WithFtraceSwitchedOff) {
	constexpr const char *kSwitch = "/proc/sys/kernel/ftrace_enabled";
	const auto turn = [](bool on) {
		return run({"sh", "-c", std::string("echo ") + (on ? "1 >" : "0 >") + kSwitch}).status == 0;
	};
	ASSERT_TRUE(std::filesystem::exists(kSwitch));
	load(twenty_rules());
	start();
	send(50, 25);
	const bool guarded = std::filesystem::exists(kPins + std::string("/guard_0"));
	if (!turn(false)) {
		// A kernel that knows of the guards keeps ftrace on for them. Without them it lets it be switched off.
		EXPECT_TRUE(guarded) << "ftrace is needed by nobody else here";
		EXPECT_EQ(figures("dport 20000 "), "2 " + std::to_string(2 * 28 + 1 + 26));
		shell(nft_drops() + " count stop");
		EXPECT_TRUE(turn(false));
		EXPECT_TRUE(turn(true));
		return;
	}
	if (!guarded) {
		// Nothing relies on ftrace.
		EXPECT_EQ(figures("dport 20000 "), "2 " + std::to_string(2 * 28 + 1 + 26));
		expect_right_over_reloads(8);
		EXPECT_TRUE(turn(true));
		return;
	}
	const Finished refused = run({nft_drops(), "list", "ruleset", "--with-drop-counts"});
	EXPECT_EQ(refused.status, 1);
	EXPECT_EQ(refused.out, "");
	EXPECT_THAT(refused.err, HasSubstr("kernel.ftrace_enabled"));
	shell(nft_drops() + " count reset");
	expect_right_over_reloads(8);
	EXPECT_TRUE(turn(true));
}

TEST_F(CountTest, FollowsHandles) {
	load("table inet t { chain c { type filter hook input priority 0; policy accept;\n"
	     "udp dport 20000 drop\nudp dport 20001 drop\nudp dport 20002 drop\n}\n}");
	start();
	send(30, 3);
	shell("nft replace rule inet t c handle 2 udp dport { 20000, 20009 } drop");
	EXPECT_EQ(figures("dport { 20000").substr(0, 3), "10 ") << "its handle stays, and so do its counts";
	shell("nft delete rule inet t c handle 3");
	EXPECT_EQ(list().find("20001"), std::string::npos);
	EXPECT_THAT(status(), HasSubstr("removed: inet t rule handle 3 packets 10 bytes "));
	shell("nft add rule inet t c udp dport 20001 drop");
	EXPECT_EQ(figures("dport 20001"), "0 0") << "a new rule is another one";
	// The same table once more: its rules have the same handles.
	shell("nft delete table inet t");
	load("table inet t { chain c { type filter hook input priority 0; policy accept;\n"
	     "udp dport 20000 drop\nudp dport 20001 drop\nudp dport 20002 drop\n}\n}");
	for (const char *rule : {"dport 20000", "dport 20001", "dport 20002"})
		EXPECT_EQ(figures(rule), "0 0") << rule;
	EXPECT_THAT(status(), HasSubstr("removed: table handle 1 rule handle 2 packets 10 bytes "));
}

TEST_F(CountTest, EachNamespaceHasItsOwn) {
	constexpr const char *kRules = "table inet t { chain c { type filter hook input priority 0; policy accept;\n"
	                               "udp dport 20000 drop\n}\n}";
	load(kRules);
	start();
	send(7, 1);
	const int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	shell("ip link set lo up");
	load(kRules);
	send(3, 1);
	EXPECT_EQ(figures("dport 20000").substr(0, 2), "3 ");
	EXPECT_THAT(status(), HasSubstr("0 removed, 1 in other namespaces"));
	ASSERT_EQ(setns(here, CLONE_NEWNET), 0);
	close(here);
	EXPECT_EQ(figures("dport 20000").substr(0, 2), "7 ");
}

TEST_F(CountTest, StartAgainIsHarmlessAndResetForgets) {
	load(twenty_rules());
	start();
	send(25, 25);
	const Finished again = run({nft_drops(), "count", "start"});
	EXPECT_EQ(again.status, 0);
	EXPECT_THAT(again.err, HasSubstr("counting already"));
	EXPECT_EQ(figures("dport 20000 "), "1 29");
	shell(nft_drops() + " count reset");
	EXPECT_EQ(figures("dport 20000 "), "0 0");
	send(25, 25);
	EXPECT_EQ(figures("dport 20000 "), "1 29");
	shell(nft_drops() + " count stop");
	EXPECT_TRUE(become(before_));
	for (const char *command : {"list ruleset --with-drop-counts", "count status", "count reset"}) {
		const Finished off = run({"sh", "-c", nft_drops() + " " + command});
		EXPECT_EQ(off.status, 1) << command;
		EXPECT_EQ(off.out, "") << command;
		EXPECT_THAT(off.err, HasSubstr("nft-drops count start")) << command;
	}
	EXPECT_EQ(run({nft_drops(), "count", "stop"}).status, 0);
}

TEST_F(CountTest, TwoAtOnce) {
	load(twenty_rules());
	start();
	const Leftovers of_one = leftovers();
	shell(nft_drops() + " count stop");
	ASSERT_TRUE(become(before_));
	{
		Running one({nft_drops(), "count", "start"});
		Running two({nft_drops(), "count", "start"});
		const Finished first = one.wait();
		const Finished second = two.wait();
		EXPECT_EQ(first.status, 0) << first.err;
		EXPECT_EQ(second.status, 0) << second.err;
		EXPECT_EQ((first.err + second.err).find("counting already"),
		          (first.err + second.err).rfind("counting already"));
	}
	send(25, 25);
	EXPECT_EQ(figures("dport 20000 "), "1 29");
	const Leftovers now = leftovers();
	EXPECT_EQ(now.links, of_one.links);
	EXPECT_EQ(now.programs, of_one.programs);
}

// Changes the meta that is pinned, at a byte.
void spoil(size_t at, int by = 1) {
	const int meta = bpf_obj_get((std::string(kPins) + "/meta").c_str());
	ASSERT_GE(meta, 0);
	bpf_map_info info{};
	uint32_t size = sizeof(info);
	ASSERT_EQ(bpf_obj_get_info_by_fd(meta, &info, &size), 0);
	std::vector<char> bytes(info.value_size);
	const uint32_t zero = 0;
	ASSERT_EQ(bpf_map_lookup_elem(meta, &zero, bytes.data()), 0);
	bytes.at(at) = static_cast<char>(bytes.at(at) + by);
	ASSERT_EQ(bpf_map_update_elem(meta, &zero, bytes.data(), BPF_ANY), 0);
	close(meta);
}

TEST_F(CountTest, WhatOthersPinnedIsReplacedNeverRead) {
	load(twenty_rules());
	start();
	send(25, 25);
	// Magic, version, size, the module and the program's version, by their places in docs/pinned-maps.md.
	for (const size_t at : {0U, 8U, 12U, 32U, 48U}) {
		spoil(at);
		const Finished refused = run({nft_drops(), "list", "ruleset", "--with-drop-counts"});
		EXPECT_EQ(refused.status, 1) << at;
		EXPECT_EQ(refused.out, "") << at;
		EXPECT_THAT(refused.err, HasSubstr("nft-drops count start")) << at;
		EXPECT_EQ(run({nft_drops(), "count", "status"}).status, 1) << at;
		spoil(at, -1);
		EXPECT_EQ(figures("dport 20000 "), "1 29") << at;
	}
	spoil(8);
	EXPECT_THAT(run({nft_drops(), "count", "start"}).err, HasSubstr("another version of nft-drops made it"));
	EXPECT_EQ(figures("dport 20000 "), "0 0");
	// The hash of another Plan: only `start` can tell.
	spoil(24);
	EXPECT_THAT(run({nft_drops(), "count", "start"}).err, HasSubstr("replaced"));
	// A part is missing.
	for (const char *part : {"/link_0", "/prog_0", "/guard_0", "/guard_3", "/rules", "/counts", "/meta"}) {
		const std::string path = kPins + std::string(part);
		// A kernel whose functions cannot be traced by BPF has none: all of them or none.
		if (std::string_view(part).starts_with("/guard_") &&
		    !std::filesystem::exists(kPins + std::string("/guard_0")))
			continue;
		shell("mv " + path + " " + path + "0");
		EXPECT_EQ(run({nft_drops(), "list", "ruleset", "--with-drop-counts"}).status, 1) << part;
		shell("mv " + path + "0 " + path);
	}
	shell("rm " + std::string(kPins) + "/meta");
	start();
	// Somebody's own.
	shell("mkdir " + std::string(kPins) + "/mine");
	const Finished kept = run({nft_drops(), "count", "stop"});
	EXPECT_EQ(kept.status, 1);
	EXPECT_THAT(kept.err, HasSubstr("mine"));
	EXPECT_EQ(figures("dport 20000 "), "0 0") << "nothing was taken away";
	shell("rmdir " + std::string(kPins) + "/mine");
}

TEST_F(CountTest, PastItsRoomDropsAreUnlisted) {
	load(twenty_rules());
	start({"--max-rules", "5"});
	EXPECT_EQ(run({nft_drops(), "count", "start", "--max-rules", "6"}).status, 1);
	send(200, 20);
	uint64_t packets = 0;
	for (const std::string &line : lines_of(list())) {
		const size_t at = line.find(" # dropped packets ");
		if (at != std::string::npos) packets += std::stoull(line.substr(at + 19));
	}
	EXPECT_EQ(packets, 50U);
	EXPECT_THAT(list(), HasSubstr(", unlisted packets 150 bytes "));
	EXPECT_THAT(status(), HasSubstr("unlisted, for want of room: packets 150 bytes "));
	EXPECT_THAT(status(), HasSubstr("that dropped: 5 of at most 5"));
}

TEST_F(CountTest, ForATimeWithoutAStart) {
	load(twenty_rules());
	Running listing({nft_drops(), "list", "ruleset", "--with-drop-counts", "--for", "1h"});
	ASSERT_TRUE(listing.wait_for("nft-drops: counting at ")) << listing.err();
	send(25, 25);
	const Finished f = listing.finish(SIGINT);
	EXPECT_EQ(f.status, 0) << f.err;
	EXPECT_THAT(
	        f.out,
	        HasSubstr("udp dport 20000 counter packets 1 bytes 29 drop # handle 2 # dropped packets 1 bytes 29\n"));
	EXPECT_TRUE(become(before_));
	EXPECT_FALSE(std::filesystem::exists(kPins));
	// What cannot be listed is said at once.
	const Finished none =
	        run({nft_drops(), "list", "table", "inet", "nosuch", "--with-drop-counts", "--for", "1h"});
	EXPECT_EQ(none.status, 1);
	EXPECT_EQ(none.out, "");
}

TEST_F(CountTest, MonitorBesideItChangesNothing) {
	load(twenty_rules());
	start();
	send(100, 25);
	{
		Monitor monitor({"--format", "json"});
		send(100, 25);
		ASSERT_TRUE(monitor.wait_for_lines(100));
		EXPECT_THAT(monitor.finish(SIGINT).err,
		            HasSubstr("100 drops (80 by rule, 20 by policy, 0 other), 0 lost"));
	}
	send(100, 25);
	EXPECT_EQ(figures("dport 20000 ").substr(0, 3), "12 ");
	EXPECT_EQ(figures("policy drop;").substr(0, 3), "60 ");
	EXPECT_THAT(list(), HasSubstr(", lost 0\n"));
}

// What a command costs: processor time, and the most memory that it had at once.
rusage cost_of(const std::string &command) {
	const pid_t child = fork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", ("exec " + command + " >/tmp/cost.out").c_str(), nullptr);
		_exit(127);
	}
	int status = 0;
	rusage used{};
	EXPECT_EQ(wait4(child, &status, 0, &used), child);
	EXPECT_EQ(status, 0) << command;
	return used;
}

double seconds(const rusage &used) {
	const auto of = [](const timeval &t) {
		return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
	};
	return of(used.ru_utime) + of(used.ru_stime);
}

// Takes minutes where machines are emulated: tests/vm runs it with NFT_DROPS_FULL only.
TEST_F(CountTest, AHundredThousandRulesCostLittleMore) {
	std::string rules = "table inet t { chain c { type filter hook input priority 0; policy drop;\n";
	for (int i = 0; i < 100'000; i++)
		rules += "ip saddr 10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
		         std::to_string(i % 256) + " tcp dport " + std::to_string(i % 65535 + 1) + " drop\n";
	std::ofstream("/tmp/huge.nft") << rules << "udp dport 20000-20019 drop\nudp dport 21000 accept\n}\n}\n";
	cost_of("nft -f /tmp/huge.nft"); // patient
	start();
	send(20, 20);
	for (int pair = 0; pair < 2; pair++) {
		const rusage nfts = cost_of("nft -a list ruleset");
		const rusage ours = cost_of(nft_drops() + " list ruleset --with-drop-counts");
		printf("100,000 rules: nft %.2f s %ld KiB, with counts %.2f s %ld KiB\n", seconds(nfts), nfts.ru_maxrss,
		       seconds(ours), ours.ru_maxrss);
		EXPECT_LE(seconds(ours), 1.10 * seconds(nfts));
		EXPECT_LE(static_cast<double>(ours.ru_maxrss), 1.25 * static_cast<double>(nfts.ru_maxrss));
	}
	EXPECT_THAT(shell("grep dropped /tmp/cost.out"), HasSubstr("drop # handle 100002 # dropped packets 20 bytes "));
}

TEST_F(CountTest, TablesAndChainsOfThatNameKeepWorking) {
	shell("nft add table inet count; nft add chain inet count start; nft add table inet drops");
	EXPECT_EQ(run({nft_drops(), "list", "table", "inet", "count"}).out, shell("nft list table inet count"));
	shell(nft_drops() + " 'add rule inet count start udp dport 20000 counter drop'");
	EXPECT_THAT(shell(nft_drops() + " list chain inet count start"), HasSubstr("udp dport 20000"));
	shell("nft add table ip count; nft add chain ip count start");
	shell(nft_drops() + " count start udp dport 20001 drop");
	EXPECT_THAT(shell("nft list chain ip count start"), HasSubstr("udp dport 20001"));
	EXPECT_FALSE(std::filesystem::exists(kPins));
}

} // namespace
} // namespace nft_drops::guest
