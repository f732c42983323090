// SPDX-License-Identifier: GPL-2.0-only
// Each in a child process: signals end it.
#include "nft-ext/loop/signals.h"

#include <gtest/gtest.h>

#include <csignal>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

// The wait status of a child that runs this and then exits with 7.
template <typename Do> int status_of(Do run) {
	const pid_t child = fork();
	if (child == 0) {
		run();
		_exit(7);
	}
	int status = 0;
	EXPECT_EQ(waitpid(child, &status, 0), child);
	return status;
}

bool readable(const Signals &signals) {
	pollfd one{signals.fd(), POLLIN, 0};
	return poll(&one, 1, 0) == 1;
}

TEST(Signals, EndTheProcessWhileItStarts) {
	for (const int number : {SIGINT, SIGTERM}) {
		const int status = status_of([&] {
			const Signals signals;
			raise(number);
		});
		ASSERT_TRUE(WIFSIGNALED(status)) << number;
		EXPECT_EQ(WTERMSIG(status), number);
	}
}

TEST(Signals, TheFirstIsReportedTheSecondEnds) {
	const int status = status_of([] {
		Signals signals;
		signals.report();
		if (readable(signals)) _exit(1);
		raise(SIGTERM);
		if (!readable(signals)) _exit(2);
		raise(SIGINT);
	});
	ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
	EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST(Signals, InheritedAsIgnoredTheyAreSeenAllTheSame) {
	// As a shell without job control starts what stands in front of an "&".
	const int status = status_of([] {
		signal(SIGINT, SIG_IGN);
		Signals signals;
		signals.report();
		raise(SIGINT);
		if (!readable(signals)) _exit(2);
	});
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(Signals, AtTheEndTheyEndTheProcessAgain) {
	const int status = status_of([] {
		Signals signals;
		signals.report();
		signals.end_at_once();
		raise(SIGINT);
	});
	EXPECT_TRUE(WIFSIGNALED(status));
}

// A process that waits for a reader, where no loop could see a descriptor.
TEST(Signals, AreSeenInASystemCallThatWaits) {
	const int status = status_of([] {
		Signals signals;
		signals.report();
		raise(SIGTERM);
		int ends[2];
		if (pipe(ends) != 0) _exit(1);
		const pid_t self = getpid();
		if (fork() == 0) {
			usleep(50'000);
			kill(self, SIGTERM);
			_exit(0);
		}
		char byte = 0;
		static_cast<void>(!read(ends[0], &byte, 1));
	});
	EXPECT_TRUE(WIFSIGNALED(status));
}

} // namespace
} // namespace nft_drops::cli
