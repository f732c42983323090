// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/host_names.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <semaphore>
#include <thread>

namespace nft_drops {
namespace {

// 10.0.HIGH.LOW
Address address_of(uint16_t number) {
	return {.size = 4, .bytes = {10, 0, static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)}};
}

TEST(HostNames, AreThereLater) {
	HostNames names([](const Address &a) { return "host" + std::to_string(a.bytes[3]); });
	const Address one = address_of(1);
	std::string name;
	for (int i = 0; i < 10'000 && (name = names.of(one)).empty(); i++)
		std::this_thread::sleep_for(std::chrono::milliseconds(1));
	EXPECT_EQ(name, "host1");
}

// Each address is looked up once, whatever the resolver says, and nobody waits for a resolver that hangs.
TEST(HostNames, AResolverThatHangsHoldsNobodyUp) {
	struct Stuck {
		std::counting_semaphore<> go{0};
		std::atomic<int> asked = 0;
	};
	auto stuck = std::make_shared<Stuck>();
	{
		HostNames names([stuck](const Address &) {
			stuck->asked++;
			stuck->go.acquire();
			return std::string();
		});
		for (int round = 0; round < 3; round++)
			for (uint32_t i = 0; i < 2 * HostNames::kMostKnown; i++)
				EXPECT_EQ(names.of(address_of(static_cast<uint16_t>(i))), "");
		while (stuck->asked == 0)
			std::this_thread::yield();
	}
	EXPECT_EQ(stuck->asked, 1);
	stuck->go.release(1000);
}

} // namespace
} // namespace nft_drops
