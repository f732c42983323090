// SPDX-License-Identifier: GPL-2.0-only
// What a scrape of a large ruleset costs. For a machine whose clock counts instructions (run-vm --icount): the
// processor time of its processes is a number of instructions.
#include "metrics_fixture.h"
#include "running.h"

#include <csignal>
#include <fstream>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

// Processor time of a process and of the children that it waited for, in seconds.
double used_by(pid_t pid) {
	const std::string text = contents("/proc/" + std::to_string(pid) + "/stat");
	std::istringstream fields(text.substr(text.rfind(')') + 2)); // the third field of proc(5) is the first here
	std::string skipped;
	for (int field = 3; field < 14; field++)
		fields >> skipped;
	long ticks = 0;
	for (int field = 14; field <= 17; field++) {
		long more = 0;
		fields >> more;
		ticks += more;
	}
	EXPECT_TRUE(fields) << text;
	return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

class MetricsCost : public Metrics {};

// 1,000 chains of 100 rules, of which ten drop a port of their own: 100,000 rules, 10,000 of them drop.
TEST_F(MetricsCost, AHundredThousandRulesAreListedOnce) {
	constexpr unsigned kChains = 1000, kDropping = 10, kRules = 100, kFirst = 20000, kEcho = 40000;
	std::string chains, elements;
	for (unsigned chain = 0; chain < kChains; chain++) {
		const std::string name = "c" + std::to_string(chain);
		const unsigned port = kFirst + chain * kDropping;
		chains += "chain " + name + " {\n";
		for (unsigned i = 0; i < kRules; i++)
			chains += (i % kDropping == 0 ? "udp dport " + std::to_string(port + i / kDropping)
			                              : "ip saddr 10.0." + std::to_string(i) + ".1 udp dport 1") +
			          " counter drop\n";
		chains += "}\n";
		elements +=
		        std::to_string(port) + "-" + std::to_string(port + kDropping - 1) + " : jump " + name + ",\n";
	}
	std::ofstream("/tmp/huge.nft") << "table inet t {\n"
	                               << chains << "chain base { type filter hook input priority 0; policy accept;\n"
	                               << "udp dport vmap {" << elements << "}\n}\n}\n";
	cost_of("nft -f /tmp/huge.nft");
	start();
	ends_well(send_over_loopback(0, kChains * kDropping, kEcho,
	                             [](unsigned i) { return Datagram{INADDR_LOOPBACK, kFirst + i}; }));
	Running server({nft_drops(), "metrics", "--listen", ":9732"});
	ASSERT_TRUE(server.wait_for("serving metrics")) << server.err();
	const auto scrape = [&server](Samples &samples) {
		const double before = used_by(server.pid());
		samples = scraped(AF_INET, 9732);
		return used_by(server.pid()) - before;
	};
	Samples samples;
	const double first = scrape(samples);
	const auto packets = by_handle(samples, "nftables_drop_packets_total");
	EXPECT_EQ(packets.size(), kChains * kDropping) << "90,000 others have no series";
	for (const auto &[handle, n] : packets)
		ASSERT_EQ(n, 1U) << handle;
	constexpr int kTimes = 3;
	double later = 0;
	for (int i = 0; i < kTimes; i++)
		later += scrape(samples) / kTimes;
	const double nfts = seconds(cost_of("nft -a list ruleset"));
	printf("100,000 rules, 10,000 drop, seconds or 10^9 instructions: nft -a list ruleset %.2f, first scrape %.2f, "
	       "later scrapes %.2f\n",
	       nfts, first, later);
	EXPECT_LT(later, nfts);
	EXPECT_LT(first, 1.3 * nfts) << "it lists once";
	EXPECT_EQ(server.finish(SIGTERM).status, 0);
}

} // namespace
} // namespace nft_drops::guest
