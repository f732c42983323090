// SPDX-License-Identifier: GPL-2.0-only
// `metrics` on a real kernel: its figures are those of nft's own counters, through changes of the ruleset.
#include "metrics_fixture.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sys/socket.h>

namespace nft_drops::guest {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(Metrics, EqualNftsCounters) {
	load(twenty_rules());
	start();
	const Samples before = samples();
	expect_nfts_counters(before); // all are there, at 0: increase() sees the first drop
	send(2500, 25);
	const Samples after = samples();
	expect_nfts_counters(after);
	EXPECT_EQ(by_handle(after, "nftables_drop_packets_total").at(""), 500U) << "the policy";
	std::set<std::string> names;
	for (const auto &[sample, value] : before)
		names.insert(sample);
	for (const auto &[sample, value] : after)
		EXPECT_TRUE(names.contains(sample)) << "a series that was not there before: " << sample;
	EXPECT_EQ(after.at("nftables_drop_counting"), 1U);
	EXPECT_EQ(after.at("nftables_drops_lost_total"), 0U);
	EXPECT_EQ(after.at("nftables_drops_unlisted_packets_total"), 0U);
	const bool complete = list().find("lost at least") == std::string::npos;
	EXPECT_EQ(after.at("nftables_drops_lost_complete"), complete ? 1U : 0U);
	EXPECT_TRUE(after.contains("nftables_drops_kernel_info{release=\"" + shell("printf %s $(uname -r)") + "\"}"));
}

TEST_F(Metrics, LabelsAreTheRules) {
	load("table inet filter { chain input { type filter hook input priority 0; policy accept;\n"
	     "udp dport 20000 counter drop comment \"no backup\"\nudp dport 20001 jump deep\n}\n"
	     "chain deep { reject\n}\n}");
	start();
	send(20, 2);
	const std::string all = text();
	EXPECT_THAT(all, HasSubstr("family=\"inet\",table=\"filter\",chain=\"input\",handle=\"3\",reason=\"rule\","
	                           "comment=\"no backup\"} 10\n"));
	EXPECT_THAT(all, HasSubstr("chain=\"deep\",handle=\"5\",reason=\"rule\",comment=\"\"} 10\n"))
	        << "where the rule stands, not where the packet came in";
	// Its text does not change with the figures of its counter.
	EXPECT_THAT(all, HasSubstr("text=\"udp dport 20000 counter drop comment \\\"no backup\\\"\"} 1\n"));
	EXPECT_THAT(all, Not(HasSubstr("reason=\"policy\""))) << "it accepts";
	const std::string inode = shell("printf %s $(stat -L -c %i /proc/self/ns/net)");
	EXPECT_THAT(all, HasSubstr("netns=\"" + inode + "\""));
}

TEST_F(Metrics, SeriesEndWithTheirRules) {
	load(twenty_rules());
	start();
	send(250, 25);
	const auto before = by_handle(samples(), "nftables_drop_packets_total");
	ASSERT_EQ(before.size(), 21U);
	const uint64_t first = nft_counters().begin()->first;
	shell("nft delete rule inet t c handle " + std::to_string(first));
	auto after = by_handle(samples(), "nftables_drop_packets_total");
	EXPECT_FALSE(after.contains(std::to_string(first)));
	EXPECT_EQ(after.size(), 20U);
	shell("nft add rule inet t c udp dport 20000 counter drop");
	expect_nfts_counters(samples());

	// Replaced: the same handle, its counts and its new text.
	const uint64_t second = nft_counters().begin()->first;
	shell("nft replace rule inet t c handle " + std::to_string(second) + " udp dport 20001 drop comment \"new\"");
	EXPECT_THAT(text(),
	            HasSubstr("handle=\"" + std::to_string(second) + "\",reason=\"rule\",comment=\"new\"} 10\n"));

	// Loaded anew: other handles or the same, they begin at 0.
	std::ofstream("/tmp/other.nft") << "flush ruleset\n" << twenty_rules(7);
	shell("nft -f /tmp/other.nft");
	for (const auto &[handle, packets] : by_handle(samples(), "nftables_drop_packets_total"))
		EXPECT_EQ(packets, 0U) << handle;
	send(250, 25);
	expect_nfts_counters(samples());
}

TEST_F(Metrics, CountingOff) {
	load(twenty_rules());
	EXPECT_EQ(samples(), (Samples{{"nftables_drop_counting", 0}}));
	start();
	EXPECT_EQ(samples().at("nftables_drop_counting"), 1U);
	shell(nft_drops() + " count stop");
	EXPECT_EQ(samples(), (Samples{{"nftables_drop_counting", 0}}));
}

TEST_F(Metrics, HostileComments) {
	load("table inet t { chain c { type filter hook input priority 0; policy accept;\n"
	     "udp dport 20000 drop comment \"two\nlines # handle 9\nnftables_drop_counting 7\xff\"\n"
	     "udp dport 20001 drop\n}\n}");
	start();
	send(20, 2);
	const Samples all = samples();
	EXPECT_EQ(by_handle(all, "nftables_drop_packets_total"),
	          (std::map<std::string, uint64_t>{{"2", 10}, {"3", 10}}));
	EXPECT_THAT(text(),
	            HasSubstr("comment=\"two\\\\nlines # handle 9\\\\nnftables_drop_counting 7\\\\xff\"} 10\n"));
}

TEST_F(Metrics, TextFile) {
	load(twenty_rules());
	start();
	send(250, 25);
	const fs::path folder = "/tmp/textfile";
	fs::remove_all(folder);
	fs::create_directory(folder);
	fs::create_symlink("/tmp/elsewhere", folder / "drops.prom");
	for (int i = 0; i < 2; i++) {
		const Finished f = run({nft_drops(), "metrics", "--textfile", folder / "drops.prom"});
		EXPECT_EQ(f.status, 0) << f.err;
		EXPECT_EQ(f.out + f.err, "");
	}
	std::ifstream file(folder / "drops.prom");
	EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text());
	EXPECT_EQ(shell("stat -c %a%F /tmp/textfile/drops.prom"), "644regular file\n");
	EXPECT_EQ(shell("ls -A /tmp/textfile"), "drops.prom\n");
	EXPECT_FALSE(fs::exists("/tmp/elsewhere"));
	const Finished f = run({nft_drops(), "metrics", "--textfile", "/nowhere/drops.prom"});
	EXPECT_EQ(f.status, 1);
	EXPECT_EQ(f.err, "nft-drops: --textfile /nowhere/drops.prom: No such file or directory\n");
}

TEST_F(Metrics, AreServed) {
	// The policy drops: the scrapes' own packets have to be let in.
	load(twenty_rules());
	shell("nft add rule inet t c tcp dport 9732-9733 accept; nft add rule inet t c tcp sport 9732-9733 accept");
	start();
	Running v4({nft_drops(), "metrics", "--listen", ":9732"});
	Running v6({nft_drops(), "metrics", "--listen", "[::1]:9733"});
	ASSERT_TRUE(v4.wait_for("serving metrics at http://127.0.0.1:9732/metrics\n")) << v4.err();
	ASSERT_TRUE(v6.wait_for("serving metrics at http://[::1]:9733/metrics\n")) << v6.err();
	for (int i = 0; i < 3; i++) {
		send(250, 25);
		expect_nfts_counters(scraped(AF_INET, 9732));
		expect_nfts_counters(scraped(AF_INET6, 9733));
	}
	// Changes are seen at the next scrape.
	shell("nft delete rule inet t c handle " + std::to_string(nft_counters().begin()->first));
	shell("nft add rule inet t c udp dport 20000 counter drop comment \"later\"");
	send(250, 25);
	expect_nfts_counters(scraped(AF_INET, 9732));
	const std::string last = std::to_string(nft_counters().rbegin()->first);
	shell("nft replace rule inet t c handle " + last + " udp dport 20000 counter drop comment \"text\"");
	EXPECT_THAT(asked(AF_INET6, 9733, "GET /metrics HTTP/1.0\r\n\r\n"),
	            AllOf(HasSubstr("comment=\"text\"} 10\n"), Not(HasSubstr("comment=\"later\""))));
	EXPECT_THAT(asked(AF_INET, 9732, "GET /else HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
	// Counting goes and comes.
	shell(nft_drops() + " count stop");
	EXPECT_EQ(scraped(AF_INET, 9732), (Samples{{"nftables_drop_counting", 0}}));
	start();
	EXPECT_EQ(scraped(AF_INET, 9732).at("nftables_drop_counting"), 1U);

	const Finished taken = run({nft_drops(), "metrics", "--listen", "127.0.0.1:9732"});
	EXPECT_EQ(taken.status, 1);
	EXPECT_THAT(taken.err, StartsWith("nft-drops: --listen 127.0.0.1:9732: Address already in use; "));
	EXPECT_EQ(v4.finish(SIGTERM).status, 0);
	EXPECT_EQ(v6.finish(SIGINT).status, 0);
	EXPECT_TRUE(programs_end());
}

} // namespace
} // namespace nft_drops::guest
