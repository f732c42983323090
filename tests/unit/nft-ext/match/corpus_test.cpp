// SPDX-License-Identifier: GPL-2.0-only
// The rules of nftables' own tests/py, where they are: each match is taken, or refused by nft's words or by a name.
// One rule of ten, unless ND_CORPUS_ALL is set. Prints the figures.
#include "nft-ext/match/match.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

using namespace nft_drops;

namespace {

struct Figures {
	size_t rules = 0, taken = 0, refused_by_nft = 0;
	std::map<std::string, size_t> refused; // by what stands behind "Error: "
};

// The rule without a verdict at its end; empty where the line is no rule that loads.
std::string match_of(const std::string &line) {
	if (line.empty() || std::string(":*#!?%-").find(line[0]) != std::string::npos) return "";
	const size_t end = line.find(";ok");
	if (end == std::string::npos) return "";
	std::string rule = line.substr(0, end);
	for (const std::string verdict : {"accept", "drop", "continue", "return", "counter"}) {
		if (rule.ends_with(" " + verdict)) rule.resize(rule.size() - verdict.size() - 1);
	}
	return rule;
}

void take(const std::string &rule, Figures &figures) {
	figures.rules++;
	const auto match = read_match(rule, -1);
	if (match) {
		figures.taken++;
		return;
	}
	const std::string &text = match.error().text;
	ASSERT_TRUE(text.starts_with("Error: ")) << rule << "\n" << text << match.error().error.message();
	EXPECT_EQ(text.find("an unknown"), std::string::npos) << rule << "\n" << text;
	const std::string why = text.substr(7, text.find('\n') - 7);
	const size_t colon = why.find(": ");
	// Ours name the thing first: "limit: cannot be decided about a packet alone".
	if (colon != std::string::npos &&
	    (why.find("is not known") != std::string::npos || why.find("cannot be") != std::string::npos ||
	     why.find("is a ") != std::string::npos || why.find("is no ") != std::string::npos ||
	     why.starts_with("named sets")))
		figures.refused[why.substr(0, colon)]++;
	else
		figures.refused_by_nft++;
}

TEST(MatchCorpus, EveryRuleIsTakenOrRefusedByName) {
	const std::filesystem::path folder = ND_CORPUS;
	if (!std::filesystem::exists(folder)) GTEST_SKIP() << "there is no " << folder;
	if (const auto simple = read_match("meta mark 1", -1); !simple && simple.error().text.empty())
		GTEST_SKIP() << simple.error().error.message();
	const size_t step = getenv("ND_CORPUS_ALL") ? 1 : 10;
	std::vector<std::filesystem::path> files;
	for (const auto &file : std::filesystem::directory_iterator(folder))
		files.push_back(file.path());
	std::ranges::sort(files);
	Figures figures;
	size_t n = 0;
	for (const auto &path : files) {
		std::ifstream in(path);
		for (std::string line; std::getline(in, line);) {
			const std::string rule = match_of(line);
			if (!rule.empty() && n++ % step == 0) take(rule, figures);
		}
	}
	printf("%zu rules: %zu taken, %zu not loaded by nft here\n", figures.rules, figures.taken,
	       figures.refused_by_nft);
	for (const auto &[name, count] : figures.refused)
		printf("  %4zu refused: %s\n", count, name.c_str());
	EXPECT_GT(figures.taken * 2, figures.rules);
}

} // namespace
