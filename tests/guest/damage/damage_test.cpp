// SPDX-License-Identifier: GPL-2.0-only
// Deliberate damage: wrong Plans are attached and put to the self-test. Each one whose answers would be wrong must be
// rejected. Whether those that pass are right is not the self-test's to say: further packets, and counters, do.
#include "jit/kernel/live/running_kernel.h"
#include "mutants.h"
#include "truth.h"

#include "bpf/objects.h"
#include "jit/base/libbpf/log.h"
#include "jit/compile/compile.h"
#include "jit/selftest/selftest.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <map>

namespace nft_drops::guest {
namespace {

Result<std::unique_ptr<jit::Probe>> attach(const jit::Kernel &kernel, const jit::Plan &plan, uint32_t netns) {
	nd_settings settings{};
	settings.path = 1;
	const auto code = bpf::probe_bitcode(kernel.layout.probe, settings);
	auto object = jit::compile_probe(kernel.layout.probe, jit::constants_of(plan), settings, code);
	if (!object) return std::unexpected(object.error());
	return jit::Probe::attach(*object, plan, {.netns = netns, .ring_bytes = 1024 * 1024});
}

size_t wanted() {
	const char *text = std::getenv("NFT_DROPS_MUTANTS");
	return text ? strtoul(text, nullptr, 10) : 200;
}

// The words of a rejection up to what differs each time.
std::string kind_of(const Error &error) {
	if (error.what != "self-test") return error.what.starts_with("kprobe at") ? "kprobe refused" : error.what;
	const size_t at = error.why.rfind("rightly: ");
	if (at == std::string::npos) return "surplus events";
	const std::string fact = error.why.substr(at + 9);
	return fact.substr(0, fact.find(':'));
}

TEST(Damage, NoWrongPlanPassesTheSelfTest) {
	keep_libbpf_log();
	auto kernel = jit::read_running_kernel();
	ASSERT_TRUE(kernel) << kernel.error().message();
	auto plan = jit::resolve(kernel->image, kernel->layout);
	ASSERT_TRUE(plan) << plan.error().message();
	auto test = jit::SelfTest::start();
	ASSERT_TRUE(test) << test.error().message();
	auto netns = test->netns();
	ASSERT_TRUE(netns) << netns.error().message();
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	Truth truth(1, kernel->layout.expression);

	{
		auto probe = attach(*kernel, *plan, *netns);
		ASSERT_TRUE(probe) << probe.error().message();
		auto passed = test->run(**probe, *plan, kernel->layout);
		ASSERT_TRUE(passed) << passed.error().message();
		ASSERT_TRUE((*probe)->watch(truth.netns()));
		const auto wrong = truth.contradicts(**probe, *plan);
		ASSERT_FALSE(wrong) << "the true Plan: " << *wrong;
	}

	Mutants mutants(*kernel, *plan, 20261121);
	std::map<std::string, size_t> rejected;
	size_t harmless = 0;
	const size_t all = wanted();
	for (size_t i = 0; i < all; i++) {
		const Mutant mutant = mutants.next();
		auto probe = attach(*kernel, mutant.plan, *netns);
		if (!probe) {
			rejected[kind_of(probe.error())]++;
			continue;
		}
		if (auto passed = test->run(**probe, mutant.plan, kernel->layout); !passed) {
			rejected[kind_of(passed.error())]++;
			continue;
		}
		ASSERT_TRUE((*probe)->watch(truth.netns()));
		const auto wrong = truth.contradicts(**probe, mutant.plan);
		EXPECT_FALSE(wrong) << "got through: " << mutant.what << "; " << *wrong;
		if (!wrong) {
			harmless++;
			printf("passes and is right: %s\n", mutant.what.c_str());
		}
	}
	size_t sum = 0;
	for (const auto &[kind, n] : rejected) {
		printf("%5zu rejected: %s\n", n, kind.c_str());
		sum += n;
	}
	printf("%zu wrong Plans of %zu: %zu rejected, %zu pass and answer rightly all the same\n", all, all, sum,
	       harmless);
	EXPECT_GT(sum, all / 2);
}

// A program that the kernel refuses: it calls a function of the kernel by a number that is a type's.
TEST(Damage, ARefusalShowsTheVerifiersLastLines) {
	keep_libbpf_log();
	auto kernel = jit::read_running_kernel();
	ASSERT_TRUE(kernel) << kernel.error().message();
	auto plan = jit::resolve(kernel->image, kernel->layout);
	ASSERT_TRUE(plan) << plan.error().message();
	kernel->layout.probe.cast = {.function = 1, .type = 1, .offset = 0, .size = 128};
	const auto probe = attach(*kernel, *plan, 1);
	ASSERT_FALSE(probe);
	const std::string message = probe.error().message();
	printf("%s\n", message.c_str());
	EXPECT_TRUE(message.starts_with("loading the probe: the kernel refuses it: ")) << message;
	const size_t says = message.find(": the verifier says: ");
	ASSERT_NE(says, std::string::npos) << message;
	EXPECT_NE(message.find("1 is not a function", says), std::string::npos) << message;
	EXPECT_NE(message.find("check --report", says), std::string::npos) << message;
	EXPECT_EQ(message.find('\n'), std::string::npos);
	EXPECT_EQ(probe.error().exit_status(), 2);
}

} // namespace
} // namespace nft_drops::guest
