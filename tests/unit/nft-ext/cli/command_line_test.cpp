// SPDX-License-Identifier: GPL-2.0-only
#include "typed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

using namespace nft_drops;
using namespace nft_drops::cli;
using testing::HasSubstr;

namespace {

TEST(CommandLine, NftsOwnStaysNfts) {
	for (const Typed &t :
	     {Typed{}, Typed{"list", "ruleset"}, Typed{"-f", "monitor"}, Typed{"-a", "list", "table", "drops"},
	      Typed{"monitor", "trace"}, Typed{"monitor", "new", "rules"}, Typed{"monitor", "ruleset"},
	      Typed{"probe", "input", "drop"}, Typed{"demo", "input", "counter"}, Typed{"help", "a", "drop"},
	      Typed{"add", "table", "monitor"}, Typed{"-D", "monitor=1", "-f", "x"}, Typed{"--help"}}) {
		ASSERT_TRUE(t.result) << t.error();
		EXPECT_EQ(t.result->command, Command::kPassThrough);
	}
}

TEST(CommandLine, OurOptionsBeforeAndBehind) {
	for (const Typed &t : {Typed{"monitor", "--format", "line", "--count", "3", "--for", "5m"},
	                       Typed{"--format=line", "--count=3", "--for=5m", "monitor"},
	                       Typed{"--count", "3", "monitor", "drops", "--format", "line", "--for", "300s"}}) {
		ASSERT_EQ(t.command(), Command::kMonitor) << t.error();
		EXPECT_EQ(t.result->monitor.format, Format::kLine);
		EXPECT_EQ(t.result->monitor.count, 3U);
		EXPECT_EQ(t.result->monitor.duration, std::chrono::minutes(5));
	}
	EXPECT_EQ((Typed{"-j", "monitor"}.result->monitor.format), Format::kJson);
	EXPECT_EQ((Typed{"monitor", "-aj"}.result->monitor.format), Format::kJson);
}

TEST(CommandLine, RecordTakesAMatch) {
	const Typed t{"record", "--keep", "1d", "chain", "inet", "f", "c", "tcp", "dport", "22"};
	ASSERT_EQ(t.command(), Command::kRecord) << t.error();
	EXPECT_EQ(t.result->monitor.match, "chain inet f c tcp dport 22");
	EXPECT_EQ(Typed{"record"}.result->monitor.match, std::nullopt);
	EXPECT_EQ((Typed{"record", "nonsense"}.command()), Command::kPassThrough);
}

TEST(CommandLine, OptionsOfNftThatChangeWords) {
	for (const Typed &t : {Typed{"monitor", "-nS", "-u", "-y"}, Typed{"-nS", "-u", "--numeric-priority", "monitor"},
	                       Typed{"run", "-n", "--service", "-uy", "--", "true", "-N"}}) {
		ASSERT_TRUE(t.result) << t.error();
		EXPECT_EQ(t.result->monitor.nft, "nSuy");
	}
	EXPECT_THAT((Typed{"monitor", "-e"}.error()), HasSubstr("an option of nft, without a meaning here"));
	EXPECT_EQ((Typed{"monitor", "--color", "never"}.result->monitor.colour), Colour::kNever);
	EXPECT_EQ((Typed{"run", "--color=always", "--", "true"}.result->monitor.colour), Colour::kAlways);
	EXPECT_THAT((Typed{"monitor", "--color", "green"}.error()), HasSubstr("no such choice"));
}

TEST(CommandLine, Details) {
	EXPECT_TRUE((Typed{"monitor", "--details", "tcp", "dport", "22"}.result->monitor.details));
	EXPECT_TRUE((Typed{"run", "--details", "--", "true"}.result->monitor.details));
	EXPECT_FALSE(Typed{"monitor"}.result->monitor.details);
	EXPECT_THAT((Typed{"top", "--details"}.error()), HasSubstr("--details"));
}

TEST(CommandLine, ACapture) {
	for (const Typed &t :
	     {Typed{"monitor", "-w", "f", "--snaplen", "96", "--linktype", "raw", "tcp", "dport", "22"},
	      Typed{"-wf", "--snaplen=96", "--linktype=raw", "monitor", "--", "tcp", "dport", "22"}}) {
		ASSERT_EQ(t.command(), Command::kMonitor) << t.error();
		EXPECT_EQ(t.result->monitor.capture.file, "f");
		EXPECT_EQ(t.result->monitor.capture.bytes(), 96U);
		EXPECT_EQ(t.result->monitor.capture.raw, true);
		EXPECT_EQ(t.result->monitor.match, "tcp dport 22");
		EXPECT_FALSE(t.result->monitor.prints());
	}
	EXPECT_TRUE(Typed{"monitor"}.result->monitor.prints());
	EXPECT_EQ(Typed{"monitor"}.result->monitor.capture.bytes(), 0U); // no bytes are copied
	EXPECT_EQ((Typed{"monitor", "-w", "f"}.result->monitor.capture.bytes()), 256U);
	EXPECT_TRUE((Typed{"monitor", "-w", "f", "--format", "block"}.result->monitor.prints()));
	EXPECT_TRUE((Typed{"monitor", "-j", "-w", "f"}.result->monitor.prints()));
	EXPECT_FALSE((Typed{"monitor", "-j", "-w", "-"}.result->monitor.prints()));
	for (const char *wrong : {"0", "262145", "-1", "1k", "", "99999999999"})
		EXPECT_THAT((Typed{"monitor", "-w", "f", "--snaplen", wrong}.error()), HasSubstr("--snaplen")) << wrong;
	EXPECT_THAT((Typed{"monitor", "-w", "f", "--linktype", "x"}.error()), HasSubstr("give native or raw"));
	EXPECT_THAT((Typed{"monitor", "--snaplen", "96"}.error()), HasSubstr("add -w FILE"));
	EXPECT_THAT((Typed{"monitor", "-w", ""}.error()), HasSubstr("the name is empty"));
	EXPECT_NE((Typed{"list", "ruleset", "-w", "f"}.command()), Command::kMonitor);
}

TEST(CommandLine, WhatFollowsMonitorIsAMatch) {
	EXPECT_EQ((Typed{"monitor"}.result->monitor.match), std::nullopt);
	EXPECT_EQ((Typed{"monitor", "drops"}.result->monitor.match), std::nullopt);
	EXPECT_EQ((Typed{"monitor", ""}.result->monitor.match), "");
	for (const Typed &t : {Typed{"monitor", "tcp", "dport", "22"}, Typed{"monitor", "tcp dport 22"},
	                       Typed{"--count", "3", "monitor", "drops", "tcp", "dport", "--format", "line", "22"}}) {
		ASSERT_EQ(t.command(), Command::kMonitor) << t.error();
		EXPECT_EQ(t.result->monitor.match, "tcp dport 22");
	}
	// No words are too many for the command line itself.
	std::vector<std::string> words(100000, "tcp");
	words[0] = "nft-drops";
	words[1] = "monitor";
	std::vector<char *> argv;
	for (std::string &w : words)
		argv.push_back(w.data());
	argv.push_back(nullptr);
	const auto many = parse(static_cast<int>(words.size()), argv.data());
	ASSERT_TRUE(many);
	EXPECT_EQ(many->monitor.match->size(), 4 * 99998U - 1);
}

TEST(CommandLine, RunTakesACommandBehindTwoDashes) {
	const Typed t{"--format", "line", "run", "tcp", "dport",  "22", "--netns",
	              "n",        "--",   "ls",  "-l",  "--help", "--"};
	ASSERT_EQ(t.command(), Command::kRun) << t.error();
	EXPECT_EQ(t.result->run.command, (std::vector<std::string>{"ls", "-l", "--help", "--"}));
	EXPECT_EQ(t.result->monitor.match, "tcp dport 22");
	EXPECT_EQ(t.result->monitor.format, Format::kLine);
	EXPECT_EQ(t.result->monitor.netns, "n");
	const Typed plain{"run", "--user", "u", "--output=f", "--", "monitor", "--count", "0"};
	ASSERT_EQ(plain.command(), Command::kRun) << plain.error();
	EXPECT_EQ(plain.result->monitor.match, std::nullopt);
	EXPECT_EQ(plain.result->run.user, "u");
	EXPECT_EQ(plain.result->run.output, "f");
	EXPECT_EQ((Typed{"run", "--help"}.command()), Command::kHelp);
	for (const Typed &none :
	     {Typed{"run"}, Typed{"run", "--"}, Typed{"run", "tcp", "dport", "22"}, Typed{"run", "table inet f"}})
		EXPECT_THAT(none.error(), HasSubstr("run: CMD is missing"));
	EXPECT_THAT((Typed{"run", "-w", "-", "--", "ls"}.error()), HasSubstr("standard output is CMD's"));
	EXPECT_THAT((Typed{"run", "--count", "3", "--", "ls"}.error()), HasSubstr("not an option of this command"));
}

TEST(CommandLine, ATableNamedRunStaysNfts) {
	for (const Typed &t : {Typed{"run", "input", "drop"}, Typed{"add", "table", "run"},
	                       Typed{"list", "table", "run"}, Typed{"delete", "chain", "run", "run"}}) {
		ASSERT_TRUE(t.result) << t.error();
		EXPECT_EQ(t.result->command, Command::kPassThrough);
	}
}

// Own failures of `run` have another exit status, whatever is wrong with the line.
TEST(CommandLine, KnowsALineOfRunThatIsWrong) {
	const auto of_run = [](std::vector<std::string> words) {
		std::vector<char *> argv;
		words.insert(words.begin(), "nft-drops");
		for (std::string &word : words)
			argv.push_back(word.data());
		argv.push_back(nullptr);
		return is_run(static_cast<int>(words.size()), argv.data());
	};
	EXPECT_TRUE(of_run({"run", "--nonsense", "--", "ls"}));
	EXPECT_TRUE(of_run({"run"}));
	EXPECT_FALSE(of_run({"monitor", "--", "run"}));
	EXPECT_FALSE(of_run({"run", "input", "drop"}));
}

TEST(CommandLine, MistakesAreNamed) {
	EXPECT_THAT((Typed{"monitor", "--nonsense"}.error()), HasSubstr("--nonsense: unknown option"));
	EXPECT_THAT((Typed{"monitor", "--count"}.error()), HasSubstr("--count: its argument is missing"));
	EXPECT_THAT((Typed{"monitor", "--count", "0"}.error()), HasSubstr("--count 0: not a number"));
	EXPECT_THAT((Typed{"monitor", "--for", "tea"}.error()), HasSubstr("--for tea: not a time"));
	EXPECT_THAT((Typed{"monitor", "--format", "xml"}.error()), HasSubstr("--format xml: no such format"));
	EXPECT_THAT((Typed{"probe", "--count", "3"}.error()), HasSubstr("--count: not an option of this command"));
	EXPECT_THAT((Typed{"probe", "--ko", "x.ko"}.error()), HasSubstr("--ko x.ko: the module's kernel"));
	EXPECT_THAT((Typed{"probe", "--vmlinux", ""}.error()), HasSubstr("--vmlinux: the name is empty"));
	EXPECT_THAT((Typed{"-o", "monitor"}.error()), HasSubstr("--optimize: an option of nft"));
}

TEST(CommandLine, HelpOfOneCommand) {
	for (const Typed &t : {Typed{"help", "monitor"}, Typed{"monitor", "--help"}, Typed{"-h", "monitor"}}) {
		ASSERT_EQ(t.command(), Command::kHelp) << t.error();
		EXPECT_EQ(t.result->help_of, Command::kMonitor);
	}
	EXPECT_EQ((Typed{"help"}.command()), Command::kHelp);
	EXPECT_FALSE((Typed{"help"}.result->help_of));
	EXPECT_THAT((Typed{"help", "nonsense"}.error()), HasSubstr("help nonsense: not a command"));
}

} // namespace
