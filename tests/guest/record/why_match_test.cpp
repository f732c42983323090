// SPDX-License-Identifier: GPL-2.0-only
// `why MATCH` finds as many packets as a rule with the same MATCH and `counter` counts in front of the rule that drops.
#include "record_fixture.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace nft_drops::guest {
namespace {

using nlohmann::json;

// What a history can answer: devices, addresses, protocol, destination port, ICMP type and code.
const std::vector<std::string> kAsked = {
        "udp dport 20003",
        "udp dport 20003-20007",
        "udp dport != 20003",
        "udp dport >= 20010",
        "udp dport { 20001, 20005-20009 }",
        "udp dport != { 20001, 20005-20009 }",
        "th dport 20002",
        "tcp dport 20002",
        "tcp dport { 20002, 20004 }",
        "ip saddr 127.0.0.3",
        "ip saddr != 127.0.0.3",
        "ip saddr 127.0.0.2-127.0.0.5",
        "ip saddr 127.0.0.0/30",
        "ip saddr & 255.0.0.1 == 127.0.0.1",
        "ip saddr { 127.0.0.1, 127.0.0.4-127.0.0.6 }",
        "ip daddr 127.0.0.1",
        "ip daddr != 127.0.0.1",
        "ip saddr . udp dport { 127.0.0.2 . 20003, 127.0.0.4 . 20004 }",
        "ip saddr 127.0.0.2 udp dport 20003",
        "ip protocol udp",
        "ip protocol { tcp, icmp }",
        "ip6 saddr ::1",
        "ip6 daddr ::/64",
        "ip6 saddr ::1 udp dport 20001",
        "meta l4proto tcp",
        "meta l4proto { tcp, udp }",
        "meta l4proto != udp",
        "meta nfproto ipv6",
        "icmp type echo-request",
        "icmp type echo-request icmp code 3",
        "icmpv6 type echo-request",
        "iifname \"lo\"",
        "iifname != \"lo\"",
};

class WhyMatch : public RecordFixture {
protected:
	static void load_counters() {
		std::string text = "table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0;\n"
		                   "\t\tudp dport 31000-31001 accept\n\t\ttcp flags rst accept\n";
		for (size_t i = 0; i < kAsked.size(); i++)
			text += "\t\t" + kAsked[i] + " counter comment \"" + std::to_string(i) + "\"\n";
		load(text + "\t\tdrop\n\t}\n}");
	}
	static void send_udp4() {
		ends_well(send_over_loopback(0, 160, kEcho, [](unsigned i) {
			return Datagram{INADDR_LOOPBACK + i % 8, kFirstPort + i / 8};
		}));
	}
	static void send_udp6() {
		const int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		for (unsigned port = kFirstPort; port < kFirstPort + 5; port++) {
			sockaddr_in6 to{};
			to.sin6_family = AF_INET6;
			to.sin6_addr = in6addr_loopback;
			to.sin6_port = htons(static_cast<uint16_t>(port));
			EXPECT_EQ(sendto(s, "x", 1, 0, reinterpret_cast<const sockaddr *>(&to), sizeof(to)), 1);
		}
		close(s);
	}
	// One SYN each: it is closed before it would be sent again.
	static void send_tcp() {
		for (unsigned port = kFirstPort; port < kFirstPort + 5; port++) {
			const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
			const sockaddr_in to = address(INADDR_LOOPBACK, port);
			EXPECT_EQ(connect(s, reinterpret_cast<const sockaddr *>(&to), sizeof(to)), -1);
			close(s);
		}
	}
	static void send_icmp() {
		const int four = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
		for (const uint8_t code : {0, 3, 3}) {
			icmphdr echo{};
			echo.type = ICMP_ECHO;
			echo.code = code;
			echo.checksum = htons(static_cast<uint16_t>(~(ICMP_ECHO << 8 | code)));
			const sockaddr_in to = address(INADDR_LOOPBACK, 0);
			EXPECT_EQ(sendto(four, &echo, sizeof(echo), 0, reinterpret_cast<const sockaddr *>(&to),
			                 sizeof(to)),
			          static_cast<ssize_t>(sizeof(echo)));
		}
		close(four);
		const int six = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
		icmp6_hdr echo{};
		echo.icmp6_type = ICMP6_ECHO_REQUEST;
		sockaddr_in6 to{};
		to.sin6_family = AF_INET6;
		to.sin6_addr = in6addr_loopback;
		for (int i = 0; i < 2; i++)
			EXPECT_EQ(sendto(six, &echo, sizeof(echo), 0, reinterpret_cast<const sockaddr *>(&to),
			                 sizeof(to)),
			          static_cast<ssize_t>(sizeof(echo)));
		close(six);
	}
};

TEST_F(WhyMatch, FindsWhatACounterCounts) {
	load_counters();
	auto recorder = record();
	send_udp4();
	send_udp6();
	send_tcp();
	send_icmp();
	usleep(300'000);
	EXPECT_EQ(recorder->finish(SIGTERM).status, 0);
	const auto truth = counters_by_comment();
	ASSERT_EQ(truth.size(), kAsked.size());
	for (const auto &[i, packets] : truth) {
		const Finished f = run(
		        {"sh", "-c",
		         nft_drops() + " why --database " + database() + " -j --since 12h " +
		                 (kAsked[i].find_first_of("{!&\"<>") == std::string::npos ? kAsked[i]
		                                                                          : "'" + kAsked[i] + "'")});
		ASSERT_EQ(f.status, 0) << kAsked[i] << "\n" << f.err;
		uint64_t found = 0;
		for (const json &line : json_lines(f.out))
			if (line.contains("packets")) found += line.at("packets").get<uint64_t>();
		EXPECT_EQ(found, packets) << kAsked[i];
	}
	// But for what lo cannot have, none is trivial.
	for (const auto &[i, packets] : truth) {
		const bool none = kAsked[i] == "ip daddr != 127.0.0.1" || kAsked[i] == "iifname != \"lo\"";
		EXPECT_EQ(packets == 0, none) << kAsked[i];
	}
}

} // namespace
} // namespace nft_drops::guest
