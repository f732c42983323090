// SPDX-License-Identifier: GPL-2.0-only
// `metrics` on a real kernel: its figures are those of nft's own counters, through changes of the ruleset.
#include "count_fixture.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <netinet/in.h>
#include <set>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// One sample: "name{labels}" and its value.
using Samples = std::map<std::string, uint64_t>;

Samples samples_in(const std::string &text) {
	Samples samples;
	for (const std::string &line : lines_of(text)) {
		if (line.empty() || line.front() == '#') continue;
		const size_t space = line.rfind(' ');
		EXPECT_TRUE(samples.emplace(line.substr(0, space), std::stoull(line.substr(space + 1))).second)
		        << "twice: " << line;
	}
	return samples;
}

std::string label_in(const std::string &sample, const std::string &name) {
	const size_t at = sample.find(name + "=\"");
	if (at == std::string::npos) return "(none)";
	const size_t begin = at + name.size() + 2;
	return sample.substr(begin, sample.find('"', begin) - begin);
}

// The samples of one metric, by the label "handle".
std::map<std::string, uint64_t> by_handle(const Samples &samples, const std::string &metric) {
	std::map<std::string, uint64_t> found;
	for (const auto &[sample, value] : samples)
		if (sample.starts_with(metric + "{")) found[label_in(sample, "handle")] = value;
	return found;
}

class Metrics : public CountTest {
protected:
	static std::string text() {
		const Finished f = run({nft_drops(), "metrics"});
		EXPECT_EQ(f.status, 0) << f.err;
		EXPECT_EQ(f.err, "");
		return f.out;
	}
	static Samples samples() { return samples_in(text()); }

	// Every rule with a counter has its figures; nothing else has a handle.
	static void expect_nfts_counters(const Samples &samples) {
		const auto packets = by_handle(samples, "nftables_drop_packets_total");
		const auto bytes = by_handle(samples, "nftables_drop_bytes_total");
		const auto counters = nft_counters();
		EXPECT_EQ(packets.size(), counters.size() + 1) << "and the policy";
		for (const auto &[handle, counter] : counters) {
			const std::string name = std::to_string(handle);
			ASSERT_TRUE(packets.contains(name)) << name;
			EXPECT_EQ(packets.at(name), counter.first) << name;
			EXPECT_EQ(bytes.at(name), counter.second) << name;
		}
	}
};

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

// What the server at this port answers; IPv4 or IPv6 loopback.
std::string asked(int family, uint16_t port, const std::string &request) {
	const int s = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sockaddr_in in{};
	in.sin_family = AF_INET;
	in.sin_port = htons(port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sockaddr_in6 in6{};
	in6.sin6_family = AF_INET6;
	in6.sin6_port = htons(port);
	in6.sin6_addr = in6addr_loopback;
	const auto *to = family == AF_INET ? reinterpret_cast<sockaddr *>(&in) : reinterpret_cast<sockaddr *>(&in6);
	EXPECT_EQ(connect(s, to, family == AF_INET ? sizeof(in) : sizeof(in6)), 0);
	EXPECT_EQ(write(s, request.data(), request.size()), static_cast<ssize_t>(request.size()));
	std::string answer;
	char buffer[4096];
	for (ssize_t n = 0; (n = read(s, buffer, sizeof(buffer))) > 0;)
		answer.append(buffer, static_cast<size_t>(n));
	close(s);
	return answer;
}

Samples scraped(int family, uint16_t port) {
	const std::string answer = asked(family, port, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
	EXPECT_THAT(answer,
	            StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	return samples_in(answer.substr(answer.find("\r\n\r\n") + 4));
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

// Namespaces beside that of `metrics`: "blue" and "green" as `ip netns` has them, and what a test makes.
class FleetMetrics : public Metrics {
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
		shell("ip netns exec " + name + " sh -c 'echo x >/dev/udp/127.0.0.1/" + std::to_string(port) +
		      "' 2>/dev/null || ip netns exec " + name + " sh -c 'echo x | nc -u -w 1 127.0.0.1 " +
		      std::to_string(port) + "'");
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

TEST_F(FleetMetrics, EachNamespaceHasItsSeries) {
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
TEST_F(FleetMetrics, NoScrapeWaitsForAHostileNamespace) {
	constexpr unsigned kChains = 60000;
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
	const double nfts = seconds(cost_of("ip netns exec green nft -a list ruleset"));
	Running changing({"ip", "netns", "exec", "green", "sh", "-c",
	                  "i=0; while :; do i=$((i+1)); nft add table ip t$i; done"});
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
		printf("scrape %d took %.1f s; nft lists the hostile namespace in %.1f s\n", i, took.count(), nfts);
	}
	EXPECT_THAT(server.err(),
	            HasSubstr("nft-drops: network namespaces: the rulesets of 1 with drops take too long"));
	changing.finish(SIGKILL);
	EXPECT_EQ(server.finish(SIGTERM).status, 0);
	EXPECT_TRUE(programs_end());
}

} // namespace
} // namespace nft_drops::guest
