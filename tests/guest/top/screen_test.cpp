// SPDX-License-Identifier: GPL-2.0-only
// top on a terminal, as a person drives it: tmux keeps the terminal. NFT_DROPS_PICTURES: a folder for what was shown.
#include "tests/guest/abilities.h"
#include "tests/guest/loopback_sender.h"
#include "tests/guest/running.h"
#include "tmux.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr const char *kRuleset = R"(
table inet filter {
	chain input {
		type filter hook input priority 0; policy accept;
		udp dport 31000-31001 accept
		udp dport 53 ip saddr { 127.0.0.7, 127.0.0.8, 127.0.0.9 } counter drop comment "resolvers that nobody asked"
		udp dport 123 counter drop comment "time"
		udp dport 7 counter drop
	}
}
)";
// A rule in a chain of its own, and one that wants conntrack.
constexpr const char *kServices = R"(
table inet filter {
	chain services {
		udp dport 2001 counter drop
	}
	chain input {
		udp dport 2000-2001 jump services
	}
	chain output {
		type filter hook output priority 0; policy accept;
		udp sport 1 ct state new drop
	}
}
)";
constexpr unsigned kEcho = 31000;
constexpr const char *kColour = "\033\\[3[0-7]m"; // tmux writes 39, no colour, in any case

class TopScreen : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_EQ(unshare(CLONE_NEWNET), 0);
		shell("ip link set lo up");
		shell("nft -f - <<'END'\n" + std::string(kRuleset) + "\nEND");
		before_ = leftovers();
	}
	void TearDown() override { EXPECT_TRUE(become(before_)); }

	static void send(unsigned count, unsigned port, uint32_t from = 0x7f000007) {
		ends_well(send_over_loopback(0, count, kEcho, [port, from](unsigned) { return Datagram{from, port}; }));
	}
	static void start(Tmux &tmux, const std::string &options = "") {
		tmux.run("stty -a >/tmp/before; echo what was here before");
		tmux.run("sh -c 'echo $$ >/tmp/pid; exec " + nft_drops() + " top " + options +
		         "'; echo status=$?; stty -a >/tmp/after");
		ASSERT_TRUE(tmux.wait_for("nft-drops top  ")) << tmux.screen();
	}
	// The program is gone, and the terminal is as it was.
	static void expect_restored(Tmux &tmux, int status) {
		EXPECT_TRUE(tmux.wait_for("status=" + std::to_string(status))) << tmux.screen();
		for (int i = 0; i < 100 && shell("cat /tmp/after 2>/dev/null || true").empty(); i++)
			usleep(100'000);
		EXPECT_EQ(shell("cat /tmp/after"), shell("cat /tmp/before"));
		EXPECT_EQ(tmux.state(), "0 1");
	}
	static void keep_picture(const Tmux &tmux, const std::string &name) {
		if (const char *folder = std::getenv("NFT_DROPS_PICTURES")) {
			shell(std::string("mkdir -p ") + folder);
			std::ofstream(std::string(folder) + "/" + name) << tmux.screen();
		}
	}
	Leftovers before_;
};

TEST_F(TopScreen, EveryKeyAt80By24) {
	Tmux tmux(80, 24, "screen");
	start(tmux);
	EXPECT_THAT(tmux.screen(), HasSubstr("no drop so far"));
	send(30, 53, 0x7f000007);
	send(20, 53, 0x7f000008);
	send(40, 123);
	send(10, 7);
	ASSERT_TRUE(tmux.wait_for("100 drops")) << tmux.screen();
	EXPECT_THAT(tmux.screen(), HasSubstr("udp dport 123 counter drop comm>"));
	keep_picture(tmux, "rules.txt");
	// Orders. The anonymous set has a handle, too: port 53 is dropped by handle 4.
	tmux.press("s");
	ASSERT_TRUE(tmux.wait_for("sorted by total"));
	tmux.press("s");
	ASSERT_TRUE(tmux.wait_for("sorted by last seen"));
	tmux.press("s");
	ASSERT_TRUE(tmux.wait_for("sorted by name"));
	tmux.press("s");
	ASSERT_TRUE(tmux.wait_for("sorted by drops/s"));
	tmux.press("s");
	ASSERT_TRUE(tmux.wait_for("sorted by total"));
	const std::string by_total = tmux.screen();
	EXPECT_LT(by_total.find("udp dport 53"), by_total.find("udp dport 123"));
	EXPECT_LT(by_total.find("udp dport 123"), by_total.find("udp dport 7"));
	// The flows of the first rule.
	tmux.press("Home");
	tmux.press("Enter");
	ASSERT_TRUE(tmux.wait_for("SOURCE")) << tmux.screen();
	EXPECT_THAT(tmux.screen(), HasSubstr("127.0.0.7 127.0.0.1   udp 53 iif \"lo\""));
	EXPECT_THAT(tmux.screen(), HasSubstr("127.0.0.8 127.0.0.1   udp 53 iif \"lo\""));
	// Its text is whole.
	EXPECT_THAT(tmux.screen(), HasSubstr("\"resolvers that nobody"));
	EXPECT_THAT(tmux.screen(), HasSubstr("asked\" # handle 4"));
	keep_picture(tmux, "flows.txt");
	tmux.press("n");
	ASSERT_TRUE(tmux.wait_for("names for addresses"));
	tmux.press("n");
	tmux.press("Escape");
	ASSERT_TRUE(tmux.wait_for("RULE"));
	// Moving: the second rule's flows.
	tmux.press("j");
	tmux.press("Enter");
	ASSERT_TRUE(tmux.wait_for("udp 123 iif"));
	tmux.press("Escape");
	tmux.press("k");
	tmux.press("Down");
	tmux.press("End");
	tmux.press("Enter");
	ASSERT_TRUE(tmux.wait_for("udp 7 iif"));
	tmux.press("Escape");
	tmux.press("PageUp");
	tmux.press("Enter");
	ASSERT_TRUE(tmux.wait_for("udp 53 iif"));
	tmux.press("Escape");
	tmux.press("PageDown");
	// Pause: what is shown stays, and drops are counted.
	tmux.press("p");
	ASSERT_TRUE(tmux.wait_for("PAUSED"));
	send(5, 7);
	sleep(3);
	EXPECT_THAT(tmux.screen(), HasSubstr("100 drops"));
	tmux.press("p");
	ASSERT_TRUE(tmux.wait_for("105 drops"));
	tmux.press("?");
	ASSERT_TRUE(tmux.wait_for("figures begin anew. Empty: none"));
	keep_picture(tmux, "help.txt");
	tmux.press("x");
	ASSERT_TRUE(tmux.wait_for("RULE"));
	tmux.press("r");
	ASSERT_TRUE(tmux.wait_for("nft-drops top  0 drops"));
	// A filter that nft refuses: its words, and the old filter stays.
	tmux.press("/");
	ASSERT_TRUE(tmux.wait_for("filter: _"));
	tmux.type("udp dport nonsense");
	tmux.press("Enter");
	ASSERT_TRUE(tmux.wait_for("Error: ")) << tmux.screen();
	tmux.press("/");
	tmux.type("udp dport 7");
	tmux.press("Enter");
	ASSERT_TRUE(tmux.wait_for("/ udp dport 7")) << tmux.screen();
	send(4, 7);
	send(3, 53);
	ASSERT_TRUE(tmux.wait_for("4 drops of 7")) << tmux.screen();
	EXPECT_THAT(tmux.screen(), Not(HasSubstr("udp dport 53 ")));
	keep_picture(tmux, "filter.txt");
	tmux.press("q");
	expect_restored(tmux, 0);
	EXPECT_THAT(tmux.screen(), HasSubstr("what was here before"));
	EXPECT_THAT(tmux.screen(), HasSubstr("4 drops (4 by rule, 0 by policy, 0 other) of 7, 0 lost"));
}

// Of an opened rule, one packet a second with its path and details.
TEST_F(TopScreen, SamplesOfTheOpenedRule) {
	shell("nft -f - <<'END'\n" + std::string(kServices) + "\nEND");
	Tmux tmux(120, 40, "screen");
	start(tmux);
	send(30, 2001);
	ASSERT_TRUE(tmux.wait_for("30 drops")) << tmux.screen();
	const Leftovers closed = leftovers();
	tmux.press("Enter");
	ASSERT_TRUE(tmux.wait_for("SOURCE")) << tmux.screen();
	EXPECT_THAT(tmux.screen(), Not(HasSubstr("sample ")));
	// Drops of another rule are no samples. Until there is a probe, neither are those of this rule.
	for (int i = 0; i < 60 && tmux.screen().find("sample ") == std::string::npos; i++) {
		send(2, 123, 0x7f000008);
		send(1, 2001);
		sleep(1);
	}
	const std::string first = tmux.screen();
	EXPECT_THAT(first, ContainsRegex("  sample [0-9:.]+ iif \"lo\" ip saddr 127.0.0.7 ip daddr 127.0.0.1 udp sport "
	                                 "[0-9]+ udp dport 2001"));
	EXPECT_THAT(first, HasSubstr("    input -> jump services (handle "));
	EXPECT_THAT(first, HasSubstr(") -> drop (handle "));
	EXPECT_THAT(first, HasSubstr("    ct state new ct direction original"));
	EXPECT_EQ(first.find("    hook input: inet filter input DROPPED at 0") != std::string::npos, tells_hooks())
	        << first;
	EXPECT_THAT(first, HasSubstr("127.0.0.7 127.0.0.1   udp 2001"));
	keep_picture(tmux, "sample.txt");
	// The next second's sample.
	const auto shown = [](const std::string &screen) { return screen.substr(screen.find("sample "), 22); };
	for (int i = 0; i < 10 && shown(tmux.screen()) == shown(first); i++) {
		send(1, 2001, 0x7f000009);
		sleep(1);
	}
	EXPECT_THAT(tmux.screen(), HasSubstr("ip saddr 127.0.0.9 ip daddr")) << first;
	EXPECT_GT(leftovers().links, closed.links);
	// Once the rule is closed, the second probe is gone.
	tmux.press("Escape");
	ASSERT_TRUE(tmux.wait_for("RULE"));
	EXPECT_TRUE(become(closed));
	tmux.press("q");
	expect_restored(tmux, 0);
}

TEST_F(TopScreen, FollowsAResize) {
	Tmux tmux(200, 50, "screen");
	start(tmux);
	send(50, 53);
	ASSERT_TRUE(tmux.wait_for("50 drops"));
	EXPECT_THAT(tmux.screen(), HasSubstr("comment \"resolvers that nobody asked\" # handle 4"));
	EXPECT_EQ(lines_of(tmux.screen()).back().substr(0, 11), "Enter flows");
	keep_picture(tmux, "wide.txt");
	tmux.resize(80, 24);
	ASSERT_TRUE(tmux.wait_for("\nEnter flows")) << tmux.screen();
	EXPECT_THAT(tmux.screen(), Not(HasSubstr("# handle 4")));
	tmux.resize(20, 5);
	ASSERT_TRUE(tmux.wait_for("nft-drops top"));
	tmux.resize(200, 50);
	ASSERT_TRUE(tmux.wait_for("comment \"resolvers that nobody asked\" # handle 4")) << tmux.screen();
	tmux.press("q");
	expect_restored(tmux, 0);
}

TEST_F(TopScreen, AnOldTerminalWithoutColours) {
	Tmux tmux(80, 24, "vt100");
	start(tmux);
	send(50, 53);
	ASSERT_TRUE(tmux.wait_for("50 drops"));
	EXPECT_THAT(tmux.screen(true), Not(ContainsRegex(kColour)));
	tmux.press("Enter");
	ASSERT_TRUE(tmux.wait_for("127.0.0.7 127.0.0.1   udp 53"));
	tmux.press("q");
	expect_restored(tmux, 0);
}

TEST_F(TopScreen, ColoursOnlyWhereTheyAreWanted) {
	for (const std::string &options : {std::string(), std::string("--color never")}) {
		Tmux tmux(80, 24, "screen-256color");
		start(tmux, options);
		const std::string shown = tmux.screen(true);
		if (options.empty()) {
			EXPECT_THAT(shown, ContainsRegex(kColour));
		} else {
			EXPECT_THAT(shown, Not(ContainsRegex(kColour)));
		}
		tmux.press("q");
		expect_restored(tmux, 0);
	}
}

TEST_F(TopScreen, TheTerminalIsAsBeforeWhateverEndsIt) {
	const struct {
		int number, status;
	} ends[] = {
	        {SIGTERM, 0}, {SIGINT, 0}, {SIGHUP, 128 + SIGHUP}, {SIGSEGV, 128 + SIGSEGV}, {SIGABRT, 128 + SIGABRT}};
	for (const auto &[number, status] : ends) {
		SCOPED_TRACE(number);
		Tmux tmux(80, 24, "screen");
		start(tmux);
		EXPECT_EQ(tmux.state(), "1 0");
		ASSERT_EQ(kill(tmux.pid(), number), 0);
		expect_restored(tmux, status);
		EXPECT_THAT(tmux.screen(), HasSubstr("what was here before"));
		EXPECT_TRUE(programs_end());
	}
}

// Ctrl-S: the terminal takes nothing. Drops are counted, and a signal ends the program.
TEST_F(TopScreen, ATerminalThatTakesNothing) {
	Tmux tmux(80, 24, "screen");
	start(tmux);
	tmux.press("C-s");
	send(50, 53);
	sleep(2);
	EXPECT_THAT(tmux.screen(), Not(HasSubstr("50 drops")));
	tmux.press("C-q");
	EXPECT_TRUE(tmux.wait_for("50 drops"));
	tmux.press("q");
	expect_restored(tmux, 0);
}

TEST_F(TopScreen, AnUnknownTerminalIsOneLine) {
	Tmux tmux(200, 24, "nonsense"); // wide enough for the message in one line
	tmux.run(nft_drops() + " top; echo status=$?");
	EXPECT_TRUE(tmux.wait_for("TERM=nonsense is not known here; set TERM=vt100, or use top --batch"));
	EXPECT_TRUE(tmux.wait_for("status=1"));
}

} // namespace
} // namespace nft_drops::guest
