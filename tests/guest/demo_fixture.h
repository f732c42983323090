// SPDX-License-Identifier: GPL-2.0-only
// A test in a network namespace of its own, with the network of `nft-drops demo`.
#ifndef NFT_DROPS_TESTS_GUEST_DEMO_FIXTURE_H
#define NFT_DROPS_TESTS_GUEST_DEMO_FIXTURE_H

#include "nft-ext/demo/demo_network.h"
#include "running.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <memory>
#include <string>
#include <utility>

namespace nft_drops::guest {

class DemoTest : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_EQ(unshare(CLONE_NEWNET), 0);
		auto net = cli::DemoNetwork::create();
		ASSERT_TRUE(net) << net.error().message();
		net_ = std::make_unique<cli::DemoNetwork>(std::move(*net));
	}
	static void load(const std::string &ruleset) { shell("nft -f - <<'END'\n" + ruleset + "\nEND"); }

	std::unique_ptr<cli::DemoNetwork> net_;
};

} // namespace nft_drops::guest

#endif
