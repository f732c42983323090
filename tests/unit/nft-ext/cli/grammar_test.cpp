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

} // namespace
