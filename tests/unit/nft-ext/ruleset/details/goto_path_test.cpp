// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/details/goto_path.h"

#include <gtest/gtest.h>

namespace nft_drops {
namespace {

GotoRule rule(const std::string &from, const std::optional<std::string> &to, const std::string &set) {
	GotoRule made{.from = from, .to = to, .elements = {}};
	if (!set.empty()) {
		made.elements.emplace_back().set = set;
		made.elements.back().key = "key of " + set;
	}
	return made;
}

std::string found(const std::vector<GotoRule> &rules) {
	std::string all;
	for (const ElementFound &element : elements_of_gotos(rules, "a", "z"))
		all += "@" + element.set + " " + element.key + element.unknown + "; ";
	return all;
}

TEST(GotoPath, ASingleWay) {
	EXPECT_EQ(found({rule("a", "z", "one")}), "@one key of one; ");
	EXPECT_EQ(found({rule("a", "z", "one"), rule("a", "other", "two")}), "@one key of one; ");
	EXPECT_EQ(found({rule("a", "b", "one"), rule("b", "c", ""), rule("c", "z", "three")}),
	          "@one key of one; @three key of three; ");
	EXPECT_EQ(found({}), "");
	EXPECT_EQ(found({rule("a", "other", "one")}), "");
}

TEST(GotoPath, SeveralWaysAreUnknown) {
	const std::string both = "@one and other rules lead there; @two and other rules lead there; ";
	EXPECT_EQ(found({rule("a", "z", "one"), rule("a", "z", "two")}), both);
	// The second one leads there by way of another chain.
	EXPECT_EQ(found({rule("a", "z", "one"), rule("a", "b", "two"), rule("b", "z", "three")}), both);
	// A plain goto without a set.
	EXPECT_EQ(found({rule("a", "z", "one"), rule("a", "z", "")}), "@one and other rules lead there; ");
	// The way to b is known, the one from there is not.
	EXPECT_EQ(found({rule("a", "b", "one"), rule("b", "z", "two"), rule("b", "z", "")}),
	          "@one key of one; @two and other rules lead there; ");
}

// A map that has changed may lead anywhere.
TEST(GotoPath, WhereARuleLeadsIsNotKnown) {
	GotoRule changed = rule("a", std::nullopt, "map");
	changed.elements[0].key.clear();
	changed.elements[0].unknown = "changed since";
	EXPECT_EQ(found({changed}), "@map changed since; ");
	EXPECT_EQ(found({changed, rule("a", "z", "one")}),
	          "@map and other rules lead there; @one and other rules lead there; ");
}

// nf_tables refuses loops; what says there is one ends all the same.
TEST(GotoPath, ALoopEnds) {
	EXPECT_EQ(found({rule("a", "b", "one"), rule("b", "a", "two")}), "");
	elements_of_gotos({rule("a", "b", "1"), rule("b", "a", "2"), rule("b", "z", "3")}, "a", "z");
}

} // namespace
} // namespace nft_drops
