// SPDX-License-Identifier: GPL-2.0-only
// More drops than anybody can read, under a ruleset that does not stand still. NFT_DROPS_FULL makes it long.
#include "abilities.h"
#include "running.h"
#include "tests/pcapng/figures.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace nft_drops::guest {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

bool in_full() {
	return std::getenv("NFT_DROPS_FULL") != nullptr;
}

// Datagrams over lo, as fast as it goes.
void send(uint64_t count, uint16_t port) {
	constexpr size_t kBatch = 64;
	const int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sockaddr_in to{};
	to.sin_family = AF_INET;
	to.sin_port = htons(port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ASSERT_EQ(connect(s, reinterpret_cast<sockaddr *>(&to), sizeof(to)), 0);
	char byte = 'x';
	iovec one{&byte, 1};
	std::array<mmsghdr, kBatch> batch{};
	for (mmsghdr &m : batch) {
		m.msg_hdr.msg_iov = &one;
		m.msg_hdr.msg_iovlen = 1;
	}
	while (count > 0) {
		const int n = sendmmsg(s, batch.data(), static_cast<unsigned>(std::min<uint64_t>(count, kBatch)), 0);
		if (n > 0) count -= static_cast<uint64_t>(n);
	}
	close(s);
}

uint64_t counted(const std::string &name) {
	const json listing = json::parse(shell("nft -j list counter inet flood " + name));
	for (const json &entry : listing["nftables"])
		if (entry.contains("counter")) return entry["counter"]["packets"];
	return 0;
}

uint64_t lost_in(const std::string &err) {
	const size_t end = err.find(" lost\n"), begin = err.rfind(' ', end - 1);
	return end == std::string::npos ? UINT64_MAX : std::stoull(err.substr(begin + 1, end - begin - 1));
}

// What was shown, one way or the other.
struct Shown {
	uint64_t drops = 0, lines = 0, folded = 0, left_out = 0, gone = 0;
};
Shown shown(const std::string &out, const std::function<void(const json &)> &look = {}) {
	Shown s;
	for (const json &d : json_lines(out)) {
		if (d.contains("left_out")) {
			s.left_out += d["left_out"].get<uint64_t>();
			continue;
		}
		const uint64_t times = d.value("repeated", uint64_t{1});
		s.lines++;
		s.drops += times;
		s.folded += times - 1;
		if (d["rule"].is_null()) s.gone += times;
		if (look) look(d);
	}
	return s;
}

// What nft-drops has pinned.
std::vector<std::string> pins() {
	std::vector<std::string> names;
	EXPECT_TRUE(std::filesystem::is_directory("/sys/fs/bpf"));
	for (const auto &entry : std::filesystem::directory_iterator("/sys/fs/bpf"))
		if (entry.path().filename().string().starts_with("nft-drops")) names.push_back(entry.path());
	return names;
}

class Flood : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_EQ(unshare(CLONE_NEWNET), 0);
		shell("ip link set lo up");
	}
	void TearDown() override { EXPECT_TRUE(become(before_)); }
	Leftovers before_ = leftovers();
};

// Each version of the rule writes its number into the packet that it drops, so that every drop tells by itself which
// text is right.
std::string version(unsigned n) {
	const std::string number = std::to_string(n % 60000 + 1);
	return "flush chain inet flood in; add rule inet flood in udp dport 7777 udp sport set " + number +
	       " counter name total drop comment \"v" + number + "\"";
}

TEST_F(Flood, EveryDropIsAccountedForWhileTheRulesetIsReplaced) {
	const uint64_t count = in_full() ? 1'000'000 : 40'000;
	shell("nft 'table inet flood { counter total { }; chain in { type filter hook input priority 0; }; }'");
	shell("nft '" + version(0) + "'");
	Monitor monitor({"-j"});
	std::atomic<bool> done = false;
	std::atomic<unsigned> replaced = 0;
	std::thread replacer([&] {
		nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
		for (unsigned n = 1; !done; n++) {
			if (nft_run_cmd_from_buffer(nft, version(n).c_str()) == 0) replaced++;
			std::this_thread::sleep_for(50ms);
		}
		nft_ctx_free(nft);
	});
	std::thread one([&] { send(count / 2, 7777); }), two([&] { send(count - count / 2, 7777); });
	one.join();
	two.join();
	done = true;
	replacer.join();
	const uint64_t truth = counted("total");
	EXPECT_EQ(truth, count);
	EXPECT_GT(replaced, 2U);
	const uint64_t memory = memory_of(monitor.pid());
	const Finished end = monitor.finish(SIGINT);
	uint64_t wrong = 0;
	const Shown s = shown(end.out, [&](const json &d) {
		if (d["rule"].is_null()) return;
		const std::string mark = "\"v" + std::to_string(d["packet"]["sport"].get<uint64_t>()) + "\"";
		wrong += d["rule"].get<std::string>().find(mark) == std::string::npos;
	});
	EXPECT_EQ(wrong, 0U);
	EXPECT_EQ(s.drops + s.left_out + lost_in(end.err), truth) << end.err;
	EXPECT_LT(memory, 100U * 1024);
	RecordProperty("replaced", static_cast<int>(replaced));
	fprintf(stderr,
	        "%llu drops: %llu lines, %llu folded, %llu left out, %llu rule gone, %llu lost; replaced %u times;"
	        " peak memory %llu KiB\n",
	        static_cast<unsigned long long>(truth), static_cast<unsigned long long>(s.lines),
	        static_cast<unsigned long long>(s.folded), static_cast<unsigned long long>(s.left_out),
	        static_cast<unsigned long long>(s.gone), static_cast<unsigned long long>(lost_in(end.err)),
	        replaced.load(), static_cast<unsigned long long>(memory));
}

// A capture is never coalesced: each packet is in the file, or counted as lost.
TEST_F(Flood, ACaptureHoldsEveryDropThatIsNotLost) {
	const uint64_t count = in_full() ? 1'000'000 : 40'000;
	shell("nft 'table inet flood { counter total { }; chain in { type filter hook input priority 0;"
	      " udp dport 7777 counter name total drop; }; }'");
	Monitor monitor({"-w", "/tmp/flood.pcapng"});
	std::thread one([&] { send(count / 2, 7777); }), two([&] { send(count - count / 2, 7777); });
	one.join();
	two.join();
	const uint64_t truth = counted("total");
	EXPECT_EQ(truth, count);
	const uint64_t memory = memory_of(monitor.pid());
	const Finished end = monitor.finish(SIGINT);
	EXPECT_EQ(end.status, 0) << end.err;
	EXPECT_EQ(end.out, "");
	const pcapng_test::Figures figures = pcapng_test::figures_of("/tmp/flood.pcapng");
	EXPECT_TRUE(figures.whole);
	EXPECT_EQ(figures.dropped, lost_in(end.err));
	EXPECT_EQ(figures.packets + figures.dropped, truth) << end.err;
	EXPECT_GT(figures.packets, 0U);
	EXPECT_LT(memory, 100U * 1024);
	fprintf(stderr, "%llu drops: %llu in the file, %llu lost; peak memory %llu KiB\n",
	        static_cast<unsigned long long>(truth), static_cast<unsigned long long>(figures.packets),
	        static_cast<unsigned long long>(figures.dropped), static_cast<unsigned long long>(memory));
	shell("rm /tmp/flood.pcapng");
}

TEST_F(Flood, ASlowReaderGetsFoldedDrops) {
	constexpr uint64_t kCount = 20'000;
	shell("nft 'table inet flood { counter total { }; chain in { type filter hook input priority 0;"
	      " udp dport 7777 counter name total drop; }; }'");
	Running slow({"sh", "-c",
	              nft_drops() + " monitor -j --count " + std::to_string(kCount) +
	                      " | (while [ ! -e /tmp/read ]; do sleep 0.1; done; cat)"});
	ASSERT_TRUE(slow.wait_for("nft-drops: monitoring"));
	for (int i = 0; i < 20; i++) {
		send(kCount / 20, 7777);
		std::this_thread::sleep_for(50ms);
	}
	shell("touch /tmp/read");
	const Finished end = slow.wait();
	shell("rm /tmp/read");
	const Shown s = shown(end.out);
	EXPECT_EQ(counted("total"), kCount);
	EXPECT_EQ(lost_in(end.err), 0U) << end.err;
	EXPECT_EQ(s.drops + s.left_out, kCount) << end.err;
	EXPECT_GT(s.folded, kCount / 2);
	EXPECT_LT(s.lines, 2000U);
}

TEST_F(Flood, ALimitOfWhatIsShown) {
	shell("nft 'table inet flood { counter total { }; chain in { type filter hook input priority 0;"
	      " udp dport 7777-7780 counter name total drop; }; }'");
	Monitor monitor({"-j", "--limit", "3/second"});
	for (uint16_t port = 7777; port <= 7780; port++)
		send(250, port);
	const Finished end = monitor.finish(SIGINT);
	const Shown s = shown(end.out);
	EXPECT_EQ(s.drops + s.left_out, 1000U) << end.out << end.err;
	EXPECT_NE(end.err.find("1000 drops (1000 by rule"), std::string::npos) << end.err;
	// Whatever the machine's pace, most of it is not shown one by one.
	EXPECT_LT(s.lines, 200U);
	EXPECT_EQ(run({nft_drops(), "monitor", "--limit", "3"}).status, 1);
}

// Whenever it is killed, in the middle of its start too.
TEST_F(Flood, KilledAtAnyMomentItLeavesNothing) {
	const int kills = in_full() ? 50 : 8;
	shell("nft 'table inet flood { chain in { type filter hook input priority 0; policy drop; }; }'");
	const std::string namespaces = shell("ls /run/netns 2>/dev/null | wc -l");
	for (int i = 0; i < kills; i++) {
		std::vector<std::string> command = {nft_drops(), "monitor"};
		if (i % 3 == 1) command.emplace_back("--all-netns");
		if (i % 3 == 2 && tells_netfilter_drops()) command.emplace_back("--audit");
		Running monitor(command);
		if (i % 2) {
			EXPECT_TRUE(monitor.wait_for("nft-drops: monitoring")) << monitor.err();
			EXPECT_FALSE(programs_alive().empty()) << "the look itself sees a process that runs";
		} else {
			std::this_thread::sleep_for(std::chrono::milliseconds(37 * i % 1500));
		}
		monitor.finish(SIGKILL);
	}
	EXPECT_TRUE(become(before_));
	EXPECT_EQ(shell("ls /run/netns 2>/dev/null | wc -l"), namespaces);
	EXPECT_EQ(pins(), std::vector<std::string>());
	EXPECT_TRUE(programs_end()) << testing::PrintToString(programs_alive());
}

} // namespace
} // namespace nft_drops::guest
