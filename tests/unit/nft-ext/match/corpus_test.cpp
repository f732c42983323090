// SPDX-License-Identifier: GPL-2.0-only
// The rules of nftables' own tests/py, where they are: each match is taken, or refused by nft's words or by a name. A
// match that is taken is taken as nft lists it, too (`rule;ok;listing`), and most give the same program then: nft
// leaves out what the rest of a rule implies (`meta nfproto ipv4 ip saddr 1.2.3.4`). Prints the figures.
#include "nft-ext/match/match.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

using namespace nft_drops;

namespace {

struct Figures {
	size_t rules = 0, taken = 0, refused_by_nft = 0;
	size_t listed = 0;                     // taken, and listed by nft in other words
	size_t same = 0;                       // of these: those with the same program
	std::map<std::string, size_t> refused; // by what stands behind "Error: "
};

std::string without_verdict(std::string rule) {
	for (const std::string verdict : {"accept", "drop", "continue", "return", "counter"}) {
		if (rule.ends_with(" " + verdict)) rule.resize(rule.size() - verdict.size() - 1);
	}
	return rule;
}

// The rule of a line, and how nft lists the rule where that differs; both without a verdict at the end. Both are empty
// where the line is no rule that loads.
struct Line {
	std::string rule, listing;
};

Line read(const std::string &line) {
	constexpr std::string_view kOk = ";ok";
	if (line.empty() || std::string(":*#!?%-").find(line[0]) != std::string::npos) return {};
	const size_t end = line.find(kOk);
	if (end == std::string::npos) return {};
	const std::string behind = line.substr(end + kOk.size());
	return {.rule = without_verdict(line.substr(0, end)),
	        .listing = behind.starts_with(";") ? without_verdict(behind.substr(1)) : ""};
}

// The program in bytes. The elements of a set have no order.
std::string bytes(Match match) {
	jit::Filter filter{.match = std::move(match.families), .pcap = {}};
	for (jit::FamilyMatch &family : filter.match) {
		for (jit::MatchOperation &operation : family.program) {
			auto *lookup = std::get_if<jit::MatchLookup>(&operation);
			if (!lookup) continue;
			std::ranges::sort(lookup->elements, {}, [](const auto &element) {
				std::vector<std::pair<jit::MatchBytes, jit::MatchBytes>> key;
				for (const jit::MatchLookup::Field &field : element)
					key.emplace_back(field.lower, field.upper);
				return key;
			});
		}
	}
	return filter.bytes();
}

void compare_with_listing(const Match &match, const Line &line, Figures &figures) {
	if (line.listing.empty() || line.listing == line.rule) return;
	const auto listed = read_match(line.listing, -1);
	ASSERT_TRUE(listed) << line.rule << "\n" << line.listing << "\n" << listed.error().text;
	figures.listed++;
	if (bytes(match) == bytes(*listed))
		figures.same++;
	else
		printf("  listed shorter: %s\n      %s\n", line.rule.c_str(), line.listing.c_str());
}

void take(const Line &line, Figures &figures) {
	const std::string &rule = line.rule;
	figures.rules++;
	const auto match = read_match(rule, -1);
	if (match) {
		figures.taken++;
		compare_with_listing(*match, line, figures);
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
	std::vector<std::filesystem::path> files;
	for (const auto &file : std::filesystem::directory_iterator(folder))
		files.push_back(file.path());
	std::ranges::sort(files);
	Figures figures;
	for (const auto &path : files) {
		std::ifstream in(path);
		for (std::string line; std::getline(in, line);) {
			const Line found = read(line);
			if (!found.rule.empty()) take(found, figures);
		}
	}
	printf("%zu rules: %zu taken, %zu not loaded by nft here\n", figures.rules, figures.taken,
	       figures.refused_by_nft);
	printf("%zu of those taken are listed in other words, %zu of these with the same program\n", figures.listed,
	       figures.same);
	for (const auto &[name, count] : figures.refused)
		printf("  %4zu refused: %s\n", count, name.c_str());
	EXPECT_GT(figures.taken * 2, figures.rules);
	EXPECT_GT(figures.same * 10, figures.listed * 8);
}

} // namespace
