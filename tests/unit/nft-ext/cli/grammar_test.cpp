// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/grammar.h"
#include "nft-ext/cli/help.h"
#include "nft-ext/cli/synopsis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

using namespace nft_drops::cli;
using testing::HasSubstr;

namespace {

TEST(Grammar, EveryCommandSaysWhatItIs) {
	std::set<Command> seen;
	for (const CommandSpec &c : commands()) {
		EXPECT_TRUE(seen.insert(c.id).second) << c.synopsis;
		EXPECT_EQ(spec_of(c.id), &c);
		EXPECT_NE(*c.help, '\0') << c.synopsis;
	}
	EXPECT_EQ(spec_of(Command::kPassThrough), nullptr);
}

TEST(Grammar, EveryOptionHasANameAndHelp) {
	for (const OptionSpec &o : options()) {
		ASSERT_TRUE(o.name || o.letter);
		const std::string name = o.name ? o.name : std::string(1, o.letter);
		EXPECT_NE(*o.help, '\0') << name;
		EXPECT_NE(o.of, 0U) << name;
		// What a command of ours takes must do something; nft's are read elsewhere.
		EXPECT_TRUE(o.apply || o.of == of(Command::kPassThrough)) << name;
	}
}

TEST(Grammar, NoCommandTakesTwoOptionsOfOneName) {
	std::set<std::pair<unsigned, std::string>> seen;
	for (const OptionSpec &o : options()) {
		for (unsigned command = 0; command < 32; command++) {
			if (!(o.of >> command & 1U)) continue;
			if (o.name) {
				EXPECT_TRUE(seen.emplace(command, o.name).second) << o.name;
			}
			if (o.letter) {
				EXPECT_TRUE(seen.emplace(command, std::string(1, o.letter)).second) << o.letter;
			}
		}
	}
}

TEST(Grammar, EveryOptionIsInSomeHelp) {
	for (const CommandSpec &c : commands()) {
		const std::string text = help(c.id);
		EXPECT_THAT(text, HasSubstr("Usage: nft-drops "));
		for (const OptionSpec &o : options()) {
			if (takes(c.id, o) && o.name) {
				EXPECT_THAT(text, HasSubstr(std::string("--") + o.name)) << c.synopsis;
			}
		}
		for (size_t at = 0, end = 0; end != std::string::npos; at = end + 1) {
			end = text.find('\n', at);
			EXPECT_LE(text.substr(at, end - at).size(), 80U) << text.substr(at, end - at);
		}
	}
	const std::string all = help(std::nullopt);
	for (const CommandSpec &c : commands()) {
		const std::string_view synopsis = c.synopsis;
		EXPECT_THAT(all, HasSubstr("\n  " + std::string(synopsis.substr(0, synopsis.find(' ')))));
	}
}

CommandLine parsed(std::vector<std::string> words) {
	words.insert(words.begin(), "nft-drops");
	std::vector<char *> argv;
	for (std::string &word : words)
		argv.push_back(word.data());
	auto line = parse(static_cast<int>(argv.size()), argv.data());
	EXPECT_TRUE(line.has_value()) << line.error().message();
	return line ? *line : CommandLine();
}

TEST(Grammar, EveryCommandThatWorksWithTheKernelTakesDebug) {
	const auto all = nft_drops::parse_debug_topics("plan,ir,verifier,netlink,times").value();
	const std::vector<std::vector<std::string>> commands = {{"monitor"},
	                                                        {"count", "status"},
	                                                        {"probe"},
	                                                        {"check"},
	                                                        {"bpftrace"},
	                                                        {"demo"},
	                                                        {"list", "ruleset", "--with-drop-counts"}};
	for (std::vector<std::string> words : commands) {
		words.push_back("--debug=plan,ir,verifier,netlink,times");
		EXPECT_EQ(parsed(words).debug, all) << words.front();
		words.back() = "--debug=times";
		EXPECT_EQ(parsed(words).debug, nft_drops::parse_debug_topics("times").value()) << words.front();
	}
	// nft's own option of that name stays nft's.
	EXPECT_EQ(parsed({"--debug=netlink", "list", "ruleset"}).command, Command::kPassThrough);
}

TEST(Grammar, AnUnknownTopicIsNamed) {
	std::string words[] = {"nft-drops", "monitor", "--debug=plan,verfier"};
	char *argv[] = {words[0].data(), words[1].data(), words[2].data()};
	const auto line = parse(3, argv);
	ASSERT_FALSE(line.has_value());
	EXPECT_EQ(line.error().exit_status(), 1);
	EXPECT_EQ(line.error().message(),
	          "--debug verfier: no such topic; the topics are plan, ir, verifier, netlink, times");
}

} // namespace
