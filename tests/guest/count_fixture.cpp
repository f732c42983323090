// SPDX-License-Identifier: GPL-2.0-only
#include "count_fixture.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr unsigned kEcho = 21000; // and the next: accepted

} // namespace

bool full() {
	return std::getenv("NFT_DROPS_FULL") != nullptr;
}

pid_t sender(unsigned count, unsigned ports, int cpu) {
	return send_over_loopback(cpu, count, kEcho,
	                          [ports](unsigned i) { return Datagram{INADDR_LOOPBACK, 20000 + i % ports}; });
}

std::string twenty_rules(int first) {
	std::string text = "table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy drop;\n";
	for (int i = 0; i < 20; i++)
		text += "\t\tudp dport " + std::to_string(20000 + (first + i) % 20) + " counter drop\n";
	return text + "\t\tudp dport 21000-21001 accept\n\t}\n}\n";
}

rusage cost_of(const std::string &command) {
	const pid_t child = fork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", ("exec " + command + " >/tmp/cost.out").c_str(), nullptr);
		_exit(127);
	}
	int status = 0;
	rusage used{};
	EXPECT_EQ(wait4(child, &status, 0, &used), child);
	EXPECT_EQ(status, 0) << command;
	return used;
}

double seconds(const rusage &used) {
	const auto of = [](const timeval &t) {
		return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
	};
	return of(used.ru_utime) + of(used.ru_stime);
}

void CountTest::SetUp() {
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	shell("ip link set lo up");
	before_ = leftovers();
}

void CountTest::TearDown() {
	run({nft_drops(), "count", "stop"});
	EXPECT_TRUE(become(before_));
	EXPECT_FALSE(std::filesystem::exists(kPins));
}

void CountTest::load(const std::string &ruleset) {
	shell("nft -f - <<'END'\n" + ruleset + "\nEND");
}

void CountTest::start(const std::vector<std::string> &options) {
	std::vector<std::string> command{nft_drops(), "count", "start"};
	command.insert(command.end(), options.begin(), options.end());
	const Finished f = run(command);
	ASSERT_EQ(f.status, 0) << f.err;
	EXPECT_THAT(f.err, HasSubstr("nft-drops: counting at "));
}

std::string CountTest::status() {
	return shell(nft_drops() + " count status");
}

std::string CountTest::list(const std::string &what) {
	return shell(nft_drops() + " list " + what + " --with-drop-counts");
}

std::string CountTest::figures(const std::string &text) {
	std::string found;
	for (const std::string &line : lines_of(list("ruleset --zero"))) {
		const size_t at = line.find(" # dropped packets ");
		if (line.find(text) == std::string::npos || at == std::string::npos) continue;
		EXPECT_EQ(found, "") << text;
		found = line.substr(at + std::string_view(" # dropped packets ").size());
	}
	const size_t word = found.find(" bytes");
	return word == std::string::npos ? found : found.erase(word, 6);
}

void CountTest::send(unsigned count, unsigned ports, int cpu) {
	ends_well(sender(count, ports, cpu));
}

void CountTest::expect_right_over_reloads(unsigned reloads, unsigned every) {
	constexpr unsigned kEach = 1000;
	size_t compared = 0;
	for (unsigned i = 1; i <= reloads; i++) {
		std::ofstream("/tmp/other.nft") << "flush ruleset\n" << twenty_rules(static_cast<int>(i));
		const pid_t child = sender(kEach, 25, 1);
		shell("nft -f /tmp/other.nft");
		ends_well(child);
		send(100, 25);
		if (i % every != 0) continue;
		const json all = json::parse(shell(nft_drops() + " -j list ruleset --with-drop-counts"));
		for (const json &element : all["nftables"]) {
			if (!element.contains("rule") || !element["rule"]["expr"][1].contains("counter")) continue;
			const json &rule = element["rule"];
			const json &counter = rule["expr"][1]["counter"];
			ASSERT_EQ(rule["drops"]["packets"], counter["packets"]) << i << rule;
			ASSERT_EQ(rule["drops"]["bytes"], counter["bytes"]) << i << rule;
			ASSERT_GE(rule["drops"]["packets"], 4) << i << rule;
			compared++;
		}
	}
	EXPECT_EQ(compared, 20 * (reloads / every));
	EXPECT_THAT(status(), HasSubstr("\ndropped: packets " + std::to_string((kEach + 100) * reloads) + " bytes "));
	printf("%u reloads under traffic: %zu rules as nft counted\n", reloads, compared);
}

} // namespace nft_drops::guest
