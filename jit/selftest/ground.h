// SPDX-License-Identifier: GPL-2.0-only
// The self-test's network namespace, and the child process that lives in it. Both are gone when this object is, or when
// the thread that made it ends, however it ends (PR_SET_PDEATHSIG).
#ifndef NFT_DROPS_JIT_SELFTEST_GROUND_H
#define NFT_DROPS_JIT_SELFTEST_GROUND_H

#include "jit/base/result.h"
#include "jit/selftest/trial_ruleset.h"

#include <array>
#include <cstdint>
#include <memory>
#include <sys/types.h>
#include <vector>

namespace nft_drops::jit {

// What became of a packet. Plain data, to be sent between processes.
struct Sent {
	static constexpr int kLeftOut = -1; // this machine cannot send such a one (no IPv6), or has no rules for it
	int error = 0;                      // errno of sendto()
	uint64_t before = 0, after = 0;     // the kernel's CLOCK_MONOTONIC, around its whole way
};

// Who lives there. Plain data too.
struct GroundFacts {
	uint32_t netns = 0;    // inode number
	uint64_t cookie = 0;   // of the namespace, which no other ever has; 0: this kernel does not tell
	uint32_t loopback = 0; // interface index
	TrialHandles handles;
};

class Ground {
public:
	// Returns at once: namespace and ruleset are made meanwhile.
	static Result<std::unique_ptr<Ground>> start();
	Ground(const Ground &) = delete;
	Ground &operator=(const Ground &) = delete;
	~Ground();

	// Waits until all is there. Fails with kMachine where this machine does not allow it.
	Result<GroundFacts> facts();
	// Sends the packets of trials() in order. Leaves out a packet that this machine cannot send, or has no rules
	// for. When send_all() returns, every sent packet has passed the rules.
	Result<std::vector<Sent>> send_all();

private:
	Ground(int socket, pid_t child) : socket_(socket), child_(child) {}
	int socket_;
	pid_t child_;
};

} // namespace nft_drops::jit

#endif
