// SPDX-License-Identifier: GPL-2.0-only
// What the tests of counting share. NFT_DROPS_FULL=1 sends as much as the project promises to have seen; else less, for
// machines that are emulated.
#ifndef NFT_DROPS_TESTS_GUEST_COUNT_FIXTURE_H
#define NFT_DROPS_TESTS_GUEST_COUNT_FIXTURE_H

#include "loopback_sender.h"
#include "running.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace nft_drops::guest {

inline constexpr const char *kPins = "/sys/fs/bpf/nft-drops";

// NFT_DROPS_FULL is set.
bool full();

// send_over_loopback() to ports from 20000 in turn; the child's own port is 21000 plus the processor's number.
pid_t sender(unsigned count, unsigned ports, int cpu);

// Twenty rules with counters, which drop UDP to the ports from 20000, beginning with rule number `first` of them; a
// policy that drops; UDP to 21000 and 21001 is accepted.
std::string twenty_rules(int first = 0);

// What a command costs: processor time, and the most memory that it had at once. Its output is in /tmp/cost.out.
rusage cost_of(const std::string &command);
double seconds(const rusage &used);

// In a network namespace of its own.
class CountTest : public testing::Test {
protected:
	void SetUp() override;
	// Nothing may stay behind, whatever the test did.
	void TearDown() override;

	static void load(const std::string &ruleset);
	static void start(const std::vector<std::string> &options = {});
	static std::string status();
	static std::string list(const std::string &what = "ruleset");
	// Of the only rule or policy line that holds `text`, "packets bytes".
	static std::string figures(const std::string &text);
	static void send(unsigned count, unsigned ports, int cpu = 0);
	// Loads twenty_rules() again and again, in another order each time, while packets are dropped: rules get each
	// other's memory. Compares with nft's own counters at each `every`th reload.
	static void expect_right_over_reloads(unsigned reloads, unsigned every = 1);

	Leftovers before_;
};

} // namespace nft_drops::guest

#endif
