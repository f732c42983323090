// SPDX-License-Identifier: GPL-2.0-only
// A real Prometheus scrapes `metrics --listen`, and by node_exporter's textfile collector what `metrics --textfile`
// wrote, while packets are dropped and the ruleset changes.
#include "metrics_fixture.h"

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto kInterval = 10s; // scrape_interval
constexpr const char *kConfiguration = R"(global: { scrape_interval: 10s, scrape_timeout: 10s }
scrape_configs:
  - job_name: served
    static_configs: [{ targets: ['127.0.0.1:9732'] }]
  - job_name: textfile
    static_configs: [{ targets: ['127.0.0.1:9100'] }]
)";

std::string url_encoded(const std::string &text) {
	constexpr const char *kDigits = "0123456789ABCDEF";
	std::string out;
	for (const char c : text)
		out += {'%', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[c & 15]};
	return out;
}

// One dropped datagram every 50 ms, to the ports 20000 to 20019 in turn.
class Traffic {
public:
	Traffic() : thread_([this] { send(); }) {}
	Traffic(const Traffic &) = delete;
	Traffic &operator=(const Traffic &) = delete;
	~Traffic() {
		stop_ = true;
		thread_.join();
	}

private:
	void send() const {
		const int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		for (unsigned i = 0; !stop_; i++) {
			const sockaddr_in to = address(INADDR_LOOPBACK, 20000 + i % 20);
			EXPECT_EQ(sendto(s, "x", 1, 0, reinterpret_cast<const sockaddr *>(&to), sizeof(to)), 1);
			std::this_thread::sleep_for(50ms);
		}
		close(s);
	}
	std::atomic<bool> stop_ = false;
	std::thread thread_; // the last: it uses the others
};

class Prometheus : public Metrics {
protected:
	void SetUp() override {
		Metrics::SetUp();
		for (const char *folder : {"/tmp/prometheus", "/tmp/textfile"}) {
			fs::remove_all(folder);
			fs::create_directories(folder);
		}
		std::ofstream("/tmp/prometheus/prometheus.yml") << kConfiguration;
	}

	// The answer to an instant query.
	static json query(const std::string &expression) {
		const std::string answer = asked(
		        AF_INET, 9090, "GET /api/v1/query?query=" + url_encoded(expression) + " HTTP/1.0\r\n\r\n");
		const json all = json::parse(answer.substr(std::min(answer.find("\r\n\r\n"), answer.size() - 4) + 4));
		EXPECT_EQ(all["status"], "success") << all;
		return all["data"]["result"];
	}
	// A query's only value; NaN where it has none.
	static double value(const std::string &expression) {
		const json result = query(expression);
		EXPECT_LE(result.size(), 1U) << result;
		return result.empty() ? NAN : std::stod(result[0]["value"][1].get<std::string>());
	}
	// Waits until Prometheus has begun and stored one more scrape of this job. One that took too long is none.
	static void next_scrape(const std::string &job) {
		const double now =
		        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
		const std::string up = "up{job=\"" + job + "\"}";
		for (int i = 0; i < 600; i++) {
			if (value("timestamp(" + up + ")") > now && value(up) == 1.0) return;
			std::this_thread::sleep_for(500ms);
		}
		FAIL() << "no scrape of " << job << " within five minutes: " << query("up");
	}
	// What the job's last samples say, by the label "handle".
	static std::map<std::string, uint64_t> raw(const std::string &job, const std::string &metric) {
		std::map<std::string, uint64_t> found;
		for (const json &one : query(metric + "{job=\"" + job + "\"}"))
			found[one["metric"].value("handle", "")] = std::stoull(one["value"][1].get<std::string>());
		return found;
	}
	static void expect_counters(const std::string &job) {
		const auto packets = raw(job, "nftables_drop_packets_total");
		const auto bytes = raw(job, "nftables_drop_bytes_total");
		const auto counters = nft_counters();
		EXPECT_EQ(packets.size(), counters.size()) << "deleted rules end";
		for (const auto &[handle, counter] : counters) {
			const std::string name = std::to_string(handle);
			ASSERT_TRUE(packets.contains(name)) << job << " " << name;
			EXPECT_EQ(packets.at(name), counter.first) << job << " " << name;
			EXPECT_EQ(bytes.at(name), counter.second) << job << " " << name;
		}
	}
	static std::string rules(unsigned first) {
		std::string text = "table inet t { chain c { type filter hook input priority 0; policy accept;\n";
		for (unsigned i = 0; i < 20; i++)
			text += "udp dport " + std::to_string(20000 + (first + i) % 20) + " counter drop\n";
		return text + "}\n}\n";
	}
	static uint64_t all_packets() {
		uint64_t all = 0;
		for (const auto &[handle, counter] : nft_counters())
			all += counter.first;
		return all;
	}
	static void write_textfile() { shell(nft_drops() + " metrics --textfile /tmp/textfile/nft-drops.prom"); }
};

TEST_F(Prometheus, SamplesAreTheCounters) {
	load(rules(0));
	start();
	Running server({nft_drops(), "metrics", "--listen", "127.0.0.1:9732"});
	ASSERT_TRUE(server.wait_for("serving metrics")) << server.err();
	Running exporter({"prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
	                  "--collector.textfile.directory=/tmp/textfile", "--web.listen-address=127.0.0.1:9100"});
	Running prometheus({"prometheus", "--config.file=/tmp/prometheus/prometheus.yml",
	                    "--storage.tsdb.path=/tmp/prometheus/data", "--web.listen-address=127.0.0.1:9090"});
	ASSERT_TRUE(prometheus.wait_for("Server is ready to receive web requests")) << prometheus.err();
	next_scrape("served");
	expect_counters("served"); // all at 0

	// Drops and reloads: after each, the next sample has the kernel's figures.
	for (unsigned round = 1; round <= 4; round++) {
		send(200, 20);
		if (round % 2 == 0) {
			std::ofstream("/tmp/other.nft") << "flush ruleset\n" << rules(round);
			shell("nft -f /tmp/other.nft");
			send(100, 20);
		}
		if (round == 3)
			shell("nft delete rule inet t c handle " + std::to_string(nft_counters().begin()->first));
		next_scrape("served");
		expect_counters("served");
	}
	write_textfile();
	next_scrape("textfile");
	expect_counters("textfile");
	EXPECT_EQ(value("node_textfile_scrape_error"), 0.0);

	// An even stream for ten scrapes.
	{
		const Traffic traffic;
		next_scrape("served");
		const auto begin = std::chrono::steady_clock::now();
		const uint64_t before = all_packets();
		std::this_thread::sleep_for(12 * kInterval);
		next_scrape("served");
		const double increase = value("sum(increase(nftables_drop_packets_total{job=\"served\"}[100s]))");
		const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
		const double expected = static_cast<double>(all_packets() - before) / took.count() * 100;
		printf("increase() over ten scrapes: %.1f of %.1f packets\n", increase, expected);
		EXPECT_NEAR(increase, expected, expected * 0.05);
	}
	EXPECT_EQ(value("max(resets(nftables_drop_packets_total{job=\"served\"}[100s]))"), 0.0)
	        << "no series fell without cause";
	EXPECT_GT(value("max(resets(nftables_drop_packets_total{job=\"served\"}[20m]))"), 0.0)
	        << "Prometheus knows a reload as a reset";
	EXPECT_EQ(value("min(up)"), 1.0);
	prometheus.finish(SIGTERM);
	exporter.finish(SIGTERM);
	EXPECT_EQ(server.finish(SIGTERM).status, 0);
}

} // namespace
} // namespace nft_drops::guest
