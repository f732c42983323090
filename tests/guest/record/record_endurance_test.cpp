// SPDX-License-Identifier: GPL-2.0-only
// record where much happens for long: random flows, rulesets that come and go, kills, a full disk, a clock that is set.
// NFT_DROPS_FULL=1 does what docs/history.md promises in full; else less, for machines that are emulated.
#include "record_fixture.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

class RecordEndurance : public RecordFixture {};

// A process that sends batches until it is destroyed.
class Traffic {
public:
	explicit Traffic(int cpu) : pid_(fork()) {
		if (pid_ != 0) return;
		for (;;) {
			ends_well(sender(cpu, 50));
			usleep(20'000);
		}
	}
	Traffic(const Traffic &) = delete;
	Traffic &operator=(const Traffic &) = delete;
	~Traffic() { stop(); }
	// Nothing more is sent once this has returned.
	void stop() {
		if (pid_ <= 0) return;
		kill(pid_, SIGKILL);
		waitpid(pid_, nullptr, 0);
		pid_ = -1;
		// The batch that was being sent.
		for (Sums before; before != nft_counters(); std::this_thread::sleep_for(300ms))
			before = nft_counters();
	}

private:
	pid_t pid_;
};

// Datagrams from any address of lo to any port that the twenty rules drop.
std::function<Datagram(unsigned)> random_flows(unsigned seed) {
	return [random = std::mt19937(seed)](unsigned) mutable {
		return Datagram{INADDR_LOOPBACK | static_cast<uint32_t>(random() & 0xffff00),
		                static_cast<unsigned>(kFirstPort + random() % kPorts)};
	};
}

TEST_F(RecordEndurance, RandomFlowsFromTwoProcessors) {
	constexpr uint64_t kMostMemory = 100 * 1024; // KiB
	constexpr uint64_t kMostBytes = 256 << 20;   // --max-size by default
	load(twenty_rules());
	auto recorder = record();
	std::array<pid_t, 2> children{};
	for (int cpu = 0; cpu < 2; cpu++) {
		children[static_cast<size_t>(cpu)] =
		        send_over_loopback(cpu, packets_of_each(), kEcho, random_flows(static_cast<unsigned>(cpu) + 1));
	}
	for (const pid_t child : children)
		ends_well(child);
	for (int i = 0; i < 300 && packets_in(recorded()) != packets_in(nft_counters()); i++)
		usleep(100'000);
	const uint64_t memory = memory_of(recorder->pid());
	EXPECT_LT(memory, kMostMemory);
	const Finished f = recorder->finish(SIGTERM);
	EXPECT_EQ(f.status, 0) << f.err;
	EXPECT_THAT(f.err, HasSubstr("recorded " + std::to_string(2 * packets_of_each()) + " drops, 0 lost"));
	EXPECT_EQ(recorded(), nft_counters());
	uint64_t bytes = 0;
	for (const auto &file : std::filesystem::directory_iterator(folder_))
		bytes += file.file_size();
	EXPECT_LT(bytes, kMostBytes);
	printf("%u drops of random flows: peak memory %llu KiB, %llu bytes of files\n", 2 * packets_of_each(),
	       static_cast<unsigned long long>(memory), static_cast<unsigned long long>(bytes));
}

// What each rule had counted when the kernel took it away: the kernel tells it with the rule's end. All of it runs on
// one processor, so no packet is on its way meanwhile.
std::map<std::string, uint64_t> counted_by_comment(const std::string &monitored) {
	std::map<std::string, uint64_t> sums;
	for (const json &line : json_lines(monitored)) {
		if (!line.contains("delete") || !line["delete"].contains("rule")) continue;
		const json &rule = line["delete"]["rule"];
		for (const json &expression : rule["expr"])
			if (expression.contains("counter"))
				sums[rule.at("comment").get<std::string>()] +=
				        expression["counter"]["packets"].get<uint64_t>();
	}
	return sums;
}

TEST_F(RecordEndurance, RulesetsReplacedUnderTraffic) {
	const unsigned rounds = full_or(300, 20);
	cpu_set_t all, first;
	ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	ASSERT_EQ(sched_setaffinity(0, sizeof(first), &first), 0);
	load("table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy accept;\n\t}\n}");
	auto recorder = record();
	Running kernel({"nft", "-j", "monitor", "destroy", "rules"});
	const auto round = [](unsigned n) {
		load("flush chain inet t c\nadd rule inet t c udp dport " + std::to_string(kFirstPort) + "-" +
		     std::to_string(kFirstPort + kPorts - 1) + " counter drop comment \"round " + std::to_string(n) +
		     "\"");
	};
	// Until nft listens.
	for (unsigned n = 0; n < 100 && kernel.out().find("round 0") == std::string::npos; n++) {
		round(0);
		usleep(100'000);
	}
	{
		Traffic traffic(0);
		for (unsigned n = 1; n <= rounds; n++) {
			round(n);
			usleep(50'000);
		}
	}
	load("flush chain inet t c");
	ASSERT_TRUE(kernel.wait_for("round " + std::to_string(rounds) + "\"")) << kernel.err();
	usleep(500'000);
	auto truth = counted_by_comment(kernel.finish(SIGTERM).out);
	std::erase_if(truth, [](const auto &sum) { return sum.second == 0; });
	EXPECT_GT(truth.size(), rounds / 2) << "hardly anything was dropped";
	EXPECT_EQ(recorder->finish(SIGTERM).status, 0);
	shell("nft delete table inet t");
	std::map<std::string, uint64_t> by_comment;
	for (const json &line : json_lines(why("-j --since 12h"))) {
		if (!line.contains("packets")) continue;
		const std::string comment = line.at("comment").get<std::string>();
		EXPECT_EQ(line.at("rule"), "udp dport 20000-20999 counter drop comment \"" + comment + "\"");
		by_comment[comment] += line.at("packets").get<uint64_t>();
	}
	EXPECT_EQ(by_comment, truth);
	ASSERT_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
}

// At most the last second is missing, and the time in which nobody recorded is told.
TEST_F(RecordEndurance, KilledAtRandomMoments) {
	std::minstd_rand random(11);
	load(twenty_rules());
	Traffic traffic(0);
	const unsigned rounds = full_or(50, 4);
	for (unsigned i = 0; i < rounds; i++) {
		const uint64_t recorded_before = i == 0 ? 0 : packets_in(recorded());
		auto recorder = record();
		const uint64_t at_start = packets_in(nft_counters());
		usleep(static_cast<useconds_t>(random() % 2'000'000));
		const uint64_t a_while_ago = packets_in(nft_counters());
		std::this_thread::sleep_for(3s); // one, for machines that are emulated
		EXPECT_EQ(recorder->finish(SIGKILL).status, 128 + SIGKILL);
		const uint64_t now = packets_in(nft_counters());
		const uint64_t recorded_now = packets_in(recorded()) - recorded_before;
		EXPECT_GE(recorded_now, a_while_ago - at_start) << "round " << i;
		EXPECT_LE(packets_in(recorded()), now) << "round " << i;
		EXPECT_EQ(integrity(), "ok");
	}
	traffic.stop();
	size_t told = 0;
	for (const json &line : json_lines(why("-j --since 12h")))
		told += line.contains("not_recorded");
	EXPECT_GE(told, rounds - 1);
}

TEST_F(RecordEndurance, AFullDiskIsToldAndLeftBehind) {
	folder_ = "/tmp/small/history";
	shell("mkdir -p /tmp/small; mount -t tmpfs -o size=400k tmpfs /tmp/small");
	load(twenty_rules());
	auto recorder = record();
	ends_well(send_over_loopback(0, full_or(30'000, 10'000), kEcho, random_flows(5)));
	EXPECT_TRUE(recorder->wait_for("full")) << recorder->err();
	shell("mount -o remount,size=100m /tmp/small");
	for (int i = 0; i < 300 && recorded() != nft_counters(); i++)
		usleep(100'000);
	EXPECT_EQ(recorded(), nft_counters()) << recorder->err();
	EXPECT_EQ(recorder->finish(SIGTERM).status, 0);
	EXPECT_EQ(integrity(), "ok");
	shell("umount /tmp/small");
}

// Rows of before and after stand with the time that the clock had then.
TEST_F(RecordEndurance, AClockThatIsSetBackAndForthByADay) {
	load(twenty_rules());
	auto recorder = record();
	constexpr int kDay = 86400;
	for (const int by : {-kDay, 2 * kDay, -kDay}) {
		send(20);
		for (int i = 0; i < 100 && packets_in(recorded()) % 20 != 0; i++)
			usleep(100'000);
		std::this_thread::sleep_for(2s);
		timespec now{};
		ASSERT_EQ(clock_gettime(CLOCK_REALTIME, &now), 0);
		now.tv_sec += by;
		ASSERT_EQ(clock_settime(CLOCK_REALTIME, &now), 0);
	}
	send(20);
	EXPECT_EQ(recorder->finish(SIGTERM).status, 0);
	uint64_t packets = 0, sets = 0;
	const time_t later = time(nullptr) + 2 * kDay;
	std::array<char, 32> until{};
	strftime(until.data(), until.size(), "%Y-%m-%d %H:%M", localtime(&later));
	for (const json &line : json_lines(why("-j --since 72h --until '" + std::string(until.data()) + "'"))) {
		if (line.contains("packets")) packets += line.at("packets").get<uint64_t>();
		sets += line.contains("clock_set");
	}
	EXPECT_EQ(packets, 80U) << why("--since 72h --until '" + std::string(until.data()) + "'");
	EXPECT_EQ(sets, 3U);
	EXPECT_EQ(integrity(), "ok");
}

// The same disk, before and after a reset of the machine without sync.
class RecordReset : public RecordFixture {
protected:
	void SetUp() override {
		shell("modprobe -a virtio_pci virtio_blk; mkdir -p /mnt; mount -t ext4 /dev/vda /mnt");
		folder_ = "/mnt/history";
		ASSERT_EQ(unshare(CLONE_NEWNET), 0);
		shell("ip link set lo up");
		before_ = leftovers();
	}
	// What is on the disk for certain: a number of packets.
	static constexpr const char *kTruth = "/mnt/truth";
};

// Ends the machine, without a result.
TEST_F(RecordReset, Before) {
	load(twenty_rules());
	auto recorder = record();
	send(500);
	for (int i = 0; i < 300 && recorded() != nft_counters(); i++)
		usleep(100'000);
	ASSERT_EQ(recorded(), nft_counters());
	std::ofstream(kTruth) << packets_in(nft_counters()) << std::endl;
	shell(std::string("sync ") + kTruth);
	const Traffic traffic(1);
	std::this_thread::sleep_for(3s);
	std::ofstream("/proc/sysrq-trigger") << "b" << std::flush;
	pause();
}

TEST_F(RecordReset, After) {
	uint64_t certain = 0;
	std::ifstream(kTruth) >> certain;
	ASSERT_GE(certain, 500U);
	EXPECT_GE(packets_in(recorded()), certain);
	EXPECT_EQ(integrity(), "ok");
	load(twenty_rules());
	const uint64_t before = packets_in(recorded());
	auto recorder = record();
	EXPECT_THAT(recorder->err(), testing::Not(HasSubstr("damaged")));
	send(30);
	EXPECT_EQ(recorder->finish(SIGTERM).status, 0);
	EXPECT_EQ(packets_in(recorded()), before + 30);
	EXPECT_THAT(why("--since 12h"), HasSubstr("# not recorded: "));
}

} // namespace
} // namespace nft_drops::guest
