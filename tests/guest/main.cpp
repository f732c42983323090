// SPDX-License-Identifier: GPL-2.0-only
// The tests that run as root on a real kernel, inside a machine that tests/vm/run-vm boots.
//
// The machine is made for these tests, so nothing that they need may be missing there: a test that skips itself, or a
// run without any test, is a failure.
#include "proof_row.h"
#include "run_commands.h"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

namespace {

// Many tests move to a network namespace of their own: the next one begins where the first one did.
class BackHome : public testing::EmptyTestEventListener {
public:
	BackHome() : home_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {}
	BackHome(const BackHome &) = delete;
	BackHome &operator=(const BackHome &) = delete;
	~BackHome() override { close(home_); }
	void OnTestEnd(const testing::TestInfo & /*test*/) override { EXPECT_EQ(setns(home_, CLONE_NEWNET), 0); }

private:
	int home_;
};

} // namespace

int main(int argc, char **argv) {
	if (const int status = nft_drops::guest::become_command(argc, argv); status >= 0) return status;
	testing::InitGoogleTest(&argc, argv);
	testing::UnitTest::GetInstance()->listeners().Append(new BackHome); // which deletes it
	const int status = RUN_ALL_TESTS();
	if (const char *proof = std::getenv("NFT_DROPS_PROOF")) nft_drops::guest::write_proof_row(proof);
	const testing::UnitTest &run = *testing::UnitTest::GetInstance();
	if (run.skipped_test_count() > 0) {
		std::fprintf(stderr, "%d skipped: in this machine that is a failure\n", run.skipped_test_count());
		return EXIT_FAILURE;
	}
	if (run.test_to_run_count() == 0) {
		std::fputs("no test has run\n", stderr);
		return EXIT_FAILURE;
	}
	return status;
}
