// SPDX-License-Identifier: GPL-2.0-only
// The command line of metrics.
#include "typed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nft_drops::cli {
namespace {

TEST(MetricsCommand, Options) {
	auto line = typed({"metrics"});
	ASSERT_TRUE(line);
	EXPECT_EQ(line->command, Command::kMetrics);
	EXPECT_EQ(line->metrics.textfile + line->metrics.listen, "");
	line = typed({"--listen", "[::1]:9732", "metrics"});
	ASSERT_TRUE(line);
	EXPECT_EQ(line->command, Command::kMetrics);
	EXPECT_EQ(line->metrics.listen, "[::1]:9732");
	line = typed({"metrics", "--textfile", "drops.prom"});
	ASSERT_TRUE(line);
	EXPECT_EQ(line->metrics.textfile, "drops.prom");
}

TEST(MetricsCommand, MistakesAreNamed) {
	const auto error_of = [](std::vector<std::string> words) {
		auto line = typed(std::move(words));
		return line ? "" : line.error().message();
	};
	EXPECT_EQ(error_of({"metrics", "--listen", ":1", "--textfile", "x"}),
	          "--textfile x: --listen serves the metrics already; leave out one of both options");
	EXPECT_THAT(error_of({"metrics", "--textfile", ""}), testing::HasSubstr("--textfile: the name is empty"));
	EXPECT_THAT(error_of({"metrics", "--listen", ""}), testing::HasSubstr("--listen: the address is empty"));
	EXPECT_THAT(error_of({"metrics", "--for", "5s"}), testing::HasSubstr("not an option of this command"));
}

TEST(MetricsCommand, ATableOfThatNameStaysNfts) {
	for (const std::vector<std::string> &words : {std::vector<std::string>{"metrics", "input", "drop"},
	                                              {"metrics", "input", "handle", "7", "drop"},
	                                              {"add", "table", "metrics"},
	                                              {"list", "table", "metrics"},
	                                              {"add", "chain", "inet", "t", "metrics"}}) {
		const auto line = typed(words);
		ASSERT_TRUE(line) << words[1];
		EXPECT_EQ(line->command, Command::kPassThrough) << words[1];
	}
}

} // namespace
} // namespace nft_drops::cli
