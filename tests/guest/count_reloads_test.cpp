// SPDX-License-Identifier: GPL-2.0-only
// Counting for years: rules that come and go, room for those that are there, and readers all the time.
#include "count_fixture.h"

#include <bpf/bpf.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST_F(CountTest, OtherRulesAtTheSameAddresses) {
	load(twenty_rules());
	start();
	expect_right_over_reloads(full() ? 300 : 30);
}

// Room for 5 live ones, and for twice as many that are deleted and not yet known to be.
TEST_F(CountTest, PastItsRoomDropsAreUnlisted) {
	load(twenty_rules());
	start({"--max-rules", "5"});
	EXPECT_EQ(run({nft_drops(), "count", "start", "--max-rules", "6"}).status, 1);
	send(200, 20);
	uint64_t packets = 0;
	for (const std::string &line : lines_of(list())) {
		const size_t at = line.find(" # dropped packets ");
		if (at != std::string::npos) packets += std::stoull(line.substr(at + 19));
	}
	EXPECT_EQ(packets, 150U);
	EXPECT_THAT(list(), HasSubstr(", unlisted packets 50 bytes "));
	EXPECT_THAT(status(), HasSubstr("unlisted, for want of room: packets 50 bytes "));
	EXPECT_THAT(status(), HasSubstr("15 rules and policies have dropped packets (room for 5;"));
}

// More rules than there is room for, over time, and never more than that at once. Nobody reads meanwhile.
TEST_F(CountTest, ReloadsMakeRoomByThemselves) {
	constexpr unsigned kRules = 10;
	std::string rules =
	        "flush ruleset\ntable inet t { chain c { type filter hook input priority 0; policy accept;\n";
	for (unsigned i = 0; i < kRules; i++)
		rules += "udp dport " + std::to_string(20000 + i) + " counter drop\n";
	load(rules + "}\n}");
	start({"--max-rules", "64"});
	constexpr unsigned kReloads = 24;
	for (unsigned reload = 1; reload <= kReloads; reload++) {
		load(rules + "}\n}");
		send(kRules, kRules);
	}
	const std::string listed = list();
	for (unsigned i = 0; i < kRules; i++)
		EXPECT_THAT(listed, testing::ContainsRegex("dport " + std::to_string(20000 + i) +
		                                           " counter packets 1 bytes [0-9]+ drop # handle [0-9]+ # "
		                                           "dropped packets 1 bytes "));
	EXPECT_EQ(listed.find("unlisted"), std::string::npos) << listed;
	EXPECT_THAT(status(), HasSubstr("\ndropped: packets " + std::to_string(kReloads * kRules) + " bytes "));
	EXPECT_THAT(status(), HasSubstr("\ndropped by deleted rules and policies: packets " +
	                                std::to_string((kReloads - 1) * kRules) + " bytes "));
}

// A chain is flushed and filled again, and its table stays: who reads tells the kernel's side of the rules that are
// gone.
TEST_F(CountTest, RulesDeletedAloneMakeRoomWhenSomeoneReads) {
	load("table inet t { chain c { type filter hook input priority 0; policy accept; }\n}");
	start({"--max-rules", "12"});
	std::string rules = "flush chain inet t c\n";
	for (unsigned i = 0; i < 10; i++)
		rules += "add rule inet t c udp dport " + std::to_string(20000 + i) + " counter drop\n";
	for (unsigned i = 0; i < 12; i++) {
		load(rules);
		send(10, 10);
		EXPECT_EQ(figures("dport 20009 ").substr(0, 2), "1 ") << i;
	}
	EXPECT_THAT(status(), HasSubstr("\nunlisted, for want of room: packets 0 bytes 0\n"));
	EXPECT_THAT(status(), HasSubstr("\ndropped: packets 120 bytes "));
}

// A year's reloads in small, NFT_DROPS_RELOADS of them: at the end, rules are counted as nft counts them, nothing is
// unlisted, and memory and the time that a listing takes are what they were at the beginning.
TEST_F(CountTest, AThousandReloadsUnderTraffic) {
	const char *asked = std::getenv("NFT_DROPS_RELOADS");
	const unsigned reloads = asked ? static_cast<unsigned>(std::stoul(asked)) : 60;
	const std::string listing = nft_drops() + " list ruleset --with-drop-counts";
	load(twenty_rules());
	start({"--max-rules", "100"});
	const auto memory = [] {
		const std::string now = status();
		return now.substr(now.find("\nmemory: "));
	};
	// How many times as long as nft's own, side by side: an emulated machine gets slower and faster.
	const auto time_to_list = [&listing] {
		std::vector<double> times;
		for (int i = 0; i < 7; i++)
			times.push_back(seconds(cost_of(listing)) / seconds(cost_of("nft list ruleset")));
		std::ranges::sort(times);
		return times[times.size() / 2];
	};
	send(100, 25);
	const std::string before = memory();
	const double at_first = time_to_list();
	shell(nft_drops() + " count reset");
	expect_right_over_reloads(reloads, std::max(1U, reloads / 20));
	const double in_the_end = time_to_list();
	EXPECT_EQ(memory(), before);
	printf("a listing: %.3f s of processor time at first, %.3f s after %u reloads\n", at_first, in_the_end,
	       reloads);
	EXPECT_LE(in_the_end, 1.5 * at_first + 0.05);
	EXPECT_THAT(status(), HasSubstr("\nunlisted, for want of room: packets 0 bytes 0\n"));
}

// Programs that go on and on, each on a processor of its own, until the object ends.
class Loops {
public:
	explicit Loops(const std::function<void()> &body) {
		for (int cpu = 0; cpu < 2; cpu++) {
			const pid_t child = fork();
			if (child == 0) {
				cpu_set_t here;
				CPU_ZERO(&here);
				CPU_SET(cpu, &here);
				if (sched_setaffinity(0, sizeof(here), &here) != 0) _exit(2);
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				for (;;)
					body();
			}
			children_.push_back(child);
		}
	}
	Loops(const Loops &) = delete;
	Loops &operator=(const Loops &) = delete;
	~Loops() {
		for (const pid_t child : children_) {
			kill(child, SIGTERM);
			waitpid(child, nullptr, 0);
		}
	}

private:
	std::vector<pid_t> children_;
};

struct Sum {
	uint64_t packets = 0;
	uint64_t by_nft = 0;
	uint64_t lost = 0;
	bool lost_complete = false;
	size_t unlike = 0; // rules for which the two differ
};

// Counts of the rules that have a counter, and the counters.
Sum sum_of_rules() {
	const json all = json::parse(shell(nft_drops() + " -j list ruleset --with-drop-counts"));
	Sum sum;
	for (const json &element : all["nftables"]) {
		if (element.contains("metainfo")) {
			sum.lost = element["metainfo"]["drops"]["lost"];
			sum.lost_complete = element["metainfo"]["drops"].value("lost_complete", true);
		}
		if (!element.contains("rule") || !element["rule"]["expr"][1].contains("counter")) continue;
		const json &rule = element["rule"];
		const uint64_t by_nft = rule["expr"][1]["counter"]["packets"];
		const uint64_t packets = rule["drops"]["packets"];
		sum.packets += packets;
		sum.by_nft += by_nft;
		if (packets != by_nft) sum.unlike++;
	}
	return sum;
}

// Each flow comes in on one of the two processors, by its hash and an interrupt: in the middle of whatever a reader
// does there.
void send_from_two(unsigned each) {
	// /sys shows the devices of the namespace in which it was mounted.
	shell("mkdir -p /tmp/sys; mount -t sysfs sysfs /tmp/sys; echo 3 > /tmp/sys/class/net/lo/queues/rx-0/rps_cpus;"
	      " umount /tmp/sys");
	const std::array<pid_t, 2> children{sender(each, 20, 0), sender(each, 20, 1)};
	for (const pid_t child : children)
		ends_well(child);
	std::this_thread::sleep_for(std::chrono::seconds(1)); // other flows' packets may come in later
}

// Reading makes no program be skipped: see jit/count/rule_counts.h. This holds on all kernels.
TEST_F(CountTest, ReadingInALoopLosesNothing) {
	const unsigned each = full() ? 500'000 : 10'000;
	load(twenty_rules());
	start();
	{
		const Loops listings([] { run({nft_drops(), "list", "ruleset", "--with-drop-counts"}); });
		send_from_two(each);
	}
	const Sum sum = sum_of_rules();
	EXPECT_GT(sum.by_nft, each) << "a full queue in front of nft takes some";
	EXPECT_EQ(sum.packets, sum.by_nft);
	EXPECT_EQ(sum.unlike, 0U);
	EXPECT_EQ(sum.lost, 0U);
	printf("%u packets while two processors list all the time: 20 rules as nft counted\n",
	       static_cast<unsigned>(sum.by_nft));
}

// What `bpftool map dump` does to every map of the machine: system calls that look elements up, each of which makes the
// kernel skip the programs of kprobes on that processor.
void dump_all_maps() {
	uint32_t id = 0;
	std::vector<char> value(1 << 20);
	while (bpf_map_get_next_id(id, &id) == 0) {
		const int map = bpf_map_get_fd_by_id(id);
		if (map < 0) continue;
		std::vector<char> key(256);
		std::vector<char> next(256);
		bool first = true;
		for (int i = 0; i < 2000 && bpf_map_get_next_key(map, first ? nullptr : key.data(), next.data()) == 0;
		     i++) {
			key = next;
			first = false;
			bpf_map_lookup_elem(map, key.data(), value.data());
		}
		close(map);
	}
}

// Since Linux 6.7 the kernel says how often it did so; before, "lost" is said to be incomplete.
TEST_F(CountTest, BesideDumpsOfAllMapsWhatIsLostIsSaid) {
	const unsigned each = full() ? 500'000 : 10'000;
	load(twenty_rules());
	start();
	{
		const Loops listings([] { run({nft_drops(), "list", "ruleset", "--with-drop-counts"}); });
		const Loops dumps(dump_all_maps);
		send_from_two(each);
	}
	const Sum sum = sum_of_rules();
	EXPECT_GT(sum.by_nft, each);
	printf("%u packets beside dumps of all maps: %ju counted, %s%ju lost\n", static_cast<unsigned>(sum.by_nft),
	       uintmax_t{sum.packets}, sum.lost_complete ? "" : "at least ", uintmax_t{sum.lost});
	if (sum.lost_complete) {
		EXPECT_EQ(sum.packets + sum.lost, sum.by_nft);
	} else {
		EXPECT_LE(sum.packets + sum.lost, sum.by_nft);
		EXPECT_THAT(status(), HasSubstr("\nlost: at least "));
		EXPECT_THAT(list(), HasSubstr(", lost at least "));
	}
}

// Per-CPU maps take memory for each possible processor: 2.1 MB each, and a guest may have 128 of them.
TEST_F(CountTest, MemoryGoesByTheProcessorsThatAreThere) {
	load(twenty_rules());
	start();
	size_t maps = 0;
	for (const auto &entry : std::filesystem::directory_iterator(kPins)) {
		const int fd = bpf_obj_get(entry.path().c_str());
		bpf_map_info info{};
		uint32_t size = sizeof(info);
		ASSERT_GE(fd, 0) << entry.path();
		const std::string what = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd));
		if (what.find("bpf-map") != std::string::npos) {
			ASSERT_EQ(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
			maps++;
			for (const uint32_t per_cpu :
			     {BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_LRU_PERCPU_HASH})
				EXPECT_NE(info.type, per_cpu) << entry.path();
			// The only one for all possible processors.
			if (entry.path().filename() == "late") {
				EXPECT_LE(info.value_size, 8U);
			}
		}
		close(fd);
	}
	EXPECT_EQ(maps, 11U);
}

} // namespace
} // namespace nft_drops::guest
