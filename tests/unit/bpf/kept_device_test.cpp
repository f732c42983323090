// SPDX-License-Identifier: GPL-2.0-only
// What bpf/probe.bpf.c keeps of the device that a packet came in by, and for how long.
#include "probe_world.h"

#include <cstring>
#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

class KeptDevice : public testing::TestWithParam<Reads> {
protected:
	KeptDevice() {
		w.layout = made_up_layout(GetParam());
		w.use_registers(0);
		w.poke(w.in, w.layout.dev_type, 1);
		EXPECT_EQ(seen(), "eth0 1");
		w.poke(w.in + 8, std::string_view("eth9", 4));
		w.poke(w.in, w.layout.dev_type, 772);
	}

	// Name and type in the next event.
	std::string seen() {
		w.kernel.events.clear();
		const nd_event &e = w.event();
		return std::string(e.iifname, strnlen(e.iifname, sizeof(e.iifname))) + ' ' + std::to_string(e.dev_type);
	}
	void expect_new() { EXPECT_EQ(seen(), "eth9 772"); }
	void expect_kept() {
		if (GetParam() == Reads::kLoads)
			expect_new();
		else
			EXPECT_EQ(seen(), "eth0 1");
	}

	ProbeWorld w;
};

INSTANTIATE_TEST_SUITE_P(Layouts, KeptDevice, testing::ValuesIn(kEveryWay),
                         [](const auto &info) { return name_of(info.param); });

TEST_P(KeptDevice, ForATenthOfAMillisecond) {
	expect_kept();
	w.kernel.time_ns += 99'999;
	expect_kept();
	w.kernel.time_ns += 1;
	expect_new();
}

// Not for as long as packets come.
TEST_P(KeptDevice, SinceItWasRead) {
	w.kernel.time_ns += 60'000;
	expect_kept();
	w.kernel.time_ns += 60'000;
	expect_new();
}

TEST_P(KeptDevice, TheIndexIsReadWithTheName) {
	w.poke(w.in, w.layout.dev_ifindex, 3);
	expect_kept();
	EXPECT_EQ(w.kernel.events[0].iif, GetParam() == Reads::kLoads ? 3U : 2U);
	w.kernel.time_ns += 100'000;
	expect_new();
	EXPECT_EQ(w.kernel.events[0].iif, 3U);
}

TEST_P(KeptDevice, NotElsewhere) {
	w.kernel.memory[w.in + 0x1000] = w.kernel.memory[w.in];
	w.poke(w.state, w.layout.state_in, w.in + 0x1000);
	w.poke(w.skb, w.layout.skb_dev, w.in + 0x1000);
	expect_new();
}

TEST_P(KeptDevice, TheTypeIsThatOfThePacketsDevice) {
	w.poke(w.skb, w.layout.skb_dev, w.out);
	EXPECT_EQ(seen(), GetParam() == Reads::kLoads ? "eth9 801" : "eth0 801");
}

// The clock of another processor, or one that was set back.
TEST_P(KeptDevice, NotIfTimeGoesBack) {
	w.kernel.time_ns -= 1;
	expect_new();
}

TEST_P(KeptDevice, NothingIsKeptOfNoDevice) {
	w.poke(w.state, w.layout.state_in, 0);
	EXPECT_EQ(seen(), " 772");
}

} // namespace
} // namespace nft_drops::jit_test
