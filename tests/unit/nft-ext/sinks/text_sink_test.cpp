// SPDX-License-Identifier: GPL-2.0-only
// Readers that are slow, stuck and gone.
#include "packets.h"

#include "nft-ext/sinks/text_sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

namespace nft_drops::test {
namespace {

using namespace std::chrono_literals;
using cli::Output;
using cli::TextSink;

Drop some_drop(uint16_t port, std::string rule = "tcp dport 10000 drop") {
	Drop drop = drop_of(ip_event(ip(IPPROTO_TCP, tcp(port, 10000, 2))), rule_answer(std::move(rule)));
	drop.time = std::chrono::system_clock::now();
	return drop;
}

class TextSinkTest : public testing::Test {
protected:
	void SetUp() override {
		signal(SIGPIPE, SIG_IGN);
		ASSERT_EQ(pipe(ends_.data()), 0);
		ASSERT_EQ(fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
	}
	void TearDown() override {
		for (const int end : ends_)
			if (end >= 0) close(end);
	}
	std::string read_all() {
		std::string text;
		std::array<char, 65536> buffer{};
		for (ssize_t n = 0; (n = read(ends_[0], buffer.data(), buffer.size())) > 0;)
			text.append(buffer.data(), static_cast<size_t>(n));
		return text;
	}
	[[nodiscard]] TextSink::Options options() const {
		return {.format = Format::kLine, .limit = {}, .fd = ends_[1]};
	}

	std::array<int, 2> ends_{-1, -1};
};

TEST_F(TextSinkTest, AReaderThatKeepsUpGetsEachDrop) {
	TextSink sink(options());
	EXPECT_FALSE(sink.pending());
	std::string text;
	for (uint16_t i = 0; i < 3000; i++) {
		sink.take(some_drop(i));
		sink.flush();
		text += read_all();
	}
	sink.finish();
	EXPECT_FALSE(sink.pending());
	EXPECT_EQ(sink.give_up(), 0U);
	text += read_all();
	EXPECT_EQ(std::ranges::count(text, '\n'), 3000);
	EXPECT_EQ(text.find("repeated"), std::string::npos);
}

// Nothing here waits: were it to, the test would hang.
TEST_F(TextSinkTest, AReaderThatIsStuckIsToldOfByHowManyItMissed) {
	constexpr uint16_t kDrops = 20000;
	TextSink sink(options());
	for (uint16_t i = 0; i < kDrops; i++)
		sink.take(some_drop(i));
	EXPECT_TRUE(sink.behind());
	EXPECT_TRUE(sink.pending());
	EXPECT_TRUE(sink.writable());
	sink.finish();
	sink.flush();
	EXPECT_TRUE(sink.pending());
	const uint64_t missed = sink.give_up();
	const auto got = std::ranges::count(read_all(), '\n');
	EXPECT_GT(got, 0);
	EXPECT_EQ(static_cast<uint64_t>(got) + missed, kDrops) << "each drop was read, or counted as not read";
}

TEST_F(TextSinkTest, AReaderThatGoesOnGetsTheRestCoalesced) {
	constexpr uint16_t kDrops = 20000;
	TextSink sink(options());
	for (uint16_t i = 0; i < kDrops; i++)
		sink.take(some_drop(static_cast<uint16_t>(i % 100)));
	std::string text = read_all();
	sink.finish();
	while (sink.pending()) {
		sink.flush();
		text += read_all();
	}
	text += read_all();
	EXPECT_NE(text.find(" repeated "), std::string::npos);
	EXPECT_LT(std::ranges::count(text, '\n'), 5000);
	EXPECT_EQ(text.find("left out"), std::string::npos);
	EXPECT_EQ(sink.give_up(), 0U);
}

TEST_F(TextSinkTest, AReaderThatIsGone) {
	TextSink sink(options());
	close(ends_[0]);
	ends_[0] = -1;
	sink.take(some_drop(1));
	sink.flush();
	EXPECT_TRUE(sink.closed());
	EXPECT_FALSE(sink.failed()) << "a closed pipe is no failure";
	EXPECT_FALSE(sink.pending());
}

TEST_F(TextSinkTest, AReaderThatGoesWhileThereIsNothingToSay) {
	TextSink sink(options());
	sink.hung_up();
	EXPECT_TRUE(sink.closed());
	EXPECT_FALSE(sink.failed());
}

TEST_F(TextSinkTest, AFullDiskIsAFailure) {
	const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	ASSERT_GE(full, 0);
	TextSink sink({.format = Format::kLine, .limit = {}, .fd = full});
	sink.take(some_drop(1));
	sink.flush();
	ASSERT_TRUE(sink.failed());
	EXPECT_EQ(sink.failed()->message(), "standard output: No space left on device");
	close(full);
}

// The limit counts what is shown; the rest is told in the end.
TEST_F(TextSinkTest, ALimit) {
	auto limited = options();
	limited.limit = 3;
	TextSink sink(limited);
	for (uint16_t i = 0; i < 100; i++)
		sink.take(some_drop(i));
	sink.finish();
	const std::string text = read_all();
	EXPECT_NE(text.find("# 97 drops left out in "), std::string::npos) << text;
	EXPECT_EQ(std::ranges::count(text, '\n'), 4);
	EXPECT_FALSE(sink.pending());
}

// The descriptor's own flags are shared with whoever started the program.
TEST_F(TextSinkTest, TheDescriptorThatWasHandedInIsNotChanged) {
	const int before = fcntl(ends_[1], F_GETFL);
	TextSink sink(options());
	sink.take(some_drop(1));
	sink.flush();
	EXPECT_EQ(fcntl(ends_[1], F_GETFL), before);
	EXPECT_NE(read_all(), "");
}

// Ctrl-S, or a terminal emulator that does not read.
TEST(Output, ATerminalThatIsStoppedMakesNobodyWait) {
	const int master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) GTEST_SKIP() << "no pseudo-terminals here";
	const int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ASSERT_GE(slave, 0);
	ASSERT_EQ(tcflow(slave, TCOOFF), 0);
	Output output(slave);
	output.backlog().assign(1 << 20, 'x');
	output.flush();
	EXPECT_FALSE(output.empty());
	EXPECT_FALSE(output.closed());
	close(slave);
	close(master);
}

TEST(Output, ASocketThatIsFullMakesNobodyWait) {
	std::array<int, 2> ends{};
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
	Output output(ends[1]);
	output.backlog().assign(10 << 20, 'x');
	output.flush();
	EXPECT_FALSE(output.empty());
	const uint64_t written = output.written();
	EXPECT_GT(written, 0U);
	std::array<char, 65536> buffer{};
	ASSERT_GT(recv(ends[0], buffer.data(), buffer.size(), 0), 0);
	output.flush();
	EXPECT_GE(output.written(), written);
	for (const int end : ends)
		close(end);
}

TEST(Output, AllOfItWhereThatIsWanted) {
	std::array<int, 2> ends{};
	ASSERT_EQ(pipe(ends.data()), 0);
	size_t got = 0;
	std::thread reader([&] {
		std::array<char, 65536> buffer{};
		for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;)
			got += static_cast<size_t>(n);
	});
	{
		Output output(ends[1]);
		output.backlog().assign(3 << 20, 'x');
		output.flush_all();
		EXPECT_TRUE(output.empty());
		EXPECT_EQ(output.appended(), output.written());
	}
	close(ends[1]);
	reader.join();
	EXPECT_EQ(got, size_t{3} << 20);
	close(ends[0]);
}

} // namespace
} // namespace nft_drops::test
