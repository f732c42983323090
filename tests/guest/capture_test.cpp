// SPDX-License-Identifier: GPL-2.0-only
// `monitor -w`: capture files. The truth is what the test sent, byte for byte, and the text of the same run.
//
// The captures of EqualsTheTextOfTheSameRun stay in /tmp (NFT_DROPS_CAPTURES), so that tests/vm/check-capture can show
// them to Wireshark's programs.
//
// The file has more than 500 lines because its tests share the senders of packets and the readers of captures.
#include "abilities.h"
#include "running.h"
#include "tests/pcapng/reader.h"
#include "topology.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using nlohmann::json;
using pcapng_test::Capture;
using pcapng_test::read_capture;
using pcapng_test::ReadPacket;

std::string captures() {
	const char *folder = getenv("NFT_DROPS_CAPTURES");
	if (!folder) return "/tmp";
	mkdir(folder, 0755);
	return folder;
}

// What a datagram of the test holds: no two stretches of it are alike.
std::string pattern(size_t size) {
	std::string bytes(size, '\0');
	for (size_t i = 0; i < size; i++)
		bytes[i] = static_cast<char>(i * 7 + i / 251 + i / 65000 * 3);
	return bytes;
}

// A datagram from here to an address.
void send_pattern(const std::string &to, uint16_t port, size_t size) {
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ASSERT_GE(fd, 0);
	sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
	inet_pton(AF_INET, to.c_str(), &address.sin_addr);
	const std::string bytes = pattern(size);
	const ssize_t n = sendto(fd, bytes.data(), size, 0, reinterpret_cast<sockaddr *>(&address), sizeof(address));
	EXPECT_TRUE(n == static_cast<ssize_t>(size) || errno == EPERM) << strerror(errno);
	close(fd);
}

bool wait_until(const std::function<bool()> &is_so) {
	for (int i = 0; i < 300; i++) {
		if (is_so()) return true;
		usleep(100'000);
	}
	return false;
}

// Hooks of every family, each with a port of its own; egress where the kernel has it (Linux 5.16).
constexpr const char *kRules = R"(
table inet hooks {
	chain prerouting { type filter hook prerouting priority 0; udp dport 7001 drop comment "inet prerouting"; }
	chain input { type filter hook input priority 0; udp dport 7002 drop; udp dport 7012 jump deeper; }
	chain deeper { udp dport 7012 drop comment "with 'quotes' and ünïcödé"; }
	chain forward { type filter hook forward priority 0; udp dport 7003 drop; }
	chain output { type filter hook output priority 0; udp dport 7004 drop; }
	chain postrouting { type filter hook postrouting priority 0; udp dport { 7005, 7015 } drop; }
	chain ingress { type filter hook ingress device l0 priority 0; udp dport 7006 drop; }
}
table ip four {
	chain rest { type filter hook input priority 10; policy drop; udp dport != 7020 accept; }
}
table ip6 six {
	chain input { type filter hook input priority 10; udp dport 7021 drop; }
	chain output { type filter hook output priority 10; udp dport 7022 drop; }
}
table arp arps {
	chain input { type filter hook input priority 0; arp daddr ip 10.1.0.77 drop; }
	chain output { type filter hook output priority 0; arp daddr ip 10.1.0.88 drop; }
}
table bridge bridges {
	chain prerouting { type filter hook prerouting priority 0; udp dport 7031 drop; }
	chain input { type filter hook input priority 0; udp dport 7032 drop; }
	chain forward { type filter hook forward priority 0; udp dport 7033 drop; }
	chain output { type filter hook output priority 0; udp dport 7034 drop; }
	chain postrouting { type filter hook postrouting priority 0; udp dport 7035 drop; }
}
table netdev ports {
	chain ingress { type filter hook ingress device l0 priority 10; udp dport 7041 drop; ether type 0x88b5 drop; vlan id 5 drop; }
}
)";
constexpr const char *kEgress = R"(
table netdev out {
	chain egress { type filter hook egress device l0 priority 0; udp dport 7042 drop; }
}
)";

// An Ethernet frame from left to home.
std::vector<uint8_t> frame_of(std::initializer_list<int> behind_addresses, size_t payload) {
	std::vector<uint8_t> bytes = {2, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0, 0x20};
	for (const int b : behind_addresses)
		bytes.push_back(static_cast<uint8_t>(b));
	for (size_t i = 0; i < payload; i++)
		bytes.push_back(static_cast<uint8_t>(i));
	return bytes;
}

struct Sent {
	size_t drops = 0;
	std::vector<std::string> frames; // that must be in the capture as they are
};

Sent send_all(Topology &net, bool egress) {
	Sent sent;
	const auto udp = [&](const char *from, const char *to, uint16_t port) {
		net.udp(from, to, port);
		sent.drops++;
	};
	udp("left", "10.1.0.1", 7001);
	udp("left", "fd01::1", 7001);
	udp("left", "10.1.0.1", 7002);
	udp("left", "fd01::1", 7002);
	udp("left", "10.1.0.1", 7012);
	udp("home", "127.0.0.1", 7002);
	udp("left", "10.2.0.2", 7003);
	udp("left", "fd02::2", 7003);
	udp("home", "10.1.0.2", 7004);
	udp("home", "fd01::2", 7004);
	udp("home", "10.1.0.2", 7005);
	udp("left", "10.2.0.2", 7015); // forwarded: its link header is that of l0
	udp("left", "10.1.0.1", 7006);
	udp("left", "10.1.0.1", 7020);
	udp("left", "fd01::1", 7021);
	udp("home", "fd01::2", 7022);
	udp("one", "10.3.0.3", 7031);
	udp("one", "10.3.0.1", 7032);
	udp("one", "10.3.0.3", 7033);
	udp("home", "10.3.0.3", 7034);
	udp("one", "10.3.0.3", 7035);
	udp("left", "10.1.0.1", 7041);
	if (egress) udp("home", "10.1.0.2", 7042);
	net.arp_request("10.1.0.77");
	sent.drops++;
	for (const auto &frame :
	     {frame_of({0x88, 0xb5}, 46),                         // no IP
	      frame_of({0x81, 0x00, 0x60, 0x05, 0x88, 0xb5}, 60), // a tag, which the kernel takes out
	      frame_of({0x88, 0xb5}, 200)}) {
		net.frame("left", frame);
		sent.frames.emplace_back(frame.begin(), frame.end());
		sent.drops++;
	}
	return sent;
}

std::string after_first_word(const std::string &line) {
	return line.substr(line.find(' ') + 1);
}

// Bytes in front of the network header, as the link type has it.
size_t link_bytes(const Capture &capture, const ReadPacket &packet) {
	if (capture.interfaces[packet.interface].link_type != 1) return 0;
	if (packet.bytes.size() < 14) return 14; // cut by the snap length
	const auto at = [&](size_t i) { return static_cast<uint8_t>(packet.bytes.at(i)); };
	return at(12) == 0x81 && at(13) == 0x00 ? 18 : 14;
}

TEST(Capture, EqualsTheTextOfTheSameRun) {
	const Leftovers before = leftovers();
	Topology net;
	std::ofstream("/tmp/rules") << kRules;
	shell("nft -f /tmp/rules");
	std::ofstream("/tmp/egress") << kEgress;
	const bool egress = run({"nft", "-f", "/tmp/egress"}).status == 0;
	const std::string of_json = captures() + "/json.pcapng", of_line = captures() + "/line.pcapng",
	                  raw = captures() + "/raw.pcapng";
	Monitor as_json({"-w", of_json, "-j", "--snaplen", "1514"});
	Monitor as_line({"-w", of_line, "--format", "line", "--path"});
	Monitor as_raw({"-w", raw, "--linktype", "raw", "--all-netns"});
	const Sent sent = send_all(net, egress);
	// An ARP request of our own for a neighbour that nobody has.
	shell("ip neigh flush dev l0 to 10.1.0.88 || true; ping -c 1 -W 1 10.1.0.88 || true");
	EXPECT_TRUE(as_json.wait_for_lines(sent.drops + 1));
	EXPECT_TRUE(as_line.wait_for_lines(sent.drops + 1));
	const Finished json_end = as_json.finish(SIGTERM), line_end = as_line.finish(SIGTERM),
	               raw_end = as_raw.finish(SIGTERM);
	EXPECT_EQ(json_end.status, 0) << json_end.err;
	EXPECT_EQ(raw_end.out, "");
	std::ofstream(captures() + "/drops.json") << json_end.out;

	const Capture by_json = read_capture(contents(of_json)), by_line = read_capture(contents(of_line));
	ASSERT_EQ(by_json.error, "");
	ASSERT_EQ(by_line.error, "");
	const auto lines = lines_of(line_end.out);
	const auto objects = json_lines(json_end.out);
	EXPECT_GT(lines.size(), sent.drops);
	ASSERT_EQ(by_line.packets.size(), lines.size()) << line_end.err;
	ASSERT_EQ(by_json.packets.size(), objects.size()) << json_end.err;
	for (size_t i = 0; i < lines.size(); i++)
		EXPECT_EQ(by_line.packets[i].comment.value_or(""), after_first_word(lines[i]));

	std::set<uint16_t> types;
	for (size_t i = 0; i < objects.size(); i++) {
		const json &drop = objects[i];
		const ReadPacket &packet = by_json.packets[i];
		const auto &interface = by_json.interfaces[packet.interface];
		SCOPED_TRACE(drop.dump());
		types.insert(interface.link_type);
		EXPECT_EQ(packet.original_length, drop["length"].get<size_t>() + link_bytes(by_json, packet));
		EXPECT_EQ(packet.bytes.size(), packet.original_length);
		const auto is = [&](const char *device) { return drop[device] == json(interface.name); };
		EXPECT_TRUE(is("iif") || is("oif")) << interface.name;
		EXPECT_NE(interface.description.find(std::to_string(drop["netns"].get<uint64_t>())), std::string::npos);
		const std::string fraction = drop["time"].get<std::string>().substr(20, 6);
		EXPECT_EQ(packet.time / 1000 % 1'000'000, std::stoull(fraction));
		const std::string hook = drop["hook"].is_string() ? drop["hook"] : "";
		if (hook == "input" || hook == "prerouting" || hook == "ingress") {
			EXPECT_EQ(packet.flags, 1U);
		}
		if (hook == "output" || hook == "egress") {
			EXPECT_EQ(packet.flags, 2U);
		}
	}
	EXPECT_EQ(types, (std::set<uint16_t>{1, 101}));
	for (const std::string &frame : sent.frames) {
		EXPECT_EQ(std::ranges::count(by_json.packets, frame, &ReadPacket::bytes), 1) << frame.size();
	}
	// A forwarded packet keeps the link header that it came with, and that device's interface.
	const auto forwarded = std::ranges::find_if(
	        objects, [](const json &drop) { return drop["packet"].value("dport", 0) == 7015; });
	ASSERT_NE(forwarded, objects.end());
	const ReadPacket &passed = by_json.packets[static_cast<size_t>(forwarded - objects.begin())];
	EXPECT_EQ(by_json.interfaces[passed.interface].name, "l0");
	EXPECT_EQ(passed.flags, 1U);
	// Statistics.
	ASSERT_FALSE(by_json.statistics.empty());
	EXPECT_EQ(by_json.statistics.size(), by_json.interfaces.size());
	EXPECT_EQ(by_json.statistics[0].dropped, 0U);
	// IP alone.
	const Capture by_raw = read_capture(contents(raw));
	ASSERT_EQ(by_raw.error, "");
	for (const auto &interface : by_raw.interfaces)
		EXPECT_EQ(interface.link_type, 101);
	for (const ReadPacket &packet : by_raw.packets) {
		const int version = static_cast<uint8_t>(packet.bytes.at(0)) >> 4;
		EXPECT_TRUE(version == 4 || version == 6) << version;
	}
	EXPECT_GE(by_raw.packets.size(), sent.drops - sent.frames.size() - 1);
	EXPECT_TRUE(become(before));
}

struct Big {
	uint32_t snaplen;
	size_t size; // of the datagram's payload
};

// Over lo: page fragments. Over a veth with conntrack: fragments that are put together to a list of skbs.
TEST(Capture, BytesOutsideOfTheLinearPart) {
	Topology net;
	shell("nft -f - <<'END'\ntable inet t {\n"
	      "chain early { type filter hook prerouting priority -300; ct state new accept; }\n"
	      "chain input { type filter hook input priority 0; udp dport 7000 drop; }\n}\nEND");
	shell("ip link set lo up; ip link set lo mtu 65536");
	for (const Big &big :
	     {Big{262144, 60000}, Big{262144, 20000}, Big{65536, 60000}, Big{256, 60000}, Big{1514, 30000},
	      Big{5000, 60000}, Big{20000, 9000}, Big{1, 60000}, Big{1, 10}, Big{262144, 10}}) {
		SCOPED_TRACE(std::to_string(big.snaplen) + " bytes of " + std::to_string(big.size));
		const std::string file = "/tmp/big.pcapng";
		Monitor monitor({"-w", file, "-j", "--snaplen", std::to_string(big.snaplen)});
		send_pattern("127.0.0.1", 7000, big.size);
		EXPECT_TRUE(monitor.wait_for_lines(1));
		monitor.finish(SIGTERM);
		const Capture capture = read_capture(contents(file));
		ASSERT_EQ(capture.error, "");
		ASSERT_EQ(capture.packets.size(), 1U);
		const ReadPacket &packet = capture.packets[0];
		const size_t headers = link_bytes(capture, packet) + 28;
		EXPECT_EQ(packet.original_length, headers + big.size);
		ASSERT_EQ(packet.bytes.size(), std::min<size_t>(big.snaplen, headers + big.size)) << *packet.comment;
		if (packet.bytes.size() > headers) {
			EXPECT_TRUE(packet.bytes.substr(headers) == pattern(packet.bytes.size() - headers));
		}
		EXPECT_EQ(packet.comment->find("# cut"), std::string::npos) << *packet.comment;
	}
	// Fragments from left, put together at home.
	const std::string file = "/tmp/list.pcapng";
	Monitor monitor({"-w", file, "-j", "--snaplen", "65536"});
	net.udp("left", "10.1.0.1", 7000, 20000);
	EXPECT_TRUE(monitor.wait_for_lines(1));
	monitor.finish(SIGTERM);
	const Capture capture = read_capture(contents(file));
	ASSERT_EQ(capture.error, "");
	ASSERT_GE(capture.packets.size(), 1U);
	const ReadPacket &packet = capture.packets.back();
	ASSERT_EQ(packet.bytes.size(), 14 + 28 + 20000U) << *packet.comment;
	EXPECT_TRUE(packet.bytes.substr(42) == std::string(20000, 'x'));
}

// TCP hands the kernel segments of up to 64 KB, which it would only split at the device.
TEST(Capture, SegmentsOfTcp) {
	Topology net;
	shell("ip link set lo up; ip link set lo mtu 65536");
	shell("nft -f - <<'END'\ntable inet t {\n"
	      "chain input { type filter hook input priority 0; tcp dport 7000 meta length > 30000 drop; }\n}\nEND");
	const std::string file = "/tmp/tcp.pcapng";
	Monitor monitor({"-w", file, "-j", "--snaplen", "262144"});
	const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	          client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_TRUE(server >= 0 && client >= 0);
	sockaddr_in address{
	        .sin_family = AF_INET, .sin_port = htons(7000), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
	ASSERT_EQ(bind(server, reinterpret_cast<sockaddr *>(&address), sizeof(address)), 0);
	ASSERT_EQ(listen(server, 1), 0);
	ASSERT_EQ(connect(client, reinterpret_cast<sockaddr *>(&address), sizeof(address)), 0);
	const std::string bytes = pattern(400000);
	EXPECT_GT(send(client, bytes.data(), bytes.size(), MSG_DONTWAIT), 0);
	EXPECT_TRUE(monitor.wait_for_lines(1));
	monitor.finish(SIGTERM);
	close(client);
	close(server);
	const Capture capture = read_capture(contents(file));
	ASSERT_EQ(capture.error, "");
	ASSERT_FALSE(capture.packets.empty());
	for (const ReadPacket &packet : capture.packets) {
		ASSERT_GT(packet.bytes.size(), 30000U) << *packet.comment;
		EXPECT_EQ(packet.bytes.size(), packet.original_length);
		const size_t header = 14 + 20;
		const size_t data =
		        header + static_cast<size_t>(static_cast<uint8_t>(packet.bytes[header + 12]) >> 4) * 4;
		EXPECT_NE(bytes.find(packet.bytes.substr(data)), std::string::npos);
	}
}

TEST(Capture, AReaderAtThePipeSeesEachPacketAtOnce) {
	Topology net;
	shell("nft add table inet t; nft add chain inet t i '{ type filter hook input priority 0; }'; "
	      "nft add rule inet t i udp dport 7000 drop");
	Running reader({"sh", "-c", nft_drops() + " monitor -w - --count 3 | cat >/tmp/live.pcapng"});
	ASSERT_TRUE(reader.wait_for("nft-drops: monitoring"));
	for (size_t i = 1; i <= 3; i++) {
		net.udp("left", "10.1.0.1", 7000);
		EXPECT_TRUE(wait_until([&] { return read_capture(contents("/tmp/live.pcapng")).packets.size() == i; }));
	}
	EXPECT_EQ(reader.wait().status, 0);
	const Capture capture = read_capture(contents("/tmp/live.pcapng"));
	EXPECT_EQ(capture.error, "");
	EXPECT_FALSE(capture.statistics.empty());
}

// Wireshark's own program, where the machine has it: each packet at once, with its comment.
TEST(Capture, TsharkReadsThePipe) {
	if (run({"sh", "-c", "command -v tshark"}).status != 0) GTEST_SKIP() << "no tshark here";
	Topology net;
	shell("nft add table inet t; nft add chain inet t i '{ type filter hook input priority 0; }'; "
	      "nft add rule inet t i udp dport 7000 drop");
	Running reader(
	        {"sh", "-c",
	         nft_drops() +
	                 " monitor -w - --count 2 | tshark -l -n -r - -T fields -e udp.dstport -e frame.comment"});
	ASSERT_TRUE(reader.wait_for("nft-drops: monitoring"));
	net.udp("left", "10.1.0.1", 7000);
	EXPECT_TRUE(reader.wait_for_lines(1, "7000\tinet t i handle 2 \"udp dport 7000 drop\" iif \"l0\""))
	        << reader.err();
	EXPECT_TRUE(lines_of(reader.out()).size() == 1) << reader.out();
	net.udp("left", "10.1.0.1", 7000);
	EXPECT_EQ(reader.wait().status, 0);
	EXPECT_EQ(lines_of(reader.out()).size(), 2U);
}

// The interface in Wireshark's list, used as Wireshark does.
TEST(Capture, TsharkCapturesByTheInterface) {
	if (run({"sh", "-c", "command -v tshark"}).status != 0) GTEST_SKIP() << "no tshark here";
	EXPECT_NE(shell("tshark -D").find("nft-drops (nftables drops)"), std::string::npos);
	Topology net;
	shell("nft add table inet t; nft add chain inet t i '{ type filter hook input priority 0; }'; "
	      "nft add rule inet t i udp dport 7000-7009 drop");
	Running capture({"tshark",
	                 "-n",
	                 "-l",
	                 "-i",
	                 "nft-drops",
	                 "-c",
	                 "3",
	                 "-o",
	                 "extcap.nft_drops.match:udp dport { 7000, 7001 }",
	                 "-o",
	                 "extcap.nft_drops.snaplen:60",
	                 "-T",
	                 "fields",
	                 "-e",
	                 "udp.dstport",
	                 "-e",
	                 "frame.cap_len",
	                 "-e",
	                 "frame.interface_name",
	                 "-e",
	                 "frame.comment"});
	EXPECT_TRUE(wait_until([&] {
		net.udp("left", "10.1.0.1", 7002, 100); // not asked for
		net.udp("left", "10.1.0.1", 7001, 100);
		usleep(400'000);
		return !capture.out().empty();
	})) << capture.err();
	net.udp("left", "10.1.0.1", 7000, 100);
	net.udp("left", "10.1.0.1", 7001, 100);
	EXPECT_EQ(capture.wait().status, 0) << capture.err();
	const auto lines = lines_of(capture.out());
	EXPECT_EQ(lines.size(), 3U);
	for (const std::string &line : lines) {
		EXPECT_TRUE(line.starts_with("7000\t60\tl0\tinet t i handle 2 ") ||
		            line.starts_with("7001\t60\tl0\tinet t i handle 2 "))
		        << line;
	}
	EXPECT_TRUE(programs_end()) << testing::PrintToString(programs_alive());
}

// As much as can be asked for at once: the verifier takes it.
TEST(Capture, TheLargestProbesLoad) {
	Topology net;
	shell("nft add table inet t; nft add chain inet t i '{ type filter hook input priority 0; }'; "
	      "nft add rule inet t i udp dport 7000 drop");
	std::vector<std::vector<std::string>> probes = {
	        {"--path", "--snaplen", "262144", "--all-netns"},
	        {"--snaplen", "262144", "udp", "dport", "{", "7000,", "7001", "}", "ip", "saddr", "10.1.0.0/16"},
	};
	if (tells_netfilter_drops()) probes.push_back({"--path", "--snaplen", "262144", "--audit"});
	for (const auto &options : probes) {
		SCOPED_TRACE(testing::PrintToString(options));
		std::vector<std::string> all = {"-w", "/tmp/probes.pcapng", "-j"};
		all.insert(all.end(), options.begin(), options.end());
		Monitor monitor(all);
		net.udp("left", "10.1.0.1", 7000, 1000);
		EXPECT_TRUE(monitor.wait_for_lines(1));
		monitor.finish(SIGTERM);
		const Capture capture = read_capture(contents("/tmp/probes.pcapng"));
		EXPECT_EQ(capture.error, "");
		ASSERT_EQ(capture.packets.size(), 1U);
		EXPECT_EQ(capture.packets[0].bytes.size(), 14 + 28 + 1000U);
	}
}

TEST(Capture, OfAKilledWriterIsReadable) {
	Topology net;
	shell("nft add table inet t; nft add chain inet t i '{ type filter hook input priority 0; }'; "
	      "nft add rule inet t i udp dport 7000 drop");
	Monitor monitor({"-w", "/tmp/killed.pcapng"});
	for (int i = 0; i < 20; i++)
		net.udp("left", "10.1.0.1", 7000);
	EXPECT_TRUE(wait_until([] { return read_capture(contents("/tmp/killed.pcapng")).packets.size() == 20; }));
	monitor.finish(SIGKILL);
	const Capture capture = read_capture(contents("/tmp/killed.pcapng"));
	EXPECT_EQ(capture.error, "");
	EXPECT_EQ(capture.packets.size(), 20U);
}

TEST(Capture, WhereNothingCanBeWrittenNothingStarts) {
	const Leftovers before = leftovers();
	shell("rm -rf /tmp/ro; mkdir /tmp/ro; rm -f /tmp/nobody; mkfifo /tmp/nobody; "
	      "mkdir -p /tmp/readonly; mount -t tmpfs -o ro tmpfs /tmp/readonly");
	for (const char *file : {"/tmp/ro", "/nonexistent/x.pcapng", "/tmp/nobody", "/tmp/readonly/x"}) {
		const Finished end = run({nft_drops(), "monitor", "-w", file});
		EXPECT_EQ(end.status, 1) << file;
		EXPECT_EQ(end.out, "");
		EXPECT_EQ(lines_of(end.err).size(), 1U) << end.err;
		EXPECT_TRUE(end.err.starts_with(std::string("nft-drops: -w ") + file)) << end.err;
	}
	// What was there stays, and nothing new is left, where something else is wrong.
	std::ofstream("/tmp/precious") << "precious";
	EXPECT_EQ(run({nft_drops(), "monitor", "-w", "/tmp/precious", "--netns", "nosuch"}).status, 1);
	EXPECT_EQ(contents("/tmp/precious"), "precious");
	EXPECT_EQ(run({nft_drops(), "monitor", "-w", "/tmp/new", "--netns", "nosuch"}).status, 1);
	EXPECT_NE(access("/tmp/new", F_OK), 0);
	shell("umount /tmp/readonly");
	EXPECT_TRUE(become(before));
}

TEST(Capture, AFullDiskIsToldAndTheRestGoesOn) {
	Topology net;
	shell("nft add table inet t; nft add chain inet t i '{ type filter hook input priority 0; }'; "
	      "nft add rule inet t i udp dport 7000 drop");
	shell("mkdir -p /tmp/small; mount -t tmpfs -o size=64k tmpfs /tmp/small");
	Monitor monitor({"-w", "/tmp/small/full.pcapng", "--format", "line"});
	constexpr size_t kMany = 1000;
	for (size_t i = 0; i < kMany; i++)
		net.udp("left", "10.1.0.1", 7000, 200);
	EXPECT_TRUE(monitor.wait_for("No space left on device"));
	const Finished end = monitor.finish(SIGTERM);
	EXPECT_EQ(end.status, 0) << end.err;
	EXPECT_NE(end.err.find("nft-drops: " + std::to_string(kMany) + " drops"), std::string::npos) << end.err;
	const Capture capture = read_capture(contents("/tmp/small/full.pcapng"));
	EXPECT_EQ(capture.error, "");
	EXPECT_EQ(capture.left_over, 0U);
	EXPECT_GT(capture.packets.size(), 50U);
	EXPECT_LT(capture.packets.size(), kMany);
	EXPECT_NE(end.err.find(std::to_string(kMany - capture.packets.size()) + " drops are not in it"),
	          std::string::npos)
	        << end.err << capture.packets.size();
	shell("umount /tmp/small");
}

TEST(Capture, HostileNames) {
	Topology net;
	shell("d=\"$(printf 'a\"b\\\\\\\\\\377\\001$')\"; ip link add dev \"$d\" type veth peer name quiet; "
	      "ip link set quiet up; ip link set \"$d\" up; ip addr add 10.9.0.1/24 dev \"$d\"");
	std::ofstream("/tmp/hostile")
	        << "table inet t { chain o { type filter hook output priority 0; udp dport 7000 drop "
	        << "comment \"x\x1b[31m\xff\x01 '# cut: \xc3\xbc\ny\"; }; }\n";
	shell("nft -f /tmp/hostile");
	Monitor monitor({"-w", "/tmp/hostile.pcapng", "--format", "line"});
	net.udp("home", "10.9.0.2", 7000);
	EXPECT_TRUE(monitor.wait_for_lines(1));
	const Finished end = monitor.finish(SIGTERM);
	const Capture capture = read_capture(contents("/tmp/hostile.pcapng"));
	ASSERT_EQ(capture.error, "");
	ASSERT_EQ(capture.packets.size(), 1U);
	EXPECT_EQ(capture.packets[0].comment, after_first_word(lines_of(end.out).at(0)));
	EXPECT_NE(capture.interfaces.at(0).name.find("\\xff\\x01"), std::string::npos) << capture.interfaces[0].name;
}

} // namespace
} // namespace nft_drops::guest
