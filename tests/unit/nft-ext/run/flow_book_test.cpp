// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/run/flow_book.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>
#include <string>

using namespace nft_drops;
using namespace nft_drops::cli;

namespace {

constexpr uint64_t kSecond = 1'000'000'000;

void put_address(const std::string &text, uint8_t (&to)[16]) {
	memset(to, 0, sizeof(to));
	ASSERT_EQ(inet_pton(text.find(':') == std::string::npos ? AF_INET : AF_INET6, text.c_str(), to), 1) << text;
}

Address address(const std::string &text) {
	Address a;
	a.size = text.find(':') == std::string::npos ? 4 : 16;
	EXPECT_EQ(inet_pton(a.size == 4 ? AF_INET : AF_INET6, text.c_str(), a.bytes.data()), 1) << text;
	return a;
}

struct Ends {
	std::string local;
	uint16_t local_port;
	std::string remote;
	uint16_t remote_port;
	uint8_t protocol = IPPROTO_TCP;
};

nd_socket_record record(nd_socket_record_kind kind, const Ends &ends, uint64_t time = kSecond, uint64_t cookie = 1) {
	nd_socket_record r{};
	r.time_ns = time;
	r.cookie = cookie;
	r.kind = kind;
	r.flow.ip = (ends.local + ends.remote).find(':') == std::string::npos ? 4 : 6;
	r.flow.protocol = ends.protocol;
	r.flow.local_port = ends.local_port;
	r.flow.remote_port = ends.remote_port;
	if (!ends.local.empty()) put_address(ends.local, r.flow.local);
	if (!ends.remote.empty()) put_address(ends.remote, r.flow.remote);
	return r;
}

nd_socket_record closed(uint64_t cookie, uint64_t time) {
	nd_socket_record r{};
	r.time_ns = time;
	r.cookie = cookie;
	r.kind = ND_SOCKET_CLOSED;
	return r;
}

Packet packet(const std::string &from, uint16_t sport, const std::string &to, uint16_t dport,
              uint8_t protocol = IPPROTO_TCP) {
	Packet p;
	p.saddr = address(from);
	p.daddr = address(to);
	p.l3 = p.saddr.size == 4 ? L3::kIp : L3::kIp6;
	p.protocol = protocol;
	p.sport = sport;
	p.dport = dport;
	return p;
}

nd_event event(uint8_t hook = NF_INET_LOCAL_IN, uint64_t time = 2 * kSecond) {
	nd_event e{};
	e.time_ns = time;
	e.pf = NFPROTO_IPV4;
	e.hook = hook;
	return e;
}

class FlowBookTest : public testing::Test {
protected:
	[[nodiscard]] bool concerns(const Packet &p, const nd_event &e = event()) const { return book_.concerns(e, p); }
	FlowBook book_{[](const Address &a) { return a.size == 4 && a.bytes[0] == 10; }};
};

TEST_F(FlowBookTest, APacketOfOnesOwnSocketNeedsNoFlow) {
	nd_event own = event(NF_INET_LOCAL_OUT);
	EXPECT_FALSE(concerns(packet("10.0.0.1", 5, "192.0.2.1", 443), own));
	own.of_group = 1;
	EXPECT_TRUE(concerns(packet("10.0.0.1", 5, "192.0.2.1", 443), own));
}

TEST_F(FlowBookTest, BothDirectionsOfAFlowAndNothingBeside) {
	book_.add(record(ND_SOCKET_SENT, {"10.0.0.1", 5000, "192.0.2.1", 443}));
	EXPECT_TRUE(concerns(packet("192.0.2.1", 443, "10.0.0.1", 5000)));
	EXPECT_TRUE(concerns(packet("10.0.0.1", 5000, "192.0.2.1", 443)));
	EXPECT_FALSE(concerns(packet("192.0.2.1", 443, "10.0.0.1", 5001)));
	EXPECT_FALSE(concerns(packet("192.0.2.2", 443, "10.0.0.1", 5000)));
	EXPECT_FALSE(concerns(packet("192.0.2.1", 443, "10.0.0.2", 5000)));
	EXPECT_FALSE(concerns(packet("192.0.2.1", 444, "10.0.0.1", 5000)));
	EXPECT_FALSE(concerns(packet("192.0.2.1", 443, "10.0.0.1", 5000, IPPROTO_UDP)));
	// The ends exchanged, but not the ports.
	EXPECT_FALSE(concerns(packet("192.0.2.1", 5000, "10.0.0.1", 443)));
}

TEST_F(FlowBookTest, Ip6AndMappedAddresses) {
	book_.add(record(ND_SOCKET_SENT, {"fd01::1", 5000, "fd01::2", 53, IPPROTO_UDP}));
	EXPECT_TRUE(concerns(packet("fd01::2", 53, "fd01::1", 5000, IPPROTO_UDP)));
	EXPECT_FALSE(concerns(packet("fd01::3", 53, "fd01::1", 5000, IPPROTO_UDP)));
	book_.add(record(ND_SOCKET_SENDS_TO, {"", 6000, "::ffff:192.0.2.1", 53, IPPROTO_UDP}));
	EXPECT_TRUE(concerns(packet("192.0.2.1", 53, "10.0.0.1", 6000, IPPROTO_UDP)));
}

TEST_F(FlowBookTest, KeptForFiveSecondsAfterItsSocketAndItsLastPacket) {
	const Ends ends{"10.0.0.1", 5000, "192.0.2.1", 443};
	const Packet answer = packet("192.0.2.1", 443, "10.0.0.1", 5000);
	book_.add(record(ND_SOCKET_SENT, ends, 10 * kSecond));
	EXPECT_FALSE(concerns(answer, event(NF_INET_LOCAL_IN, 10 * kSecond - 1))) << "in front of the flow";
	EXPECT_TRUE(concerns(answer, event(NF_INET_LOCAL_IN, 1000 * kSecond))) << "the socket is open";
	book_.add(closed(1, 20 * kSecond));
	EXPECT_TRUE(concerns(answer, event(NF_INET_LOCAL_IN, 25 * kSecond)));
	EXPECT_FALSE(concerns(answer, event(NF_INET_LOCAL_IN, 25 * kSecond + 1)));
	// A closed TCP socket still sends.
	book_.add(record(ND_SOCKET_SENT, ends, 22 * kSecond));
	EXPECT_TRUE(concerns(answer, event(NF_INET_LOCAL_IN, 27 * kSecond)));
	EXPECT_FALSE(concerns(answer, event(NF_INET_LOCAL_IN, 27 * kSecond + 1)));
}

TEST_F(FlowBookTest, ABoundPortTakesWhatComesToThisMachineAlone) {
	book_.add(record(ND_SOCKET_BOUND, {"", 4000, "", 0}));
	const Packet syn = packet("192.0.2.7", 999, "10.0.0.1", 4000);
	EXPECT_TRUE(concerns(syn));
	EXPECT_TRUE(concerns(syn, event(NF_INET_PRE_ROUTING))) << "10.0.0.1 is this machine's";
	EXPECT_FALSE(concerns(syn, event(NF_INET_FORWARD)));
	EXPECT_FALSE(concerns(packet("192.0.2.7", 999, "198.51.100.1", 4000), event(NF_INET_PRE_ROUTING)));
	EXPECT_FALSE(concerns(packet("10.0.0.1", 999, "192.0.2.7", 4000), event(NF_INET_LOCAL_OUT)));
	EXPECT_FALSE(concerns(packet("192.0.2.7", 999, "10.0.0.1", 4000, IPPROTO_UDP)));
	EXPECT_FALSE(concerns(packet("192.0.2.7", 4000, "10.0.0.1", 999)));
	book_.add(closed(1, 2 * kSecond));
	EXPECT_TRUE(concerns(syn, event(NF_INET_LOCAL_IN, 7 * kSecond)));
	EXPECT_FALSE(concerns(syn, event(NF_INET_LOCAL_IN, 7 * kSecond + 1)));
}

TEST_F(FlowBookTest, APortOfOneAddress) {
	book_.add(record(ND_SOCKET_BOUND, {"10.0.0.1", 4000, "", 0}));
	EXPECT_TRUE(concerns(packet("192.0.2.7", 999, "10.0.0.1", 4000)));
	EXPECT_FALSE(concerns(packet("192.0.2.7", 999, "10.0.0.2", 4000)));
	book_.add(record(ND_SOCKET_BOUND, {"::", 4001, "", 0}));
	EXPECT_TRUE(concerns(packet("192.0.2.7", 999, "10.0.0.2", 4001))) << "an IPv6 socket takes IPv4, too";
}

TEST_F(FlowBookTest, AnybodyMayAnswerToAnUnconnectedSocket) {
	book_.add(record(ND_SOCKET_SENDS_TO, {"", 6000, "192.0.2.1", 69, IPPROTO_UDP}));
	EXPECT_TRUE(concerns(packet("192.0.2.1", 2048, "10.0.0.1", 6000, IPPROTO_UDP)));
	// The destination in front of NAT, at whatever hook.
	EXPECT_TRUE(concerns(packet("10.0.0.1", 6000, "192.0.2.1", 69, IPPROTO_UDP), event(NF_INET_LOCAL_OUT)));
	EXPECT_FALSE(concerns(packet("10.0.0.1", 6000, "192.0.2.2", 69, IPPROTO_UDP), event(NF_INET_LOCAL_OUT)));
	// Another machine behind this one has chosen the same port.
	EXPECT_FALSE(concerns(packet("198.51.100.1", 6000, "192.0.2.1", 69, IPPROTO_UDP), event(NF_INET_FORWARD)));
	EXPECT_FALSE(concerns(packet("198.51.100.1", 6000, "192.0.2.1", 69, IPPROTO_UDP), event(NF_INET_PRE_ROUTING)));
	EXPECT_FALSE(concerns(packet("192.0.2.1", 69, "198.51.100.1", 6000, IPPROTO_UDP), event(NF_INET_FORWARD)));
}

TEST_F(FlowBookTest, AnEchoByItsIdentifier) {
	book_.add(record(ND_SOCKET_SENT, {"10.0.0.1", 77, "192.0.2.1", 0, IPPROTO_ICMP}));
	Packet reply = packet("192.0.2.1", 0, "10.0.0.1", 0, IPPROTO_ICMP);
	reply.sport.reset();
	reply.dport.reset();
	EXPECT_FALSE(concerns(reply)) << "no echo";
	reply.echo_id = 77;
	EXPECT_TRUE(concerns(reply));
	reply.echo_id = 78;
	EXPECT_FALSE(concerns(reply));
}

TEST_F(FlowBookTest, AnIcmpErrorByThePacketInside) {
	book_.add(record(ND_SOCKET_SENT, {"10.0.0.1", 5000, "192.0.2.1", 33434, IPPROTO_UDP}));
	Packet error = packet("198.51.100.1", 0, "10.0.0.1", 0, IPPROTO_ICMP);
	error.sport.reset();
	error.dport.reset();
	Packet inside = packet("10.0.0.1", 5000, "192.0.2.1", 33434, IPPROTO_UDP);
	inside.is_inside = true;
	error.inside = std::make_shared<Packet>(inside);
	EXPECT_TRUE(concerns(error));
	inside.sport = 5001;
	error.inside = std::make_shared<Packet>(inside);
	EXPECT_FALSE(concerns(error));
}

TEST_F(FlowBookTest, ALaterFragmentHasNoPortsAndIsNobodys) {
	book_.add(record(ND_SOCKET_SENT, {"10.0.0.1", 0, "192.0.2.1", 0, IPPROTO_UDP}));
	Packet later = packet("192.0.2.1", 0, "10.0.0.1", 0, IPPROTO_UDP);
	later.sport.reset();
	later.dport.reset();
	EXPECT_FALSE(concerns(later));
}

TEST_F(FlowBookTest, WaitsForAnAnswerThatNobodyHasReceived) {
	const Ends ends{"10.0.0.1", 5000, "192.0.2.1", 53, IPPROTO_UDP};
	EXPECT_FALSE(book_.waits(0));
	book_.add(record(ND_SOCKET_SENT, ends, 5 * kSecond));
	EXPECT_TRUE(book_.waits(4 * kSecond));
	EXPECT_FALSE(book_.waits(6 * kSecond));
	book_.add(record(ND_SOCKET_RECEIVED, ends, 6 * kSecond));
	EXPECT_FALSE(book_.waits(4 * kSecond));
}

TEST_F(FlowBookTest, TheResolverOfThisMachine) {
	book_.add(record(ND_SOCKET_SENT, {"10.0.0.1", 5000, "192.0.2.1", 53, IPPROTO_UDP}));
	EXPECT_EQ(book_.resolver(), "");
	book_.add(record(ND_SOCKET_SENT, {"127.0.0.1", 5000, "127.0.0.53", 53, IPPROTO_UDP}));
	EXPECT_EQ(book_.resolver(), "127.0.0.53");
}

TEST_F(FlowBookTest, HasRoomForManyAndTellsWhatIsLeftOut) {
	for (uint32_t i = 0; i < FlowBook::kMost + 10; i++) {
		nd_socket_record r = record(ND_SOCKET_SENT, {"10.0.0.1", 0, "192.0.2.1", 443}, kSecond, i + 1);
		r.flow.local_port = static_cast<uint16_t>(i);
		memcpy(r.flow.local + 1, &i, 3);
		book_.add(r);
	}
	EXPECT_EQ(book_.size(), FlowBook::kMost);
	EXPECT_EQ(book_.left_out(), 10U);
	// What has ended makes room.
	for (uint32_t i = 0; i < 1000; i++)
		book_.add(closed(i + 1, 2 * kSecond));
	book_.add(record(ND_SOCKET_SENT, {"10.9.9.9", 1, "192.0.2.9", 443}, 9 * kSecond, 1'000'000));
	EXPECT_EQ(book_.left_out(), 10U);
	EXPECT_EQ(book_.size(), FlowBook::kMost - 999);
	EXPECT_TRUE(concerns(packet("192.0.2.9", 443, "10.9.9.9", 1), event(NF_INET_LOCAL_IN, 9 * kSecond)));
}

} // namespace
