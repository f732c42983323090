// SPDX-License-Identifier: GPL-2.0-only
// Counting in the kernel, on a real one with real packets. The truth comes from nft's own counters and from what was
// sent. NFT_DROPS_FULL=1 sends as much as the project promises to have seen; else less, for machines that are emulated.
#include "count_fixture.h"
#include "nft-ext/demo/demo_network.h"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
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

TEST_F(CountTest, EqualsNftsOwnCountersOnTwoProcessors) {
	const unsigned each = full() ? 500'000 : 20'000;
	constexpr unsigned kPorts = 25; // 20 that rules drop, 5 that the policy drops
	ASSERT_EQ(each % kPorts, 0U);
	load(twenty_rules());
	start();
	const std::array<pid_t, 2> children{sender(each, kPorts, 0), sender(each, kPorts, 1)};
	for (const pid_t child : children)
		ends_well(child);
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
	// Of the first ruleset's 21, nothing is left but their sum.
	EXPECT_THAT(status(), HasSubstr("\ndropped by deleted rules and policies: packets 50 bytes "));
	EXPECT_THAT(status(), HasSubstr("\nunlisted, for want of room: packets 0 bytes 0\n"));
	printf("%d reloads\n", reloads);
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
	EXPECT_THAT(status(), HasSubstr("3 rules and policies have dropped packets (room for 65536; 1 of the 3 are "
	                                "deleted, 0 in other namespaces)"));
	EXPECT_THAT(status(), HasSubstr("\ndropped by deleted rules and policies: packets 10 bytes "));
	EXPECT_THAT(status(), HasSubstr("\ndropped: packets 30 bytes "));
	shell("nft add rule inet t c udp dport 20001 drop");
	EXPECT_EQ(figures("dport 20001"), "0 0") << "a new rule is another one";
	// The same table once more: its rules have the same handles.
	shell("nft delete table inet t");
	load("table inet t { chain c { type filter hook input priority 0; policy accept;\n"
	     "udp dport 20000 drop\nudp dport 20001 drop\nudp dport 20002 drop\n}\n}");
	for (const char *rule : {"dport 20000", "dport 20001", "dport 20002"})
		EXPECT_EQ(figures(rule), "0 0") << rule;
	EXPECT_THAT(status(), HasSubstr("\ndropped by deleted rules and policies: packets 30 bytes "));
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
	EXPECT_THAT(status(), HasSubstr("0 of the 2 are deleted, 1 in other namespaces"));
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
	for (const char *part :
	     {"/link_0", "/prog_0", "/guard_0", "/guard_3", "/rules", "/counts", "/state", "/tidy", "/meta"}) {
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

TEST_F(CountTest, SelfTestsAreInNoFigure) {
	load(twenty_rules());
	start();
	send(25, 25);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(run({nft_drops(), "check"}).status, 0);
	EXPECT_EQ(run({nft_drops(), "count", "start"}).status, 0);
	const std::string now = status();
	EXPECT_THAT(now, HasSubstr("\ndropped: packets 25 bytes "));
	EXPECT_THAT(now, HasSubstr("21 rules and policies have dropped packets"));
	EXPECT_THAT(now, HasSubstr("\nunlisted, for want of room: packets 0 bytes 0\n"));
}

// `ip netns exec` runs it in a mount namespace of its own, where /sys is another one.
TEST_F(CountTest, FromAnotherMountNamespace) {
	load(twenty_rules());
	const std::string within = "unshare -m sh -c 'mount -t sysfs sysfs /sys; " + nft_drops() + " count ";
	shell(within + "start'");
	send(25, 25);
	EXPECT_EQ(figures("dport 20000 "), "1 29");
	EXPECT_THAT(shell(within + "status'"), HasSubstr("\ndropped: packets 25 bytes "));
	shell(within + "stop'");
	EXPECT_EQ(run({nft_drops(), "count", "status"}).status, 1);
}

TEST_F(CountTest, TheFolderMustBeRoots) {
	shell("mkdir -p /sys/fs/bpf; mount | grep -q 'type bpf' || mount -t bpf bpf /sys/fs/bpf");
	shell(std::string("mkdir -m 0777 ") + kPins + " && chmod 0777 " + kPins);
	for (const char *what : {"start", "status", "stop"}) {
		const Finished refused = run({nft_drops(), "count", what});
		EXPECT_EQ(refused.status, 1) << what;
		EXPECT_THAT(refused.err, HasSubstr("it belongs to others, or others may write to it")) << what;
	}
	shell(std::string("rmdir ") + kPins);
}

// Who deletes the lock while it is held makes nobody work beside its holder.
TEST_F(CountTest, ADeletedLockIsTakenAnew) {
	load(twenty_rules());
	start();
	shell("rm -r /run/nft-drops");
	EXPECT_EQ(run({nft_drops(), "count", "status"}).status, 0);
	EXPECT_TRUE(std::filesystem::exists("/run/nft-drops/count.lock"));
}

TEST_F(CountTest, SaysThatKprobesAreOff) {
	constexpr const char *kSwitch = "/sys/kernel/debug/kprobes/enabled";
	shell("mount | grep -q 'type debugfs' || mount -t debugfs debugfs /sys/kernel/debug");
	if (!std::filesystem::exists(kSwitch)) GTEST_SKIP() << "there is no " << kSwitch;
	load(twenty_rules());
	start();
	shell(std::string("echo 0 >") + kSwitch);
	const Finished refused = run({nft_drops(), "list", "ruleset", "--with-drop-counts"});
	shell(std::string("echo 1 >") + kSwitch);
	EXPECT_EQ(refused.status, 1);
	EXPECT_EQ(refused.out, "");
	EXPECT_THAT(refused.err, HasSubstr("kprobes are switched off"));
	send(25, 25);
	EXPECT_EQ(figures("dport 20000 "), "1 29");
}

// CLOCK_BOOTTIME is another one in a time namespace; the kernel's own counts.
TEST_F(CountTest, TimesInATimeNamespace) {
	if (!std::filesystem::exists("/proc/self/ns/time")) GTEST_SKIP() << "this kernel has no time namespaces";
	constexpr int kNewTime = 0x80; // CLONE_NEWTIME, which older headers do not have
	load(twenty_rules());
	start();
	const auto heading = [] {
		const std::string first = lines_of(list()).at(0);
		return first.substr(0, first.find(", lost") - std::string_view(":00").size()); // to the minute
	};
	const std::string before = heading();
	const pid_t child = fork();
	if (child == 0) {
		if (unshare(kNewTime) != 0) _exit(90);
		const int offsets = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
		const char text[] = "boottime 1000000 0\n";
		if (write(offsets, text, sizeof(text) - 1) != sizeof(text) - 1) _exit(91);
		const std::string shifted = heading(); // the first child is in the namespace
		if (shifted != before) fprintf(stderr, "%s\n%s\n", before.c_str(), shifted.c_str());
		_exit(shifted == before ? 0 : 1);
	}
	int ended = 0;
	ASSERT_EQ(waitpid(child, &ended, 0), child);
	// A second's fraction decides where a minute ends.
	EXPECT_TRUE(ended == 0 || heading() != before);
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
	EXPECT_THAT(list(), testing::ContainsRegex(", lost (at least )?0\n"));
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
