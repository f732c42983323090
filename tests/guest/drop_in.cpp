// SPDX-License-Identifier: GPL-2.0-only
#include "drop_in.h"

#include "nft-ext/demo/demo_network.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace nft_drops::guest {

// A thread of its own joins the namespace and ends there.
void drop_in(const std::string &netns) {
	std::thread([&] {
		const int ns = open(netns.c_str(), O_RDONLY | O_CLOEXEC);
		ASSERT_EQ(setns(ns, CLONE_NEWNET), 0) << netns;
		close(ns);
		EXPECT_TRUE(cli::DemoNetwork::over_loopback(9));
	}).join();
}

std::string netns_named(const std::string &name) {
	return "/run/netns/" + name;
}

std::string netns_of(pid_t pid) {
	return "/proc/" + std::to_string(pid) + "/ns/net";
}

} // namespace nft_drops::guest
