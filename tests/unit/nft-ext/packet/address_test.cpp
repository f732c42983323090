// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <random>

namespace nft_drops {
namespace {

std::string ours(const Address &address) {
	TextBuffer out;
	write_address(out, address);
	return std::string(out.view());
}

std::string glibcs(const Address &address) {
	char text[INET6_ADDRSTRLEN];
	return inet_ntop(address.size == 4 ? AF_INET : AF_INET6, address.bytes.data(), text, sizeof(text));
}

TEST(Address, EveryOctet) {
	for (int octet = 0; octet < 256; ++octet) {
		Address address{.size = 4, .bytes = {}};
		address.bytes[0] = address.bytes[3] = static_cast<uint8_t>(octet);
		EXPECT_EQ(ours(address), glibcs(address));
	}
}

// Each of the 256 patterns of zero and other groups, IPv4-mapped and -compatible addresses among them.
TEST(Address, Ip6AsGlibc) {
	std::mt19937 random(1);
	for (int pattern = 0; pattern < 256; ++pattern) {
		for (const uint32_t mask : {0xffffU, 0x0fffU, 0x00ffU, 0x000fU}) {
			Address address{.size = 16, .bytes = {}};
			for (int group = 0; group < 8; ++group) {
				if (!(pattern >> group & 1)) continue;
				const uint32_t value = mask == 0xffff && group == 5 ? 0xffff : random() & mask;
				address.bytes[2 * group] = static_cast<uint8_t>(value >> 8);
				address.bytes[2 * group + 1] = static_cast<uint8_t>(value);
			}
			EXPECT_EQ(ours(address), glibcs(address));
		}
	}
}

TEST(Address, Mac) {
	TextBuffer out;
	write_mac(out, {0x00, 0x0a, 0xff, 0x10, 0x01, 0xb0});
	EXPECT_EQ(out.view(), "00:0a:ff:10:01:b0");
}

TEST(Address, BufferNeverOverflows) {
	TextBuffer out;
	for (size_t i = 0; i < TextBuffer::kCapacity; ++i)
		out.text("abc");
	out.hex(0x12345678, 8);
	out.number(12345678901234567890U);
	EXPECT_LE(out.size(), TextBuffer::kCapacity);
}

TEST(Address, NumberAndHex) {
	TextBuffer out;
	out.number(0);
	out.character(' ');
	out.number(18446744073709551615U);
	out.character(' ');
	out.hex(0xb9, 4);
	out.character(' ');
	out.hex(0xffffffff, 1);
	EXPECT_EQ(out.view(), "0 18446744073709551615 00b9 ffffffff");
}

} // namespace
} // namespace nft_drops
