// SPDX-License-Identifier: GPL-2.0-only
// bpf/select.h on made-up kernel structures: which drops a SELECTOR takes. The map is written by
// jit/attach/selected.cpp.
#include "jit/attach/selected.h"
#include "probe_world.h"

#include <cstring>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace nft_drops::jit_test {
namespace {

constexpr uint32_t kDrop = 0, kContinue = 0xffffffff;
constexpr uint64_t kRule = 0x2a987654321, kTable = 0x99887766;
constexpr uint32_t kNetns = 4026531840, kGeneration = 77;

// A file in memory in place of the map.
class Select : public testing::TestWithParam<Reads> {
protected:
	Select() {
		w.layout = made_up_layout(GetParam());
		w.use_registers(kDrop);
		file = memfd_create("nd_selected", MFD_CLOEXEC);
		EXPECT_EQ(ftruncate(file, sizeof(nd_selected) + 65536), 0);
		auto opened = jit::Selected::open(file);
		EXPECT_TRUE(opened);
		selected.emplace(std::move(*opened));
		w.kernel.settings.selector = 1;
		w.kernel.selected = static_cast<nd_selected *>(
		        mmap(nullptr, sizeof(nd_selected), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	}
	~Select() override {
		munmap(w.kernel.selected, sizeof(nd_selected));
		close(file);
	}
	enum class Taken { kNo, kYes, kAsked };
	Taken drop() {
		w.kernel.events.clear();
		w.run();
		if (w.kernel.events.empty()) return Taken::kNo;
		return w.kernel.events.back().flags & ND_FLAG_ASK_CHAIN ? Taken::kAsked : Taken::kYes;
	}

	ProbeWorld w;
	int file = -1;
	std::optional<jit::Selected> selected;
};

INSTANTIATE_TEST_SUITE_P(Layouts, Select, testing::ValuesIn(kEveryWay),
                         [](const auto &info) { return name_of(info.param); });

TEST_P(Select, TakesAllUntilItIsTold) {
	EXPECT_EQ(drop(), Taken::kYes);
}

TEST_P(Select, ATable) {
	selected->set({.kind = ND_SELECT_TABLE, .family = 1, .table = "filter"});
	EXPECT_EQ(drop(), Taken::kYes);
	w.use_registers(kContinue);
	EXPECT_EQ(drop(), Taken::kYes);
	for (const char *other : {"filte", "filter2", "Filter", ""}) {
		selected->set({.kind = ND_SELECT_TABLE, .family = 1, .table = other});
		EXPECT_EQ(drop(), Taken::kNo) << other;
	}
	selected->set({.kind = ND_SELECT_TABLE, .family = 2, .table = "filter"});
	EXPECT_EQ(drop(), Taken::kNo);
	// Drops that are not taken are counted.
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_DROPS], 7U);
}

TEST_P(Select, TheLongestName) {
	const std::string longest(255, 'x');
	w.poke(w.names + 512, std::string_view(longest.c_str(), 256));
	selected->set({.kind = ND_SELECT_TABLE, .family = 1, .table = longest});
	EXPECT_EQ(drop(), Taken::kYes);
	selected->set({.kind = ND_SELECT_TABLE, .family = 1, .table = longest.substr(1)});
	EXPECT_EQ(drop(), Taken::kNo);
	selected->set({.kind = ND_SELECT_TABLE, .family = 1, .table = longest.substr(1) + "y"});
	EXPECT_EQ(drop(), Taken::kNo);
}

TEST_P(Select, ARule) {
	selected->set({.kind = ND_SELECT_RULE, .family = 1, .table = "filter", .chain = "input", .handle = kRule});
	EXPECT_EQ(drop(), Taken::kYes);
	w.use_registers(kContinue);
	EXPECT_EQ(drop(), Taken::kNo) << "the policy";
	w.use_registers(kDrop);
	selected->set({.kind = ND_SELECT_RULE, .family = 1, .table = "filter", .chain = "input", .handle = kRule + 1});
	EXPECT_EQ(drop(), Taken::kNo);
	selected->set({.kind = ND_SELECT_RULE, .family = 1, .table = "nat", .chain = "input", .handle = kRule});
	EXPECT_EQ(drop(), Taken::kNo);
}

TEST_P(Select, AChainsPolicy) {
	w.use_registers(kContinue);
	selected->set({.kind = ND_SELECT_CHAIN, .family = 1, .table = "filter", .chain = "input"});
	EXPECT_EQ(drop(), Taken::kYes);
	selected->set({.kind = ND_SELECT_CHAIN, .family = 1, .table = "filter", .chain = "forward"});
	EXPECT_EQ(drop(), Taken::kNo);
}

TEST_P(Select, APolicyAlone) {
	selected->set({.kind = ND_SELECT_POLICY, .family = 1, .table = "filter", .chain = "input"});
	EXPECT_EQ(drop(), Taken::kNo) << "a rule of that chain";
	w.use_registers(kContinue);
	EXPECT_EQ(drop(), Taken::kYes);
	selected->set({.kind = ND_SELECT_POLICY, .family = 1, .table = "filter", .chain = "forward"});
	EXPECT_EQ(drop(), Taken::kNo);
}

TEST_P(Select, OneAtATime) {
	selected->only_one();
	EXPECT_EQ(drop(), Taken::kYes);
	EXPECT_EQ(drop(), Taken::kYes) << "the self-test needs each";
	selected->set({.kind = ND_SELECT_RULE, .family = 1, .table = "filter", .chain = "input", .handle = kRule});
	w.use_registers(kContinue);
	EXPECT_EQ(drop(), Taken::kNo) << "another drop does not use up the question";
	w.use_registers(kDrop);
	EXPECT_EQ(drop(), Taken::kYes);
	const uint64_t counted = w.kernel.here.counts[ND_COUNT_DROPS];
	EXPECT_EQ(drop(), Taken::kNo);
	EXPECT_EQ(drop(), Taken::kNo);
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_DROPS], counted);
	selected->only_one();
	EXPECT_EQ(drop(), Taken::kYes);
	EXPECT_EQ(drop(), Taken::kNo);
}

// Where there was no room in the ring, the question stays.
TEST_P(Select, OneAtATimeFromAFullRing) {
	selected->set({.kind = ND_SELECT_RULE, .family = 1, .table = "filter", .chain = "input", .handle = kRule});
	selected->only_one();
	w.kernel.ring_full = true;
	EXPECT_EQ(drop(), Taken::kNo);
	w.kernel.ring_full = false;
	EXPECT_EQ(drop(), Taken::kYes);
	EXPECT_EQ(drop(), Taken::kNo);
}

TEST_P(Select, AsksForARuleUntilItIsTold) {
	selected->set({.kind = ND_SELECT_CHAIN, .family = 1, .table = "filter", .chain = "jumped"});
	EXPECT_EQ(drop(), Taken::kAsked);
	// Of others.
	selected->tell(kNetns, kTable, kRule + 1, kGeneration, true);
	selected->tell(kNetns, kTable + 1, kRule, kGeneration, true);
	selected->tell(kNetns + 1, kTable, kRule, kGeneration, true);
	EXPECT_EQ(drop(), Taken::kAsked);
	selected->tell(kNetns, kTable, kRule, kGeneration, true);
	EXPECT_EQ(drop(), Taken::kYes);
	// The chain was renamed: another generation.
	w.poke(w.pernet, w.layout.pernet_base_seq, kGeneration + 1);
	EXPECT_EQ(drop(), Taken::kAsked);
	selected->tell(kNetns, kTable, kRule, kGeneration + 1, false);
	EXPECT_EQ(drop(), Taken::kNo);
	w.poke(w.pernet, w.layout.pernet_base_seq, 0);
	EXPECT_EQ(drop(), Taken::kAsked);
}

TEST_P(Select, AsksForeverWhereThereIsNoRoom) {
	selected->set({.kind = ND_SELECT_CHAIN, .family = 1, .table = "filter", .chain = "jumped"});
	for (uint64_t rule = 1; rule < 10 * ND_RULE_PLACES; rule++)
		selected->tell(kNetns, kTable, rule, kGeneration, true);
	selected->tell(kNetns, kTable, kRule, kGeneration, true);
	EXPECT_EQ(drop(), Taken::kAsked);
	size_t right = 0;
	for (uint64_t rule = 1; rule < 2000; rule++) {
		w.poke(w.rule, w.layout.rule_handle, rule);
		const Taken taken = drop();
		EXPECT_NE(taken, Taken::kNo);
		right += taken == Taken::kYes;
	}
	EXPECT_GT(right, 500U);
}

} // namespace
} // namespace nft_drops::jit_test
