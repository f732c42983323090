// SPDX-License-Identifier: GPL-2.0-only
// How soon the program is ready, against bpftrace with a probe at the same instruction: both from exec, in turn, in
// this very machine. The ratio is what counts; a machine's speed is not.
#include "article.h"
#include "running.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sched.h>

#include <algorithm>
#include <csignal>
#include <unistd.h>
#include <vector>

namespace nft_drops::guest {
namespace {

using Seconds = std::chrono::duration<double>;

double time_until(std::vector<std::string> command, const std::string &text) {
	const auto start = std::chrono::steady_clock::now();
	Running program(std::move(command));
	EXPECT_TRUE(program.wait_for(text)) << program.err();
	const Seconds took = std::chrono::steady_clock::now() - start;
	program.finish(SIGKILL); // bpftrace may not hear anything else yet
	return took.count();
}

// Programs' own types have numbers too.
bool kernel_types_have_numbers() {
	for (uint32_t id = 0; bpf_btf_get_next_id(id, &id) == 0;) {
		const int types = bpf_btf_get_fd_by_id(id);
		bpf_btf_info info{};
		uint32_t size = sizeof(info);
		const bool told = types >= 0 && bpf_obj_get_info_by_fd(types, &info, &size) == 0;
		close(types);
		if (told && info.kernel_btf) return true;
	}
	return false;
}

// Where the kernel does not hand out types by number, bpftrace needs to be told of vmlinux's. It is not asked whether:
// that would be a start before the first one.
std::vector<std::string> bpftrace(const std::string &script) {
	std::vector<std::string> command{"bpftrace", "-e", script};
	if (!kernel_types_have_numbers())
		command.insert(command.begin(), {"env", "BPFTRACE_BTF=/sys/kernel/btf/vmlinux"});
	return command;
}

// The aim is three times and more; on a host that runs two machines at once the figures are noisy, so what is asserted
// is less, and the figures are printed.
TEST(Startup, FasterThanBpftrace) {
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	shell("nft list ruleset; rm -rf /run/nft-drops"); // the module is loaded for both; nothing is compiled yet
	const std::string script = article_script();
	printf("%s\n", script.c_str());
	std::vector<double> ours, theirs;
	for (int i = 0; i < 5; i++) {
		theirs.push_back(time_until(bpftrace(script), "Attaching"));
		ours.push_back(time_until({nft_drops(), "monitor"}, "nft-drops: monitoring"));
		printf("ready after: nft-drops %.3f s, bpftrace %.3f s, ratio %.2f%s\n", ours.back(), theirs.back(),
		       theirs.back() / ours.back(), i ? "" : " (the first after boot, with nothing compiled before)");
	}
	std::ranges::sort(ours);
	std::ranges::sort(theirs);
	printf("medians: nft-drops %.3f s, bpftrace %.3f s, ratio %.2f\n", ours[2], theirs[2], theirs[2] / ours[2]);
	EXPECT_GT(theirs[2], ours[2]);
}

} // namespace
} // namespace nft_drops::guest
