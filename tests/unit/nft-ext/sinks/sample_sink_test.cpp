// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/sample_sink.h"

#include "packets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace nft_drops::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char *kPacket = "sample 21:40:11.482113 iif \"veth0\" ip saddr 10.0.0.2 ip daddr 10.0.0.1 "
                                "tcp sport 51514 tcp dport 10000 tcp flags syn length 40";

class Sample : public testing::Test {
protected:
	void SetUp() override { setenv("TZ", "UTC", 1); }
	static Drop drop(std::string text = "tcp dport 10000 drop") {
		return drop_of(ip_event(ip(IPPROTO_TCP, tcp(51514, 10000, 2))), rule_answer(std::move(text)));
	}
};

TEST_F(Sample, ThePacketThePathAndTheDetails) {
	SampleSink sink("tcp dport 10000 drop");
	EXPECT_THAT(sink.lines(), IsEmpty());
	Drop full = drop();
	full.path.emplace();
	Details details;
	details.seen.known = ND_KNOWN_CT;
	details.seen.ct_info = 7; // IP_CT_UNTRACKED
	full.details = std::make_shared<const Details>(details);
	sink.take(full);
	EXPECT_THAT(sink.lines(), ElementsAre(kPacket, "input -> drop (handle 7)", "ct state untracked"));
	// The next drop has nothing but its packet.
	sink.take(drop());
	EXPECT_THAT(sink.lines(), ElementsAre(kPacket));
}

// The rule was replaced; its handle stayed.
TEST_F(Sample, OfAnotherTextNothingIsTaken) {
	SampleSink sink("tcp dport 10000 drop");
	sink.take(drop("tcp dport 10001 drop"));
	EXPECT_THAT(sink.lines(), IsEmpty());
	SampleSink unknown("");
	unknown.take(drop("tcp dport 10001 drop"));
	EXPECT_THAT(unknown.lines(), ElementsAre(kPacket));
}

TEST_F(Sample, WhatCouldNotBeDecidedIsSaid) {
	SampleSink sink("tcp dport 10000 drop");
	Drop undecided = drop();
	undecided.event.flags |= ND_FLAG_UNDECIDED;
	sink.take(undecided);
	EXPECT_THAT(sink.lines(), ElementsAre(std::string(kPacket) + " # undecided"));
}

TEST_F(Sample, HostileNamesAreEscaped) {
	SampleSink sink("");
	Drop hostile = drop();
	set_name(hostile.event.iifname, "a\033[2J\n");
	hostile.details = [] {
		Details details;
		ElementFound &element = details.elements.emplace_back();
		element.set = "b\nc";
		element.key = "\033]0;x\007";
		return std::make_shared<const Details>(details);
	}();
	sink.take(hostile);
	for (const std::string &line : sink.lines())
		for (const char c : line)
			EXPECT_GE(static_cast<unsigned char>(c), ' ') << line;
}

} // namespace
} // namespace nft_drops::test
