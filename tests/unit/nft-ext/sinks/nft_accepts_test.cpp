// SPDX-License-Identifier: GPL-2.0-only
// The words are matches that the installed nft takes, with `length` spelled `meta length`. `nft -c` wants a network
// namespace that it may ask: a new one where user namespaces are allowed or the test is root, else it is skipped.
#include "packets.h"

#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>

#include <unistd.h>

namespace nft_drops::test {
namespace {

struct Sample {
	const char *family;
	nd_event event;
};

std::vector<Sample> samples() {
	std::vector<Sample> all;
	const auto over_ip = [&](uint8_t protocol, const Octets &payload, const IpOptions &more = {}) {
		all.push_back({"inet", ip_event(ip(protocol, payload, more))});
		all.push_back({"ip", ip_event(ip(protocol, payload, more))});
	};
	const auto over_ip6 = [&](uint8_t protocol, const Octets &payload) {
		all.push_back({"inet", ip6_event(ip6(protocol, payload))});
		all.push_back({"ip6", ip6_event(ip6(protocol, payload))});
	};
	for (const auto &over : {std::function<void(uint8_t, const Octets &)>(over_ip), {over_ip6}}) {
		over(IPPROTO_TCP, tcp(51514, 10000, 0x02));
		over(IPPROTO_TCP, tcp(1, 2, 0x12));
		over(IPPROTO_TCP, tcp(1, 2, 0));
		over(IPPROTO_TCP, tcp(1, 2, 0xff));
		over(IPPROTO_UDP, udp(53, 5353));
		over(IPPROTO_UDPLITE, udp(53, 5353));
		over(IPPROTO_SCTP, sctp(1, 2));
		over(IPPROTO_DCCP, dccp(1, 2, 0));
		over(IPPROTO_DCCP, dccp(1, 2, 15));
		over(IPPROTO_ESP, esp(5));
		over(IPPROTO_AH, auth(IPPROTO_UDP, 5) + udp(1, 2));
	}
	// Every protocol number, every type.
	for (int number = 0; number < 256; ++number) {
		const auto value = static_cast<uint8_t>(number);
		over_ip(value, Octets(20));
		over_ip6(value, Octets{IPPROTO_NONE} + Octets(39)); // ends the chain if it is an extension header
		over_ip(IPPROTO_ICMP, icmp(value, 1));
		over_ip(IPPROTO_ICMP, icmp(3, value));
		over_ip(IPPROTO_IGMP, igmp(value));
		over_ip6(IPPROTO_ICMPV6, icmp(value, 1));
		over_ip6(IPPROTO_ICMPV6, icmp(1, value));
		over_ip(value, Octets(20), {.id = 1, .frag_off = 185});
		over_ip6(IPPROTO_FRAGMENT, ip6_frag(value, 185, false, 1));
	}
	over_ip(IPPROTO_ICMP, icmp(3, 4, 0, 1400) + ip(IPPROTO_TCP, tcp(1, 2, 2)));
	over_ip6(IPPROTO_ICMPV6, icmp(2, 0, 0, 1280) + ip6(IPPROTO_TCP, tcp(1, 2, 2)));
	over_ip6(IPPROTO_ICMPV6, icmp(135, 0) + Octets(16));
	over_ip(IPPROTO_UDP, udp(1, 2), {.id = 65535, .frag_off = 0x2000});
	over_ip6(IPPROTO_HOPOPTS, ip6_options(IPPROTO_ROUTING) + ip6_routing(IPPROTO_DSTOPTS, 0) +
	                                  ip6_options(IPPROTO_FRAGMENT) + ip6_frag(IPPROTO_TCP, 0, true, 9) +
	                                  tcp(1, 2, 2));
	over_ip6(IPPROTO_HOPOPTS, ip6_options(IPPROTO_ICMPV6) + icmp(143, 0));
	over_ip6(IPPROTO_HOPOPTS, ip6_options(253));

	const Octets datagram = ip(IPPROTO_UDP, udp(1, 2));
	const Octets datagram6 = ip6(IPPROTO_UDP, udp(1, 2));
	for (const char *family : {"bridge", "netdev"}) {
		all.push_back({family, bridge_event(ether(ETH_P_IP), ETH_P_IP, datagram)});
		all.push_back({family, bridge_event(ether(ETH_P_IPV6), ETH_P_IPV6, datagram6)});
		all.push_back({family, bridge_event(ether(ETH_P_ARP), ETH_P_ARP, arp(1))});
		all.push_back({family, bridge_event(ether(0x88cc), 0x88cc, Octets(46))});
		all.push_back({family, bridge_event(ether(ETH_P_8021Q), ETH_P_8021Q, tag(5, ETH_P_IP) + datagram)});
		all.push_back({family, bridge_event(ether(ETH_P_8021Q), ETH_P_8021Q, tag(5, ETH_P_IPV6) + datagram6)});
		all.push_back({family, bridge_event(ether(ETH_P_8021Q), ETH_P_8021Q, tag(5, ETH_P_ARP) + arp(2))});
		all.push_back({family, bridge_event(ether(ETH_P_8021Q), ETH_P_8021Q, tag(5, 0x88cc) + Octets(46))});
		all.push_back({family, bridge_event(ether(ETH_P_8021AD), ETH_P_8021AD,
		                                    tag(5, ETH_P_8021Q) + tag(6, ETH_P_IP) + datagram)});
		all.push_back({family, event_of(datagram, NFPROTO_NETDEV)}); // protocol 0, no link header
	}
	nd_event tagged = ip_event(datagram);
	tagged.flags = ND_FLAG_VLAN;
	tagged.vlan_proto = ETH_P_8021Q;
	tagged.vlan_tci = 5;
	all.push_back({"inet", tagged});
	all.push_back({"ip", tagged});
	nd_event unnamed = ip_event(datagram);
	set_name(unnamed.iifname, "");
	unnamed.oif = 1;
	set_name(unnamed.oifname, "lo");
	all.push_back({"inet", unnamed});
	for (const uint16_t operation : {1, 2, 9, 99})
		all.push_back({"arp", event_of(arp(operation), NFPROTO_ARP)});
	all.push_back({"arp", event_of(u16(6) + u16(0x0805) + Octets{0, 0} + u16(1), NFPROTO_ARP)});
	Octets broken = datagram;
	broken[0] = 0x65;
	all.push_back({"ip", ip_event(broken)});
	broken[0] = 0x43;
	all.push_back({"ip", ip_event(broken)});
	return all;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
	for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
		text.replace(at, what.size(), with);
	return text;
}

// "unshare ... nft", or empty.
std::string nft_command() {
	for (const std::string command : {"unshare -n nft", "unshare -rn nft"})
		if (std::system((command + " list tables >/dev/null 2>&1").c_str()) == 0) return command;
	return {};
}

std::string output_of(const std::string &command) {
	std::string output;
	FILE *pipe = popen((command + " 2>&1").c_str(), "r");
	if (!pipe) return "cannot run " + command;
	for (int character = std::fgetc(pipe); character != EOF; character = std::fgetc(pipe))
		output += static_cast<char>(character);
	if (pclose(pipe) != 0 && output.empty()) output = "failed: " + command;
	return output;
}

// Without the exceptions that words.h names.
std::string as_match(std::string words, bool knows_taddr) {
	const size_t length = words.rfind(" length ");
	if (const size_t inside = words.find(" inside "); inside != std::string::npos)
		words.erase(inside, length - inside);
	constexpr std::string_view kTarget = " icmpv6 taddr ";
	if (const size_t target = words.find(kTarget); target != std::string::npos && !knows_taddr)
		words.erase(target, words.find(' ', target + kTarget.size()) - target);
	return replaced(words, " length ", " meta length ");
}

TEST(NftAccepts, EveryKindOfPacket) {
	const std::string nft = nft_command();
	if (nft.empty()) GTEST_SKIP() << "no nft, or no right to make a network namespace";
	// nft 1.0.6 does not know the word, 1.0.8 and later do.
	const bool knows_taddr = std::system((nft + " describe icmpv6 taddr >/dev/null 2>&1").c_str()) == 0;
	const std::string path = testing::TempDir() + "nft_accepts_" + std::to_string(getpid()) + ".nft";
	const std::string check = nft + " -c -f " + path;
	const std::vector<Sample> all = samples();
	// In pieces: without root one netlink message cannot hold them all.
	constexpr size_t kPiece = 200;
	for (size_t begin = 0; begin < all.size(); begin += kPiece) {
		std::ofstream file(path);
		for (const char *family : {"inet", "ip", "ip6", "arp", "bridge", "netdev"})
			file << "add table " << family << " t\nadd chain " << family << " t c\n";
		for (size_t i = begin; i < std::min(begin + kPiece, all.size()); ++i) {
			const std::string words = replaced(words_of(all[i].event), "veth0", "lo");
			EXPECT_EQ(words.find("truncated"), std::string::npos) << words;
			file << "add rule " << all[i].family << " t c " << as_match(words, knows_taddr) << " accept\n";
		}
		file.close();
		EXPECT_EQ(output_of(check), "");
	}
	std::remove(path.c_str());
}

// A block is a ruleset that nft reads.
TEST(NftAccepts, BlockOutput) {
	const std::string nft = nft_command();
	if (nft.empty()) GTEST_SKIP() << "no nft, or no right to make a network namespace";
	const auto renderer = make_renderer(Format::kBlock);
	std::string out;
	nd_event event = ip_event(ip(IPPROTO_TCP, tcp(1, 2, 2)));
	set_name(event.iifname, "\"}\n\x1b");
	renderer->drop(drop_of(event, rule_answer("drop comment \"a\n\t}\n}\nb\"")), out);
	renderer->drop(drop_of(event, Attribution{}), out);
	renderer->drop(drop_of(event, rule_answer("ip saddr 1.1.1.1 jump {\n\t\t\ttcp dport 5 drop\n\t\t}")), out);
	event.cause = ND_CAUSE_POLICY;
	renderer->drop(drop_of(event, policy_answer()), out);
	event.cause = 99;
	event.rule_handle = 0;
	Attribution other = rule_answer();
	other.chain = "sub";
	renderer->drop(drop_of(event, other), out);
	other.table = "raw";
	other.family = "ip";
	renderer->drop(drop_of(event, other), out);
	renderer->finish(out);
	const std::string path = testing::TempDir() + "nft_block_" + std::to_string(getpid()) + ".nft";
	std::ofstream(path) << out;
	EXPECT_EQ(output_of(nft + " -c -f " + path), "") << out;
	std::remove(path.c_str());
}

} // namespace
} // namespace nft_drops::test
