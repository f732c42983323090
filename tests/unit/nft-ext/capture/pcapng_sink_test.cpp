// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/capture/pcapng_sink.h"

#include "packets.h"
#include "tests/pcapng/reader.h"

#include "nft-ext/sinks/line.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>

namespace nft_drops::test {
namespace {

using namespace pcapng;
using pcapng_test::read_capture;
using testing::ElementsAre;
using testing::StartsWith;

std::string content(const std::string &file) {
	std::ifstream in(file, std::ios::binary);
	return {std::istreambuf_iterator<char>(in), {}};
}

// A Drop with the bytes of its packet: Ethernet, IP, UDP.
class Dropped {
public:
	explicit Dropped(uint32_t netns = 4026531840, std::string_view device = "veth0", uint32_t index = 2) {
		const Octets packet = ip(IPPROTO_UDP, udp(1, 2)), all = ether(ETH_P_IP) + packet;
		nd_event event = ip_event(packet);
		event.netns = netns;
		room_.resize((sizeof(nd_capture) + all.size()) / 8 + 1);
		auto *capture = reinterpret_cast<nd_capture *>(room_.data());
		capture->kept = static_cast<nd_u32>(all.size());
		capture->link_bytes = 14;
		capture->ifindex = index;
		capture->dev_type = ARPHRD_ETHER;
		set_name(capture->ifname, device);
		std::memcpy(capture->bytes, all.data(), all.size());
		drop = drop_of(event, rule_answer());
		drop.capture = capture;
	}
	Drop drop;

private:
	std::vector<uint64_t> room_;
};

class PcapngSinkTest : public testing::Test {
protected:
	PcapngSinkTest() {
		char name[] = "/tmp/nft-drops-sink-XXXXXX";
		folder = mkdtemp(name);
		file = folder + "/capture";
	}
	~PcapngSinkTest() override {
		unlink(file.c_str());
		rmdir(folder.c_str());
	}
	PcapngSink sink(LinkTypes types = LinkTypes::kNative) {
		auto opened = CaptureFile::open(file);
		EXPECT_TRUE(opened) << opened.error().message();
		EXPECT_TRUE(opened->begin());
		return {std::move(*opened),
		        {.snaplen = 256,
		         .types = types,
		         .application = "a",
		         .system = "s",
		         .tell = [this](const std::string &line) { told.push_back(line); }}};
	}
	std::vector<std::string> told;
	std::string folder, file;
};

TEST_F(PcapngSinkTest, ADropWithTheLinesWords) {
	PcapngSink out = sink();
	const Dropped d;
	out.take(d.drop);
	out.flush();
	auto capture = read_capture(content(file));
	ASSERT_EQ(capture.error, "");
	ASSERT_EQ(capture.packets.size(), 1U);
	std::string line;
	LineRenderer().drop(d.drop, line);
	line.pop_back();
	EXPECT_EQ(capture.packets[0].comment, line.substr(line.find(' ') + 1));
	EXPECT_EQ(capture.packets[0].bytes.size(), d.drop.capture->kept);
	EXPECT_EQ(capture.packets[0].time / 1000, 1795210811482113U);
	EXPECT_EQ(capture.interfaces.at(0).name, "veth0");
	EXPECT_EQ(capture.interfaces[0].description, "network namespace 4026531840");
	EXPECT_TRUE(capture.statistics.empty());
	out.lost(3);
	out.finish();
	EXPECT_FALSE(out.pending());
	EXPECT_EQ(out.give_up(), 0U);
	capture = read_capture(content(file));
	ASSERT_EQ(capture.statistics.size(), 1U);
	EXPECT_EQ(capture.statistics[0].dropped, 3U);
	EXPECT_EQ(capture.statistics[0].delivered, 1U);
}

TEST_F(PcapngSinkTest, AnInterfaceForEachNamespaceDeviceAndLinkType) {
	PcapngSink out = sink();
	const Dropped one, same, other_device(4026531840, "veth1", 3), other_namespace(77),
	        renamed(4026531840, "eth9", 2);
	Dropped without_header;
	const_cast<nd_capture *>(without_header.drop.capture)->dev_type = ARPHRD_NONE;
	for (const Dropped *d : std::initializer_list<const Dropped *>{&one, &same, &other_device, &other_namespace,
	                                                               &renamed, &without_header, &one})
		out.take(d->drop);
	out.finish();
	const auto capture = read_capture(content(file));
	ASSERT_EQ(capture.error, "");
	std::vector<uint32_t> numbers;
	for (const auto &packet : capture.packets)
		numbers.push_back(packet.interface);
	EXPECT_EQ(numbers, (std::vector<uint32_t>{0, 0, 1, 2, 3, 4, 0}));
	EXPECT_EQ(capture.interfaces.at(4).link_type, 101);
	EXPECT_EQ(capture.statistics.size(), 5U);
}

// libpcap reads a file with several interfaces of LINKTYPE_RAW up to the second one only.
TEST_F(PcapngSinkTest, OfLibpcapsFileAllDevicesAreOneInterface) {
	PcapngSink out = sink(LinkTypes::kRaw);
	const Dropped one, other_device(4026531840, "veth1", 3), other_namespace(77);
	for (const Dropped *d : {&one, &other_device, &other_namespace})
		out.take(d->drop);
	out.finish();
	const auto capture = read_capture(content(file));
	ASSERT_EQ(capture.error, "");
	EXPECT_EQ(capture.packets.size(), 3U);
	ASSERT_EQ(capture.interfaces.size(), 1U);
	EXPECT_EQ(capture.interfaces[0].link_type, 101);
	EXPECT_EQ(capture.interfaces[0].name, "nft-drops");
	if (system("command -v tcpdump >/dev/null") != 0) GTEST_SKIP() << "no tcpdump";
	EXPECT_EQ(system(("tcpdump -n -r " + file + " >/dev/null 2>&1").c_str()), 0);
}

TEST_F(PcapngSinkTest, InterfacesAreBounded) {
	PcapngSink out = sink();
	for (uint32_t i = 1; i <= 5000; i++)
		out.take(Dropped(i, "veth0", i).drop);
	out.finish();
	const auto capture = read_capture(content(file));
	ASSERT_EQ(capture.error, "");
	EXPECT_EQ(capture.packets.size(), 5000U);
	EXPECT_EQ(capture.interfaces.size(), 4097U);
	EXPECT_EQ(capture.interfaces.back().name, "further devices");
}

TEST_F(PcapngSinkTest, WithoutAPacketLossesAreTold) {
	PcapngSink out = sink();
	out.lost(9);
	out.finish();
	const auto capture = read_capture(content(file));
	EXPECT_EQ(capture.error, "");
	ASSERT_EQ(capture.statistics.size(), 1U);
	EXPECT_EQ(capture.statistics[0].dropped, 9U);
}

// RLIMIT_FSIZE stands for a full disk: write(2) writes a part, then fails.
TEST_F(PcapngSinkTest, AFullDiskLeavesAReadableFileAndAnotherSection) {
	signal(SIGXFSZ, SIG_IGN);
	PcapngSink out = sink();
	const Dropped d;
	const auto limit = [](rlim_t bytes) {
		rlimit now{};
		getrlimit(RLIMIT_FSIZE, &now);
		now.rlim_cur = bytes;
		EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &now), 0);
	};
	constexpr size_t kEach = 20;
	limit(3000);
	for (size_t i = 0; i < kEach; i++)
		out.take(d.drop);
	out.flush();
	for (size_t i = 0; i < kEach; i++) {
		out.take(d.drop);
		out.flush();
	}
	limit(RLIM_INFINITY);
	EXPECT_THAT(told, ElementsAre(StartsWith("-w " + file + ": File too large; ")));
	auto capture = read_capture(content(file));
	EXPECT_EQ(capture.error, "");
	EXPECT_EQ(capture.left_over, 0U);
	const size_t before = capture.packets.size();
	EXPECT_GT(before, 5U);
	EXPECT_LT(before, kEach);
	// There is room again.
	for (size_t i = 0; i < kEach; i++)
		out.take(d.drop);
	out.finish();
	capture = read_capture(content(file));
	EXPECT_EQ(capture.error, "");
	EXPECT_EQ(capture.packets.size(), before + kEach);
	EXPECT_EQ(capture.sections, 2U);
	EXPECT_EQ(capture.statistics.at(0).dropped, 2 * kEach - before);
	told.clear();
	EXPECT_EQ(out.give_up(), 0U);
	EXPECT_THAT(told, ElementsAre("-w " + file + ": " + std::to_string(2 * kEach - before) +
	                              " drops are not in it: File too large"));
}

TEST_F(PcapngSinkTest, AReaderThatDoesNotReadIsNotWaitedFor) {
	ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
	const auto nobody = CaptureFile::open(file);
	ASSERT_FALSE(nobody);
	EXPECT_NE(nobody.error().message().find("nobody reads"), std::string::npos);
	const int reader = open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	PcapngSink out = sink();
	const Dropped d;
	constexpr size_t kMany = 40000; // of about 300 bytes: more than the pipe and the backlog hold
	for (size_t i = 0; i < kMany; i++)
		out.take(d.drop);
	EXPECT_TRUE(out.behind());
	EXPECT_TRUE(out.pending());
	out.finish();
	EXPECT_EQ(out.give_up(), 0U);
	// What the pipe holds is the reader's; all else is told.
	std::string taken(1 << 20, '\0');
	taken.resize(static_cast<size_t>(read(reader, taken.data(), taken.size())));
	const size_t whole = read_capture(taken).packets.size();
	EXPECT_GT(whole, 10U);
	EXPECT_THAT(told, ElementsAre("-w " + file + ": " + std::to_string(kMany - whole) +
	                              " drops are not in it: its reader did not take them in time"));
	signal(SIGPIPE, SIG_IGN);
	close(reader);
	out.flush();
	EXPECT_TRUE(out.closed());
	EXPECT_FALSE(out.failed()); // a reader that is gone
	EXPECT_FALSE(out.pending());
}

TEST_F(PcapngSinkTest, ADropWithoutItsPacketIsMissing) {
	PcapngSink out = sink();
	Dropped d;
	out.take(d.drop);
	d.drop.capture = nullptr;
	out.take(d.drop);
	out.lost(2);
	out.not_watched(example_time(), example_time() + std::chrono::milliseconds(1250), "nf_tables was unloaded");
	out.finish();
	out.give_up();
	const auto capture = read_capture(content(file));
	ASSERT_EQ(capture.error, "");
	EXPECT_EQ(capture.packets.size(), 1U);
	ASSERT_EQ(capture.statistics.size(), 1U);
	EXPECT_EQ(capture.statistics[0].dropped, 3U);
	EXPECT_THAT(told, ElementsAre("-w " + file + ": 1 drops are not in it: their packets could not be read"));
}

TEST_F(PcapngSinkTest, AFileIsOnlyChangedOnceTheCaptureBegins) {
	std::ofstream(file) << "precious";
	{
		const auto opened = CaptureFile::open(file);
		ASSERT_TRUE(opened);
	}
	EXPECT_EQ(content(file), "precious");
	unlink(file.c_str());
	{
		const auto opened = CaptureFile::open(file);
		ASSERT_TRUE(opened);
		EXPECT_EQ(access(file.c_str(), F_OK), 0);
	}
	EXPECT_NE(access(file.c_str(), F_OK), 0);
	EXPECT_NE(CaptureFile::open(folder).error().message().find("Is a directory"), std::string::npos);
	EXPECT_NE(CaptureFile::open("/nonexistent/x").error().message().find("-w /nonexistent/x: "), std::string::npos);
}

} // namespace
} // namespace nft_drops::test
