// SPDX-License-Identifier: GPL-2.0-only
// Which series there are, and what they say in Prometheus' text format. The format is that of
// https://prometheus.io/docs/instrumenting/exposition_formats/; promtool checks it where it is installed.
#include "nft-ext/metrics/text_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

namespace nft_drops {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char *kPolicy = "type filter hook input priority filter; policy drop;";

ListedLine rule(uint64_t handle, std::string_view text) {
	return {.family = "inet",
	        .table = "filter",
	        .table_handle = 6,
	        .chain = "input",
	        .handle = handle,
	        .policy = false,
	        .text = text};
}

ListedLine policy(std::string_view text) {
	ListedLine line = rule(1, text);
	line.policy = true;
	return line;
}

ListedRules example() {
	ListedRules listed;
	listed.add(policy(kPolicy));
	listed.add(rule(5, "ct state established,related accept"));
	listed.add(rule(7, "tcp dport 10000 drop comment \"no \\ \\\"backup\\\"\""));
	listed.add(rule(8, "jump deep"));
	listed.add(rule(9, "udp dport 53 drop"));
	return listed;
}

Snapshot snapshot(const ListedRules &listed, const std::vector<CountedDrops> &counted) {
	return {.counting = true,
	        .namespaces = {{"4026531840", series_of(listed, counted)}},
	        .lost = 3,
	        .lost_complete = true,
	        .unlisted = 4,
	        .version = "0.1.0",
	        .kernel = "6.12.117"};
}

std::string text_of(const Snapshot &snapshot) {
	auto text = text_format(snapshot);
	EXPECT_TRUE(text);
	return text.value_or("");
}

// What `promtool check metrics` says of it; nothing: there is no promtool.
std::optional<std::string> promtool_says(const std::string &text) {
	if (system("command -v promtool >/dev/null 2>&1") != 0) return {};
	std::string name = "/tmp/nft-drops-metrics.XXXXXX";
	const int fd = mkstemp(name.data());
	EXPECT_GE(fd, 0);
	close(fd);
	std::ofstream(name) << text;
	FILE *said = popen(("promtool check metrics <" + name + " 2>&1").c_str(), "r");
	std::string all;
	for (int c = 0; said && (c = fgetc(said)) != EOF;)
		all += static_cast<char>(c);
	const int status = said ? pclose(said) : -1;
	unlink(name.c_str());
	return status == 0 ? all : all + "(failed)";
}

TEST(MetricsSeries, TheContractsNamesAndLabels) {
	const ListedRules listed = example();
	const std::string text = text_of(snapshot(listed, {{{6, 7, false}, DropReason::kRule, 5, 300},
	                                                   {{6, 1, true}, DropReason::kPolicy, 12, 720},
	                                                   {{6, 8, false}, DropReason::kJumpLimit, 2, 56}}));
	constexpr const char *kOf = R"({netns="4026531840",family="inet",table="filter",chain="input",)";
	for (const std::string &line : {
	             std::string("# TYPE nftables_drop_packets_total counter\n"),
	             std::string("# TYPE nftables_drop_bytes_total counter\n"),
	             std::string("nftables_drop_packets_total") + kOf +
	                     R"(handle="",reason="policy",comment=""} 12)"
	                     "\n",
	             std::string("nftables_drop_bytes_total") + kOf +
	                     R"(handle="",reason="policy",comment=""} 720)"
	                     "\n",
	             std::string("nftables_drop_packets_total") + kOf +
	                     R"(handle="7",reason="rule",comment="no \\ \\\"backup\\\""} 5)"
	                     "\n",
	             std::string("nftables_drop_packets_total") + kOf +
	                     R"(handle="8",reason="jump-limit",comment=""} 2)"
	                     "\n",
	             std::string("nftables_drop_packets_total") + kOf +
	                     R"(handle="9",reason="rule",comment=""} 0)"
	                     "\n",
	             std::string("nftables_drop_rule_info") + kOf +
	                     R"(handle="9",reason="rule",text="udp dport 53 drop"} 1)"
	                     "\n",
	             std::string("nftables_drop_counting 1\n"),
	             std::string("nftables_drops_lost_total 3\n"),
	             std::string("nftables_drops_lost_complete 1\n"),
	             std::string("nftables_drops_unlisted_packets_total 4\n"),
	             std::string("nftables_drops_unread_namespaces 0\n"),
	             std::string("nftables_drops_build_info{version=\"0.1.0\"} 1\n"),
	             std::string("nftables_drops_kernel_info{release=\"6.12.117\"} 1\n"),
	     })
		EXPECT_THAT(text, HasSubstr(line));
	EXPECT_THAT(text, Not(HasSubstr("handle=\"5\""))) << "it accepts";
	const auto said = promtool_says(text);
	if (!said) GTEST_SKIP() << "promtool is not installed (package prometheus): the format was not checked by it";
	EXPECT_EQ(*said, "");
}

TEST(MetricsSeries, CountingOff) {
	const std::string text = text_of({});
	EXPECT_THAT(text, HasSubstr("\nnftables_drop_counting 0\n"));
	size_t samples = 0;
	for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
		samples += text[at] != '#' ? 1 : 0;
	EXPECT_EQ(samples, 1U) << text;
}

TEST(MetricsSeries, BeforeKernelsThatTellAllLosses) {
	const ListedRules listed = example();
	Snapshot s = snapshot(listed, {});
	s.lost_complete = false;
	EXPECT_THAT(text_of(s), HasSubstr("\nnftables_drops_lost_complete 0\n"));
}

TEST(MetricsSeries, FiguresAreWhole) {
	const ListedRules listed = example();
	const std::string text =
	        text_of(snapshot(listed, {{{6, 7, false}, DropReason::kRule, 123456789, 9007199254740991}}));
	EXPECT_THAT(text, HasSubstr("} 123456789\n"));
	EXPECT_THAT(text, HasSubstr("} 9007199254740991\n")) << "2^53 - 1";
}

TEST(MetricsSeries, ADeletedRulesSeriesEnds) {
	const ListedRules listed = example();
	const auto series = series_of(
	        listed, {{{6, 99, false}, DropReason::kRule, 5, 300}, {{5, 7, false}, DropReason::kRule, 6, 300}});
	// 99 is gone, and so is table 5, which had a rule 7, too.
	ASSERT_EQ(series.size(), 3U) << "the policy, 7 and 9, at zero";
	for (const DropSeries &one : series)
		EXPECT_EQ(one.packets, 0U);
}

TEST(MetricsSeries, ManyRulesThatNeverDroppedHaveNone) {
	ListedRules listed;
	for (uint64_t handle = 1; handle <= kMostZeroSeries; handle++)
		listed.add(rule(handle, "drop"));
	EXPECT_EQ(series_of(listed, {}).size(), kMostZeroSeries);
	listed.add(rule(kMostZeroSeries + 1, "drop"));
	EXPECT_EQ(series_of(listed, {}).size(), 0U);
	const auto series = series_of(listed, {{{6, 3, false}, DropReason::kRule, 1, 28}});
	EXPECT_EQ(series.size(), kMostZeroSeries + 1) << "one has dropped: the others are few enough";
	listed.add(rule(kMostZeroSeries + 2, "drop"));
	EXPECT_EQ(series_of(listed, {{{6, 3, false}, DropReason::kRule, 1, 28}}).size(), 1U);
}

ListedRules many(size_t rules) {
	ListedRules listed;
	for (uint64_t handle = 1; handle <= rules; handle++)
		listed.add(rule(handle, "drop"));
	return listed;
}

// So many rules dropped one packet each.
std::vector<CountedDrops> dropped(size_t rules) {
	std::vector<CountedDrops> counted;
	for (uint64_t handle = 1; handle <= rules; handle++)
		counted.push_back({{6, handle, false}, DropReason::kRule, 1, 28});
	return counted;
}

// "home 3, blue 2": the namespaces in their order, each with its number of series.
std::string numbers(const Snapshot &snapshot) {
	std::string text;
	for (const NamespaceSeries &one : snapshot.namespaces)
		text += (text.empty() ? "" : ", ") + one.netns + " " + std::to_string(one.series.size());
	return text;
}

TEST(MetricsSeries, EachNamespaceHasItsOwn) {
	const ListedRules home = example(), blue = many(2);
	Snapshot s;
	s.counting = true;
	add_series(s, {{"blue", false, &blue, dropped(1)},
	               {"unread", false, nullptr, dropped(1)},
	               {"z", true, &home, {}},
	               {"idle", false, nullptr, {}}});
	EXPECT_EQ(numbers(s), "z 3, blue 2");
	EXPECT_EQ(s.unread, 1U) << "a namespace without drops lacks nothing";
	const std::string text = text_of(s);
	EXPECT_THAT(text, HasSubstr("nftables_drop_packets_total{netns=\"blue\",family=\"inet\",table=\"filter\","
	                            "chain=\"input\",handle=\"1\",reason=\"rule\",comment=\"\"} 1\n"));
	EXPECT_THAT(text, HasSubstr("{netns=\"z\",family=\"inet\",table=\"filter\",chain=\"input\",handle=\"9\""));
	EXPECT_THAT(text, HasSubstr("\nnftables_drops_unread_namespaces 1\n"));
}

TEST(MetricsSeries, ALargeNamespaceTakesNoRoomFromOthers) {
	const ListedRules home = many(kMostZeroSeries), small = many(2), large = many(kMostZeroSeries - 1);
	Snapshot s;
	add_series(s, {{"a-large", false, &large, {}}, {"small", false, &small, {}}, {"home", true, &home, {}}});
	EXPECT_EQ(numbers(s), "home 1000, a-large 0, small 2") << "999 and 2 zeroes do not fit into 1,000";

	const ListedRules huge = many(kMostForeignSeries);
	Snapshot t;
	add_series(t, {{"a-huge", false, &huge, dropped(kMostForeignSeries)},
	               {"small", false, &small, dropped(2)},
	               {"home", true, &huge, dropped(kMostForeignSeries)}});
	EXPECT_EQ(numbers(t), "home 20000, small 2");
	EXPECT_EQ(t.unread, 1U);
}

TEST(MetricsSeries, HostileNamesAndCommentsStayInTheirLabel) {
	ListedRules listed;
	ListedLine line = rule(7, "drop comment \"x\"} 1\nnftables_drop_counting 0\n\"");
	line.table = "a\"} 9\n\xff";
	listed.add(line);
	const std::string text = text_of(snapshot(listed, {{{6, 7, false}, DropReason::kRule, 5, 300}}));
	EXPECT_THAT(text, Not(HasSubstr("\nnftables_drop_counting 0")));
	EXPECT_THAT(text, HasSubstr(R"(table="a\\\"} 9\\n\\xff",)"));
	EXPECT_EQ(promtool_says(text).value_or(""), "");
}

TEST(MetricsListed, LinesSurviveThePipe) {
	const ListedLine lines[] = {policy(kPolicy), rule(7, "drop comment \"a # handle 9\n\"")};
	std::string bytes;
	for (const ListedLine &line : lines)
		bytes += ListedRules::pack(line);
	const std::string end = ListedRules::pack_end(42, false);
	auto listed = ListedRules::unpack(bytes + end);
	ASSERT_TRUE(listed) << listed.error().message();
	EXPECT_EQ(listed->generation(), 42U);
	ASSERT_EQ(listed->rules().size(), 2U);
	EXPECT_EQ(listed->chains().size(), 1U);
	EXPECT_TRUE(listed->rules()[0].culprit.policy);
	EXPECT_TRUE(listed->rules()[0].may_drop);
	EXPECT_EQ(listed->rules()[1].culprit, (Culprit{6, 7, false}));
	EXPECT_EQ(listed->rules()[1].comment, "a # handle 9\\n");
	// Everything that ends too early is an error.
	const std::string whole = bytes + end;
	for (size_t size = 0; size < whole.size(); size++)
		EXPECT_FALSE(ListedRules::unpack(std::string_view(whole).substr(0, size))) << size;
	EXPECT_FALSE(ListedRules::unpack(whole + "x"));
	listed = ListedRules::unpack(bytes + ListedRules::pack_end(43, true));
	ASSERT_TRUE(listed);
	EXPECT_FALSE(listed->generation()) << "the ruleset changed meanwhile";
	listed = ListedRules::unpack(bytes + ListedRules::pack_error("nft list ruleset: no"));
	ASSERT_FALSE(listed);
	EXPECT_EQ(listed.error().message(), "ruleset: nft list ruleset: no; try nft list ruleset");
}

} // namespace
} // namespace nft_drops
