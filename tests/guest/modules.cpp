// SPDX-License-Identifier: GPL-2.0-only
#include "modules.h"

#include "running.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <thread>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using namespace std::chrono_literals;

bool is_loaded() {
	return std::filesystem::exists("/sys/module/nf_tables");
}

void flush_first_namespace() {
	const int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	const int first = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
	EXPECT_EQ(setns(first, CLONE_NEWNET), 0);
	shell("nft flush ruleset");
	EXPECT_EQ(setns(here, CLONE_NEWNET), 0);
	close(first);
	close(here);
}

} // namespace

bool nf_tables_is_module() {
	return std::filesystem::exists("/sys/module/nf_tables/refcnt");
}

bool unload_nf_tables() {
	shell("nft flush ruleset");
	flush_first_namespace();
	// Each round takes those modules that nobody uses any more.
	for (int i = 0; i < 300 && is_loaded(); i++) {
		shell("for m in $(sed -n 's/^\\(nft*_[a-z0-9_]*\\) [0-9]* 0 .*/\\1/p' /proc/modules); do "
		      "rmmod $m 2>/dev/null || true; done");
		if (is_loaded() && i > 10) std::this_thread::sleep_for(100ms);
	}
	if (!is_loaded()) return true;
	ADD_FAILURE() << "nf_tables cannot be unloaded:\n"
	              << shell("grep nf_tables /proc/modules; ls -l /proc/[0-9]*/fd 2>/dev/null | grep 'net:' || true;"
	                       "for p in /proc/[0-9]*; do echo $(readlink $p/ns/net) $(cat $p/comm); done | sort | "
	                       "uniq -c; ls /run/netns /sys/fs/bpf 2>/dev/null || true");
	return false;
}

std::string ruleset_of_round(int round) {
	return "table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy accept;\n"
	       "\t\tudp dport 20000-20999 drop comment \"round " +
	       std::to_string(round) + "\"\n\t}\n}";
}

} // namespace nft_drops::guest
