// SPDX-License-Identifier: GPL-2.0-only
// `metrics` with several network namespaces, of which one is hostile.
#include "metrics_fixture.h"
#include "nft-ext/demo/demo_network.h"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace nft_drops::guest {
namespace {

using testing::HasSubstr;

// Namespaces beside that of `metrics`: "blue" and "green" as `ip netns` has them, and what a test makes.
class MetricsNamespaces : public Metrics {
protected:
	void TearDown() override {
		shell("for n in blue green 4026531992; do if [ -e /run/netns/$n ]; then ip netns del $n; fi; done");
		Metrics::TearDown();
	}
	static void add(const std::string &name, const std::string &ruleset) {
		std::ofstream("/tmp/" + name + ".nft") << ruleset;
		shell("set -e; ip netns add " + name + "; ip -n " + name + " link set lo up; ip netns exec " + name +
		      " nft -f /tmp/" + name + ".nft");
	}
	// One datagram over lo, inside.
	static void drop_one(const std::string &name, uint16_t port) {
		std::thread([&] {
			const int inside = open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
			ASSERT_EQ(setns(inside, CLONE_NEWNET), 0) << name;
			close(inside);
			EXPECT_TRUE(cli::DemoNetwork::over_loopback(port));
		}).join();
	}
	static std::string one_rule(const std::string &comment) {
		return "table ip t { chain c { type filter hook input priority 0; udp dport 20000 counter drop comment "
		       "\"" +
		       comment + "\"; }; }\n";
	}
	// The packets of the series that has both, and 1,000,000 where there is none.
	static uint64_t packets_of(const Samples &samples, const std::string &netns, const std::string &comment) {
		for (const auto &[sample, value] : samples)
			if (sample.starts_with("nftables_drop_packets_total{") && label_in(sample, "netns") == netns &&
			    label_in(sample, "comment") == comment)
				return value;
		return 1000000;
	}
};

TEST_F(MetricsNamespaces, EachNamespaceHasItsSeries) {
	load(one_rule("home"));
	add("blue", one_rule("blue"));
	add("green", one_rule("green"));
	// A name like an inode number would be another namespace's label.
	add("4026531992", one_rule("digits"));
	Running nameless({"unshare", "-n", "sh", "-c",
	                  "ip link set lo up; nft 'table ip t { chain c { type filter hook input priority 0; udp dport "
	                  "20000 counter drop comment \"nameless\"; }; }'; echo made; sleep 1000"});
	ASSERT_TRUE(nameless.wait_for("made"));
	start();
	const std::string home = shell("printf %s $(stat -L -c %i /proc/self/ns/net)");
	const std::string inode =
	        shell("printf %s $(stat -L -c %i /proc/" + std::to_string(nameless.pid()) + "/ns/net)");
	const std::string digits = shell("printf %s $(stat -L -c %i /run/netns/4026531992)");
	const Samples before = samples();
	for (const auto &[netns, comment] : std::vector<std::pair<std::string, std::string>>{
	             {home, "home"}, {"blue", "blue"}, {"green", "green"}, {inode, "nameless"}, {digits, "digits"}})
		EXPECT_EQ(packets_of(before, netns, comment), 0U) << comment;

	Running server({nft_drops(), "metrics", "--listen", ":9732"});
	ASSERT_TRUE(server.wait_for("serving metrics")) << server.err();
	send(3, 1);
	for (int i = 0; i < 2; i++)
		drop_one("blue", 20000);
	drop_one("green", 20000);
	for (const Samples &after : {samples(), scraped(AF_INET, 9732)}) {
		EXPECT_EQ(packets_of(after, home, "home"), 3U);
		EXPECT_EQ(packets_of(after, "blue", "blue"), 2U);
		EXPECT_EQ(packets_of(after, "green", "green"), 1U);
		EXPECT_EQ(packets_of(after, inode, "nameless"), 0U);
		EXPECT_EQ(after.at("nftables_drops_unread_namespaces"), 0U);
	}
	// Changes over there are seen at the next scrape, and what is gone ends.
	shell("ip netns exec blue nft flush chain ip t c; ip netns exec blue nft add rule ip t c udp dport 20000 "
	      "counter "
	      "drop comment later; ip netns del green");
	drop_one("blue", 20000);
	const Samples last = scraped(AF_INET, 9732);
	EXPECT_EQ(packets_of(last, "blue", "blue"), 1000000U);
	EXPECT_EQ(packets_of(last, "blue", "later"), 1U);
	EXPECT_EQ(packets_of(last, "green", "green"), 1000000U);
	EXPECT_EQ(server.finish(SIGTERM).status, 0);
	nameless.finish(SIGKILL);
}

// The owner of a namespace fills it with chains, which take longer to list than a scrape waits for, or than a worker
// may live, and changes it all the time.
TEST_F(MetricsNamespaces, NoScrapeWaitsForAHostileNamespace) {
	constexpr unsigned kChains = 30000;
	std::string chains = "table ip t {\n";
	for (unsigned i = 0; i < kChains; i++)
		chains += "chain c" + std::to_string(i) + " { udp dport 1 drop comment \"" + std::string(100, 'x') +
		          "\"\n}\n";
	load(one_rule("home"));
	add("blue", one_rule("blue"));
	add("green", chains + "chain c { type filter hook input priority 0; udp dport 20000 drop\n}\n}\n");
	start();
	send(3, 1);
	drop_one("blue", 20000);
	drop_one("green", 20000);
	const auto changing = [](const std::string &family) {
		return std::vector<std::string>{"ip",
		                                "netns",
		                                "exec",
		                                "green",
		                                "sh",
		                                "-c",
		                                "i=0; while :; do i=$((i+1)); nft add table " + family + " t$i; done"};
	};
	Running one(changing("ip6"));
	Running other(changing("inet"));
	Running server({nft_drops(), "metrics", "--listen", ":9732"});
	ASSERT_TRUE(server.wait_for("serving metrics")) << server.err();
	const std::string home = shell("printf %s $(stat -L -c %i /proc/self/ns/net)");
	for (int i = 0; i < 3; i++) {
		const auto began = std::chrono::steady_clock::now();
		const Samples all = scraped(AF_INET, 9732);
		const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
		EXPECT_EQ(packets_of(all, home, "home"), 3U);
		EXPECT_EQ(packets_of(all, "blue", "blue"), 1U);
		EXPECT_EQ(all.at("nftables_drops_unread_namespaces"), 1U);
		printf("scrape %d took %.1f s\n", i, took.count());
	}
	EXPECT_THAT(server.err(),
	            HasSubstr("nft-drops: network namespaces: the rulesets of 1 with drops take too long"));
	one.finish(SIGKILL);
	other.finish(SIGKILL);
	EXPECT_EQ(server.finish(SIGTERM).status, 0);
	EXPECT_TRUE(programs_end());
}

} // namespace
} // namespace nft_drops::guest
