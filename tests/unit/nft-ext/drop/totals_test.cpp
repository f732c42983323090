// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/totals.h"

#include <gtest/gtest.h>

namespace nft_drops::cli {
namespace {

nd_event drop(nd_cause cause, nd_u8 flags = 0) {
	nd_event event{};
	event.cause = static_cast<nd_u8>(cause);
	event.flags = flags;
	return event;
}

Totals some() {
	Totals t;
	t.add(drop(ND_CAUSE_RULE));
	t.add(drop(ND_CAUSE_RULE));
	t.add(drop(ND_CAUSE_POLICY));
	t.add(drop(ND_CAUSE_OTHER));
	t.add(drop(ND_CAUSE_OTHER, ND_FLAG_UNDECIDED));
	return t;
}

TEST(Totals, AnAuditOfAllDropsIsAboutWhatWasShown) {
	Totals t = some();
	t.undecided = 0;
	EXPECT_EQ(t.audit({.seen = 3, .freed = 3, .other = 1, .filtered = {}}),
	          "4 netfilter drops = 2 by rule + 1 by policy + 1 other");
	EXPECT_EQ(t.audit({.seen = 3, .freed = 2, .other = 1, .filtered = {}}),
	          "4 netfilter drops = 2 by rule + 1 by policy + 1 other; the kernel freed 2 of nf_tables' 3 drops as "
	          "such");
}

TEST(Totals, AnAuditWithAFilterIsAboutAllDrops) {
	EXPECT_EQ(some().audit({.seen = 1003, .freed = 1003, .other = 102, .filtered = 1100}),
	          "1,105 netfilter drops = 2 by rule + 1 by policy + 1 other + 1 undecided + 1,100 not asked for");
	Totals decided_here = some();
	decided_here.filtered = 7;
	EXPECT_EQ(decided_here.audit({.seen = 1010, .freed = 1010, .other = 102, .filtered = 1100}),
	          "1,112 netfilter drops = 2 by rule + 1 by policy + 1 other + 1 undecided + 1,107 not asked for");
}

// An account that does not add up says so.
TEST(Totals, AnAuditTellsWhatIsMissing) {
	EXPECT_EQ(some().audit({.seen = 10, .freed = 10, .other = 2, .filtered = 5}),
	          "12 netfilter drops = 2 by rule + 1 by policy + 1 other + 1 undecided + 5 not asked for; 2 are "
	          "missing");
}

} // namespace
} // namespace nft_drops::cli
