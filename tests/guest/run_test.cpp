// SPDX-License-Identifier: GPL-2.0-only
// `run -- CMD`: the situations of run/README.md. In each, another process uses the same ports at the same time, and the
// same rules drop its packets: nothing of it may be shown.
#include "run_commands.h"
#include "running.h"
#include "topology.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>

namespace nft_drops::guest {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A child process that lives as long as this object.
class Child {
public:
	template <typename Work> explicit Child(Work work) : pid_(fork()) {
		if (pid_ == 0) {
			work();
			_exit(0);
		}
	}
	Child(const Child &) = delete;
	Child &operator=(const Child &) = delete;
	~Child() {
		kill(pid_, SIGKILL);
		waitpid(pid_, nullptr, 0);
	}

private:
	pid_t pid_;
};

sockaddr_in left(unsigned port) {
	return {.sin_family = AF_INET,
	        .sin_port = htons(static_cast<uint16_t>(port)),
	        .sin_addr = {.s_addr = inet_addr("10.1.0.2")},
	        .sin_zero = {}};
}

// What another process at home sends to left, over and over: to all ports that the tests use.
[[noreturn]] void make_noise() {
	const int udp = socket(AF_INET, SOCK_DGRAM, 0), raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	icmphdr echo{};
	echo.type = ICMP_ECHO;
	echo.un.echo.id = htons(4712);
	echo.checksum = static_cast<uint16_t>(~(ICMP_ECHO + htons(4712)));
	for (;;) {
		for (const unsigned port : {53U, 443U, 4001U, 4002U}) {
			const sockaddr_in to = left(port);
			sendto(udp, "noise", 5, 0, reinterpret_cast<const sockaddr *>(&to), sizeof(to));
		}
		// The address that one test translates.
		sockaddr_in other = left(53);
		other.sin_addr.s_addr = inet_addr("10.1.0.9");
		sendto(udp, "noise", 5, 0, reinterpret_cast<const sockaddr *>(&other), sizeof(other));
		const sockaddr_in to = left(4000), host = left(0);
		sendto(raw, &echo, sizeof(echo), 0, reinterpret_cast<const sockaddr *>(&host), sizeof(host));
		const int tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		static_cast<void>(connect(tcp, reinterpret_cast<const sockaddr *>(&to), sizeof(to)));
		sockaddr_in6 six{};
		six.sin6_family = AF_INET6;
		six.sin6_port = htons(4000);
		inet_pton(AF_INET6, "fd01::2", &six.sin6_addr);
		const int tcp6 = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
		static_cast<void>(connect(tcp6, reinterpret_cast<const sockaddr *>(&six), sizeof(six)));
		usleep(50'000);
		close(tcp6);
		close(tcp);
	}
}

class RunTest : public testing::Test {
protected:
	void SetUp() override {
		shell("echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range");
		// The noise would take all the errors that left may send.
		net_.at("left", "echo 0 > /proc/sys/net/ipv4/icmp_ratelimit");
		noise_ = std::make_unique<Child>([] { make_noise(); });
	}
	// A rule that drops and counts, in a base chain of this hook.
	static void rule(const std::string &hook, const std::string &match, const std::string &priority = "filter") {
		shell("nft -f - <<'END'\ntable inet filter {\n\tchain " + hook + " {\n\t\ttype filter hook " + hook +
		      " priority " + priority + "\n\t\t" + match + " counter drop\n\t}\n}\nEND");
	}
	// CMD asks 10.1.0.9 for what 10.1.0.2 answers.
	static void translate() {
		shell("nft -f - <<'END'\ntable ip nat {\n\tchain out {\n\t\ttype nat hook output priority -100\n"
		      "\t\tip daddr 10.1.0.9 dnat to 10.1.0.2\n\t}\n}\nEND");
	}
	// Runs a server at port 4000, which "left" connects to once.
	Finished serve_once() {
		shell("rm -f /tmp/in; mkfifo /tmp/in");
		Running server({"sh", "-c", "exec " + quoted(words(as({"listen", "4000"}))) + "< /tmp/in"});
		const int in = open("/tmp/in", O_WRONLY | O_CLOEXEC);
		if (!server.wait_for("ready")) {
			ADD_FAILURE() << server.err();
			return {};
		}
		net_.at("left", quoted(as({"tcp", "10.1.0.1", "4000"})));
		std::this_thread::sleep_for(300ms);
		close(in);
		return server.wait();
	}
	// What the rules have dropped.
	static uint64_t dropped() {
		return std::stoull(shell("nft list ruleset | sed -n 's/.*counter packets \\([0-9]*\\).*/\\1/p'"));
	}
	static std::vector<std::string> words(const std::vector<std::string> &command,
	                                      std::vector<std::string> options = {}) {
		options.insert(options.begin(), {nft_drops(), "run", "--format", "line"});
		options.emplace_back("--");
		options.insert(options.end(), command.begin(), command.end());
		return options;
	}
	// The lines that are drops.
	static std::vector<std::string> drops(const Finished &end) {
		std::vector<std::string> lines;
		for (const std::string &line : lines_of(end.err))
			if (!line.starts_with("nft-drops: ") && !line.starts_with("#")) lines.push_back(line);
		return lines;
	}
	// Each line that is shown holds these words; there are so many, and the last line tells so. More was dropped.
	static void expect_shown(const Finished &end, size_t count, const std::vector<std::string> &holds) {
		const auto lines = drops(end);
		EXPECT_EQ(lines.size(), count) << end.err;
		for (const std::string &one : holds)
			EXPECT_THAT(lines, Each(HasSubstr(one)));
		expect_total(end, count);
		EXPECT_GT(dropped(), count) << "the noise was dropped, too";
	}
	static void expect_total(const Finished &end, size_t count) {
		const auto lines = lines_of(end.err);
		ASSERT_FALSE(lines.empty());
		EXPECT_THAT(lines.back(),
		            testing::StartsWith("nft-drops: " + std::to_string(count) + " drops concerned "));
		EXPECT_THAT(lines.back(), testing::EndsWith(", 0 lost"));
	}
	// At least one line, since TCP tries again.
	static void expect_some(const Finished &end, const std::vector<std::string> &holds) {
		const size_t count = drops(end).size();
		EXPECT_GE(count, 1U) << end.err;
		expect_shown(end, count, holds);
	}
	// A program that answers in one of the hosts.
	std::unique_ptr<Child> answering(unsigned port, unsigned ms = 0) {
		const std::string command = "exec " + quoted(as({"echo", std::to_string(port), std::to_string(ms)}));
		net_.at("left", "(" + command + ") > /tmp/echo.out 2>&1 & echo $! > /tmp/echo.pid");
		for (int i = 0; i < 1000 && shell("cat /tmp/echo.out").find("ready") == std::string::npos; i++)
			std::this_thread::sleep_for(10ms);
		return nullptr;
	}
	void TearDown() override {
		noise_.reset();
		shell("for f in /tmp/*.pid; do [ ! -e $f ] || kill -9 $(cat $f) || true; done; rm -f /tmp/*.pid "
		      "/tmp/*.out /tmp/go");
		EXPECT_TRUE(programs_end());
		EXPECT_TRUE(become(before_));
	}
	static std::string quoted(const std::vector<std::string> &command) {
		std::string text;
		for (const std::string &word : command)
			text += "'" + word + "' ";
		return text;
	}
	Leftovers before_ = leftovers();
	Topology net_;
	std::unique_ptr<Child> noise_;
};

TEST_F(RunTest, TcpClientOut) {
	rule("output", "tcp dport 4000");
	expect_some(run(words(as({"tcp", "10.1.0.2", "4000"}))),
	            {"output", "ip saddr 10.1.0.1 ip daddr 10.1.0.2", "tcp dport 4000 tcp flags syn"});
}

TEST_F(RunTest, TcpClientBack) {
	rule("input", "tcp sport 4000");
	expect_some(run(words(as({"tcp", "10.1.0.2", "4000"}))),
	            {"input", "ip saddr 10.1.0.2 ip daddr 10.1.0.1 tcp sport 4000", "tcp flags rst,ack"});
}

TEST_F(RunTest, UdpAnswer) {
	answering(53);
	rule("input", "udp sport 53");
	expect_shown(run(words(as({"udp", "10.1.0.2", "53", "1", "700"}))), 1,
	             {"ip saddr 10.1.0.2 ip daddr 10.1.0.1 udp sport 53", "length 33"});
}

TEST_F(RunTest, EndsBeforeItsAnswersCome) {
	noise_.reset(); // one after the other is answered, each after 300 ms
	answering(53, 300);
	rule("input", "udp sport 53");
	const Finished end = run(words(as({"udp", "10.1.0.2", "53", "1", "0"})));
	EXPECT_EQ(drops(end).size(), 1U) << end.err;
	expect_total(end, 1);
}

TEST_F(RunTest, NameServerAskedByAnotherProcess) {
	Running relay(as({"relay", "10.1.0.2", "53"}));
	ASSERT_TRUE(relay.wait_for("ready"));
	rule("output", "ip daddr 10.1.0.2 udp dport 53");
	const Finished end = run(words(as({"udp", "127.0.0.53", "53", "1", "500"})));
	expect_shown(end, 0, {});
	EXPECT_THAT(end.err, HasSubstr("asked the resolver at 127.0.0.53"));
}

TEST_F(RunTest, HappyEyeballs) {
	rule("output", "ip6 daddr fd01::2");
	expect_some(run(words(as({"tcp", "fd01::2", "4000", "10.1.0.2", "4000"}))),
	            {"ip6 daddr fd01::2", "tcp dport 4000"});
}

TEST_F(RunTest, AServerWhoseClientsAreDropped) {
	rule("input", "tcp dport 4000");
	shell("rm -f /tmp/in; mkfifo /tmp/in");
	Running server({"sh", "-c", "exec " + quoted(words(as({"listen", "4000"}))) + "< /tmp/in"});
	const int in = open("/tmp/in", O_WRONLY | O_CLOEXEC);
	ASSERT_TRUE(server.wait_for("ready")) << server.err();
	net_.at("left", quoted(as({"tcp", "10.1.0.1", "4000"})));
	// To the same port of another machine: this one forwards it.
	shell("nft add chain inet filter f '{ type filter hook forward priority filter; }'; "
	      "nft add rule inet filter f tcp dport 4000 drop");
	net_.at("left", quoted(as({"tcp", "10.2.0.2", "4000"})));
	close(in);
	const Finished end = server.wait();
	const auto lines = drops(end);
	EXPECT_GE(lines.size(), 1U) << end.err;
	EXPECT_THAT(lines, Each(HasSubstr("ip saddr 10.1.0.2 ip daddr 10.1.0.1")));
	EXPECT_THAT(lines, Each(HasSubstr("tcp dport 4000 tcp flags syn")));
	expect_total(end, lines.size());
}

TEST_F(RunTest, AnAcceptedConnection) {
	rule("output", "tcp sport 4000 tcp flags psh,ack / psh,ack");
	const Finished end = serve_once();
	EXPECT_THAT(drops(end), Not(IsEmpty())) << end.err;
	EXPECT_THAT(drops(end), Each(HasSubstr("ip saddr 10.1.0.1 ip daddr 10.1.0.2 tcp sport 4000")));
	expect_total(end, drops(end).size());
}

TEST_F(RunTest, TheAnswerToASyn) {
	rule("output", "tcp sport 4000 tcp flags syn,ack / syn,ack");
	const Finished end = serve_once();
	EXPECT_THAT(drops(end), Not(IsEmpty())) << end.err;
	EXPECT_THAT(drops(end), Each(HasSubstr("ip saddr 10.1.0.1 ip daddr 10.1.0.2 tcp sport 4000")));
	EXPECT_THAT(drops(end), Each(HasSubstr("tcp flags syn,ack")));
	expect_total(end, drops(end).size());
}

TEST_F(RunTest, ADaemonThatForksTwice) {
	rule("output", "udp dport 4001");
	Running daemon(words(as({"daemon", "10.1.0.2", "4001", "/tmp/go"})));
	ASSERT_TRUE(daemon.wait_for("has ended, and its children go on")) << daemon.err();
	shell("touch /tmp/go");
	const Finished end = daemon.wait();
	EXPECT_EQ(end.status, 0);
	expect_shown(end, 1, {"ip daddr 10.1.0.2", "udp dport 4001", "length 33"});
}

TEST_F(RunTest, PingSocket) {
	rule("input", "icmp type echo-reply");
	const Finished end = run(words(as({"ping", "10.1.0.2", "socket"})));
	EXPECT_EQ(end.status, 3) << "nothing came";
	expect_shown(end, 1, {"icmp type echo-reply"});
	EXPECT_THAT(drops(end), Each(Not(HasSubstr("icmp id 4712"))));
}

TEST_F(RunTest, RawPing) {
	rule("output", "icmp type echo-request");
	expect_shown(run(words(as({"ping", "10.1.0.2", "raw"}))), 1, {"icmp type echo-request", "icmp id 4711"});
}

TEST_F(RunTest, ARawPingsReply) {
	rule("input", "icmp type echo-reply");
	expect_shown(run(words(as({"ping", "10.1.0.2", "raw"}))), 1, {"icmp type echo-reply", "icmp id 4711"});
}

TEST_F(RunTest, AnIcmpErrorByThePacketInside) {
	rule("input", "icmp type destination-unreachable");
	expect_shown(run(words(as({"udp", "10.1.0.2", "4002", "1", "500"}))), 1,
	             {"icmp type destination-unreachable", "inside ip saddr 10.1.0.1", "udp dport 4002"});
}

TEST_F(RunTest, QuicLikeUdp) {
	answering(443);
	rule("input", "udp sport 443");
	expect_shown(run(words(as({"quic", "10.1.0.2", "443", "20", "50"}))), 20, {"udp sport 443", "length 33"});
}

TEST_F(RunTest, ManyConnections) {
	const size_t count = std::getenv("NFT_DROPS_FULL") ? 10'000 : 300;
	rule("input", "tcp sport 4000 tcp flags & rst == rst");
	const Finished end = run(words(as({"many", "10.1.0.2", "4000", std::to_string(count)}), {"-j"}));
	size_t own = 0;
	for (const std::string &line : lines_of(end.err))
		if (line.starts_with("{")) own++;
	EXPECT_GE(own, count) << "each SYN has its answer";
	expect_total(end, own);
}

// The answer's source is translated back at the hook input with priority 100 (NF_IP_PRI_NAT_SRC): a chain in front of
// it sees the address that the packet left for, one behind it the address that CMD asked for.
TEST_F(RunTest, ThroughDnat) {
	answering(53);
	rule("input", "ip saddr 10.1.0.9 udp sport 53", "200");
	translate();
	expect_shown(run(words(as({"udp", "10.1.0.9", "53", "1", "700"}))), 1,
	             {"ip saddr 10.1.0.9 ip daddr 10.1.0.1 udp sport 53", "length 33"});
}

TEST_F(RunTest, ThroughDnatInFrontOfItsEnd) {
	answering(53);
	rule("input", "udp sport 53");
	translate();
	expect_shown(run(words(as({"udp", "10.1.0.9", "53", "1", "700"}))), 1,
	             {"ip saddr 10.1.0.2 ip daddr 10.1.0.1 udp sport 53", "length 33"});
}

TEST_F(RunTest, NothingConcernsTrue) {
	rule("output", "udp dport 53");
	expect_shown(run(words({"true"})), 0, {});
}

TEST_F(RunTest, AMatchAndAFileAndASelector) {
	rule("output", "udp dport { 4001, 4002 }");
	const std::string script = quoted(as({"udp", "10.1.0.2", "4001", "1", "0"})) + ";" +
	                           quoted(as({"udp", "10.1.0.2", "4002", "2", "0"}));
	const Finished end = run({nft_drops(), "run", "table", "inet", "filter", "udp dport 4002", "--output",
	                          "/tmp/drops.out", "--", "sh", "-c", script});
	expect_total(end, 2);
	EXPECT_EQ(lines_of(end.err).size(), 1U) << end.err;
	const std::string shown = shell("cat /tmp/drops.out");
	EXPECT_THAT(shown, HasSubstr("table inet filter { # handle "));
	EXPECT_THAT(shown, HasSubstr("udp dport 4002 length 33"));
	EXPECT_THAT(shown, Not(HasSubstr("udp dport 4001 length")));
}

} // namespace
} // namespace nft_drops::guest
