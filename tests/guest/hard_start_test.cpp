// SPDX-License-Identifier: GPL-2.0-only
// A start where the machine makes it hard: the self-test must neither be fooled nor refuse without need.
#include "nft-ext/ruleset/text/selfcheck.h"
#include "running.h"
#include "topology.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <sched.h>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace nft_drops::guest {
namespace {

void run_on(unsigned cpu) {
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	EXPECT_EQ(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
}

// Its clock shows a day more than the kernel's.
TEST(HardStart, InATimeNamespace) {
	constexpr int kNewTime = 0x80; // CLONE_NEWTIME, which older headers do not have
	const pid_t child = fork();
	if (child == 0) {
		if (unshare(kNewTime) != 0) _exit(90);
		const int offsets = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
		const char text[] = "monotonic 86400 7\n";
		if (write(offsets, text, sizeof(text) - 1) != sizeof(text) - 1) _exit(91);
		const Finished f = run({nft_drops(), "check"}); // the first child is in the namespace
		if (f.status != 0) fprintf(stderr, "%s%s", f.out.c_str(), f.err.c_str());
		_exit(f.status);
	}
	int status = 0;
	ASSERT_EQ(waitpid(child, &status, 0), child);
	EXPECT_EQ(status, 0);
}

// Packets from elsewhere fill the queue that the self-test's own packets have to pass.
TEST(HardStart, UnderAFlood) {
	Topology net;
	const std::string most = shell("nsenter -t 1 -n cat /proc/sys/net/core/netdev_max_backlog");
	shell("nsenter -t 1 -n sh -c 'echo 3 > /proc/sys/net/core/netdev_max_backlog'");
	// /sys shows the devices of the namespace in which it was mounted.
	shell("mkdir -p /tmp/sys; mount -t sysfs sysfs /tmp/sys; echo 1 > /tmp/sys/class/net/l0/queues/rx-0/rps_cpus;"
	      " umount /tmp/sys");
	std::atomic<bool> end = false;
	std::thread flood([&] {
		run_on(1);
		while (!end)
			net.udp("left", "10.1.0.1", 7005);
	});
	run_on(0);
	const auto overflows = [] { return shell("cut -d ' ' -f 2 /proc/net/softnet_stat | head -n 1"); };
	const std::string before = overflows();
	for (int i = 0; i < 3; i++) {
		const Finished f = run({nft_drops(), "check"});
		EXPECT_EQ(f.status, 0) << f.out << f.err;
	}
	EXPECT_NE(overflows(), before) << "the queue was never full: the test tests nothing";
	end = true;
	flood.join();
	cpu_set_t all;
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	shell("nsenter -t 1 -n sh -c 'echo " + most.substr(0, most.find('\n')) +
	      " > /proc/sys/net/core/netdev_max_backlog'");
}

// The places of those probes in nft_do_chain that the kernel has made jumps of, in the kernel's words:
// "nft_do_chain+0x3ff".
std::vector<std::string> jumps() {
	std::vector<std::string> places;
	for (int i = 0; i < 600 && places.empty(); i++) {
		for (const std::string &line : lines_of(shell("cat /sys/kernel/debug/kprobes/list"))) {
			const size_t at = line.find("nft_do_chain+");
			if (at != std::string::npos && line.find("[OPTIMIZED]") != std::string::npos)
				places.push_back(line.substr(at, line.find(' ', at) - at));
		}
		usleep(100'000);
	}
	return places;
}

// Others' probes come and go in the code, and the kernel makes jumps of them: it says that a probe is a jump some time
// before it is one (optimize_kprobe()), and only then saves the bytes that the jump covers.
TEST(HardStart, WhileOthersProbesBecomeJumps) {
	const auto sites = [] {
		shell("rm -rf /run/nft-drops"); // an earlier start kept its findings there
		const Finished f = run({nft_drops(), "probe"});
		EXPECT_EQ(f.status, 0) << f.out << f.err;
		std::string text;
		for (const std::string &line : lines_of(f.out))
			if (line.starts_with("site ")) text += line + '\n';
		return text;
	};
	shell("nft list ruleset"); // loads the module
	const std::string alone = sites();
	ASSERT_NE(alone, "");
	std::vector<std::string> places;
	{
		Monitor monitor({});
		places = jumps();
		monitor.finish(SIGINT);
	}
	if (places.empty()) GTEST_SKIP() << "no probe becomes a jump here";
	std::atomic<bool> end = false;
	unsigned made = 0, there = 0;
	std::thread other([&] {
		for (; !end; made++) {
			write_tracing("kprobe_events", "p:nd_others/one " + places[made % places.size()] + "\n");
			write_tracing("events/nd_others/one/enable", "1\n");
			usleep(30'000);
			const std::string probes = contents("/sys/kernel/debug/kprobes/list");
			there += probes.find(places[made % places.size()] + ' ') != std::string::npos;
			write_tracing("events/nd_others/one/enable", "0\n");
			write_tracing("kprobe_events", "-:nd_others/one\n");
		}
	});
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(sites(), alone) << i;
	end = true;
	other.join();
	EXPECT_GT(made, 8U);
	EXPECT_EQ(there, made);
}

// The self-check of the quick way to a rule's text takes a user namespace then.
TEST(HardStart, TheNarrowWayNeedsNoSysAdmin) {
	shell("nft list ruleset"); // loads the module
	const pid_t child = fork();
	if (child == 0) {
		__user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
		__user_cap_data_struct data[2];
		if (syscall(SYS_capget, &header, data) != 0) _exit(90);
		for (uint32_t *set : {&data[0].effective, &data[0].permitted})
			*set &= ~(1U << CAP_SYS_ADMIN);
		if (syscall(SYS_capset, &header, data) != 0) _exit(91);
		if (unshare(CLONE_NEWNET) == 0) _exit(92); // nothing is tested
		_exit(narrow_way_works() ? 0 : 1);
	}
	int status = 0;
	ASSERT_EQ(waitpid(child, &status, 0), child);
	EXPECT_EQ(status, 0);
}

} // namespace
} // namespace nft_drops::guest
