// SPDX-License-Identifier: GPL-2.0-only
// The names are compared with those of the installed nft: `nft describe` needs no rights.
#include "nft-ext/packet/symbols.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace nft_drops {
namespace {

// Number to first name, as nft itself looks names up when it prints.
std::map<unsigned long, std::string> describe(const std::string &expression) {
	std::map<unsigned long, std::string> names;
	const std::string command = "nft describe " + expression + " 2>/dev/null";
	const std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(command.c_str(), "r"), pclose);
	std::array<char, 256> line = {};
	while (pipe && std::fgets(line.data(), line.size(), pipe.get())) {
		std::array<char, 64> name = {};
		std::array<char, 32> number = {};
		if (line[0] != '\t' || std::sscanf(line.data(), " %63s %31s", name.data(), number.data()) != 2)
			continue;
		names.emplace(std::strtoul(number.data(), nullptr, 0), name.data());
	}
	return names;
}

void compare(const std::string &expression, unsigned long end,
             const std::function<std::string_view(unsigned long)> &ours) {
	const std::map<unsigned long, std::string> nfts = describe(expression);
	if (nfts.empty()) GTEST_SKIP() << "no nft here that describes " << expression;
	for (unsigned long number = 0; number < end; ++number) {
		const auto found = nfts.find(number);
		EXPECT_EQ(ours(number), found == nfts.end() ? "" : found->second) << expression << ' ' << number;
	}
}

TEST(Symbols, IcmpTypes) {
	compare("icmp type", 256, icmp_type_name);
}
TEST(Symbols, Icmpv6Types) {
	compare("icmpv6 type", 256, icmpv6_type_name);
}
TEST(Symbols, IgmpTypes) {
	compare("igmp type", 256, igmp_type_name);
}
TEST(Symbols, DccpTypes) {
	compare("dccp type", 16, dccp_type_name);
}
TEST(Symbols, ArpOperations) {
	compare("arp operation", 65536, arp_operation_name);
}
TEST(Symbols, EtherTypes) {
	compare("ether type", 65536, ethertype_name);
}

TEST(Symbols, IcmpCodes) {
	compare("icmp code", 256, [](unsigned long code) { return icmp_code_name(3, code); });
}

TEST(Symbols, Icmpv6Codes) {
	compare("icmpv6 code", 256, [](unsigned long code) { return icmpv6_code_name(1, code); });
}

TEST(Symbols, CodesOfOtherTypesHaveNoName) {
	for (int type = 0; type < 256; ++type) {
		if (type != 3) {
			EXPECT_EQ(icmp_code_name(static_cast<uint8_t>(type), 0), "");
		}
		if (type != 1) {
			EXPECT_EQ(icmpv6_code_name(static_cast<uint8_t>(type), 0), "");
		}
	}
}

TEST(Symbols, TcpFlags) {
	const std::map<unsigned long, std::string> nfts = describe("tcp flags");
	if (nfts.empty()) GTEST_SKIP() << "no nft here that describes tcp flags";
	for (size_t bit = 0; bit < kTcpFlags.size(); ++bit)
		EXPECT_EQ(kTcpFlags[bit], nfts.at(1UL << bit));
}

// Ours is a part of /etc/protocols; each name in it must be nft's for that number.
TEST(Symbols, Protocols) {
	const std::map<unsigned long, std::string> nfts = describe("ip protocol");
	if (nfts.size() < 30) GTEST_SKIP() << "no nft here, or no /etc/protocols";
	int named = 0;
	for (int number = 0; number < 256; ++number) {
		const std::string_view ours = protocol_name(static_cast<uint8_t>(number));
		if (ours.empty()) continue;
		++named;
		EXPECT_EQ(ours, nfts.at(static_cast<unsigned long>(number)));
	}
	EXPECT_GE(named, 12); // at the least those that nft has matches for
}

} // namespace
} // namespace nft_drops
