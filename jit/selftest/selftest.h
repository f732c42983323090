// SPDX-License-Identifier: GPL-2.0-only
// Proof by packets: rules and packets of our own, in a network namespace of their own, are dropped in front of the
// attached probe's eyes, and every fact of what it saw is compared with what is known.
//
//	auto test = SelfTest::start();                  // returns at once
//	...                                             // read the kernel, find the Plan, compile
//	auto netns = test->netns();                     // waits for the namespace
//	auto probe = Probe::attach(..., {.netns = *netns});
//	test->run(**probe, layout);                     // again with another probe, if need be
//	(*probe)->watch(...);                           // what is wanted
#ifndef NFT_DROPS_JIT_SELFTEST_SELFTEST_H
#define NFT_DROPS_JIT_SELFTEST_SELFTEST_H

#include "jit/attach/probe.h"
#include "jit/attach/self_test_marks.h"
#include "jit/selftest/difference.h"
#include "jit/selftest/ground.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nft_drops::jit {

// How many packets the kernel has thrown away because the queue for packets on their way in (net.core.
// netdev_max_backlog) was full, on all processors together. `path` is a file like /proc/net/softnet_stat.
uint64_t backlog_overflows(const char *path = "/proc/net/softnet_stat");

class SelfTest {
public:
	static Result<SelfTest> start();

	// The namespace's number, for the probe to watch. Fails with kMachine where none can be made.
	Result<uint32_t> netns();
	// Fails with kMachine if the probe did not see exactly what was dropped, naming the packet and the first fact
	// that is wrong. The probe watches netns(); all of its events are taken out of its ring. What it sees of the
	// jump limit is not tested: no ruleset that the kernel accepts gets there. The probe was made for `plan` and
	// `layout`: where these say how the expression is found, and where the ruleset's generation is, each event must
	// tell the right one, else none. Returns how many packets it was tested with.
	Result<size_t> run(Probe &probe, const Plan &plan, const Layout &layout);
	// After run(): what this machine has not, and was not tried; each as an error would name it.
	[[nodiscard]] const std::vector<std::string> &left_out() const { return left_out_; }

private:
	explicit SelfTest(std::unique_ptr<Ground> ground) : ground_(std::move(ground)) {}
	struct Seen {
		nd_event event;
		std::optional<nd_path> path; // where the probe was asked for it
	};
	[[nodiscard]] std::optional<Expectation> expect(const Trial &trial, const Sent &sent,
	                                                uint32_t generation) const;
	[[nodiscard]] nd_path expected_path(const Trial &trial) const;
	// Of the probe's maker, what events depend on.
	struct Made {
		const Plan &plan;
		Operations::NameOf name_of;
		uint32_t generation;
	};
	[[nodiscard]] Result<size_t> compare(const std::vector<Sent> &sent, const std::vector<Seen> &seen,
	                                     const Made &made);

	std::unique_ptr<Ground> ground_;
	std::optional<GroundFacts> facts_;
	std::vector<std::string> left_out_;
	std::unique_ptr<SelfTestMark> mark_; // no other probe shows our packets
};

} // namespace nft_drops::jit

#endif
