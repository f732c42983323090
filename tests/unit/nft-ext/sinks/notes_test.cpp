// SPDX-License-Identifier: GPL-2.0-only
// What is said beside packet and rule: who dropped it, how it got there, how often, in which namespace.
#include "packets.h"

#include "nft-ext/sinks/expression.h"
#include "nft-ext/sinks/jump_path.h"
#include "nft-ext/text/figures.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace nft_drops::test {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

nd_event syn() {
	return ip_event(ip(IPPROTO_TCP, tcp(51514, 10000, 0x02)));
}

bool has(const std::string &text, const std::string &part) {
	return text.find(part) != std::string::npos;
}

TEST(Notes, OnlyAnExpressionThatDropsUnsaidIsNamed) {
	struct Case {
		std::string kernels, by, note;
	};
	for (const Case &c : {Case{"immediate", "", ""}, Case{"", "", ""}, Case{"reject", "reject", ""},
	                      Case{"lookup", "vmap", ""}, Case{"masq", "masquerade", " dropped by masquerade\n"},
	                      Case{"connlimit", "ct count", " dropped by ct count\n"},
	                      Case{"new\x1b[2Jone", "new\x1b[2Jone", " dropped by new\\x1b[2Jone\n"}}) {
		Drop drop = drop_of(syn(), rule_answer());
		drop.expression = c.kernels;
		EXPECT_EQ(expression_word(c.kernels), c.by);
		for (const Format format : {Format::kLine, Format::kBlock}) {
			const std::string text = render(format, drop);
			EXPECT_EQ(has(text, " dropped by "), !c.note.empty()) << text;
			EXPECT_TRUE(has(text, c.note)) << text;
		}
		const Json json = Json::parse(render(Format::kJson, drop));
		EXPECT_EQ(json["by"], c.by.empty() ? Json() : Json(c.by));
	}
}

TEST(Notes, ADropByOtherCode) {
	nd_event event = syn();
	event.cause = ND_CAUSE_OTHER;
	event.hook = ND_NO_HOOK;
	event.rule_handle = event.table_handle = event.chain_handle = 0;
	event.family = event.pf = 0;
	event.table[0] = event.base_chain[0] = 0;
	Drop drop = drop_of(event, {});
	drop.location = "nf_hook_slow";
	const std::string block = render(Format::kBlock, drop);
	EXPECT_TRUE(block.starts_with("# 2026-11-20\n# 21:40:11.482113 iif \"veth0\" ip saddr 10.0.0.2 ")) << block;
	EXPECT_TRUE(block.ends_with(" dropped in nf_hook_slow\n")) << block;
	const std::string line = render(Format::kLine, drop);
	EXPECT_TRUE(line.starts_with("2026-11-20T21:40:11.482113+0000 other iif \"veth0\" ")) << line;
	const Json json = Json::parse(render(Format::kJson, drop));
	EXPECT_EQ(json["reason"], "other");
	EXPECT_EQ(json["location"], "nf_hook_slow");
	for (const char *member : {"family", "table", "chain", "handle", "rule", "hook"})
		EXPECT_TRUE(json[member].is_null()) << member;
	EXPECT_EQ(json["packet"]["dport"], 10000);
}

TEST(Notes, NotWatched) {
	for (const Format format : {Format::kBlock, Format::kLine, Format::kJson}) {
		const auto renderer = make_renderer(format);
		std::string out;
		renderer->not_watched(example_time(), example_time() + 1200ms, "nf_tables was unloaded", out);
		if (format == Format::kJson)
			EXPECT_EQ(Json::parse(out), Json({{"not_watched",
			                                   {{"from", "2026-11-20T21:40:11.482113Z"},
			                                    {"to", "2026-11-20T21:40:12.682113Z"},
			                                    {"why", "nf_tables was unloaded"}}}}));
		else
			EXPECT_EQ(out, "# not watched: 21:40:11.482113 to 21:40:12.682113 (nf_tables was unloaded)\n");
	}
}

TEST(Notes, RepeatedAndLeftOut) {
	for (const Format format : {Format::kBlock, Format::kLine, Format::kJson}) {
		const auto renderer = make_renderer(format);
		std::string out;
		renderer->drops(drop_of(syn(), rule_answer()), {.times = 18240, .within = 1000ms}, out);
		renderer->left_out({.times = 1234567, .within = 2340ms}, out);
		if (format == Format::kJson) {
			const size_t end = out.find('\n');
			EXPECT_EQ(Json::parse(out.substr(0, end))["repeated"], 18240);
			EXPECT_EQ(Json::parse(out.substr(end)), Json({{"left_out", 1234567}, {"milliseconds", 2340}}));
		} else {
			EXPECT_TRUE(has(out, " length 40 repeated 18,240 times in 1.0 s\n")) << out;
			EXPECT_TRUE(has(out, "# 1,234,567 drops left out in 2.4 s\n")) << out;
		}
	}
	EXPECT_EQ(grouped(0), "0");
	EXPECT_EQ(grouped(999), "999");
	EXPECT_EQ(grouped(1000), "1,000");
	EXPECT_EQ(seconds(0ms), "0.0");
	EXPECT_EQ(seconds(1ms), "0.1");
}

TEST(Notes, TheWayThere) {
	struct Case {
		JumpPath path;
		std::string chain, text;
		std::string json; // nlohmann sorts the members
	};
	for (const Case &c :
	     {Case{{}, "input", "input -> drop (handle 7)", "[]"},
	      Case{{},
	           "LAN",
	           "input -> goto LAN -> drop (handle 7)",
	           R"([{"chain":"input","goto":"LAN","handle":null,"jump":null}])"},
	      Case{{{"input", 176, "ZONES"}},
	           "ZONES",
	           "input -> jump ZONES (handle 176) -> drop (handle 7)",
	           R"([{"chain":"input","handle":176,"jump":"ZONES"}])"},
	      Case{{{"input", 176, "ZONES"}},
	           "LAN",
	           "input -> jump ZONES (handle 176) -> goto LAN -> drop (handle 7)",
	           R"([{"chain":"input","handle":176,"jump":"ZONES"},)"
	           R"({"chain":"ZONES","goto":"LAN","handle":null,"jump":null}])"},
	      Case{{{"input", 9, ""}},
	           "ZONES",
	           "input -> vmap (handle 9) -> ZONES -> drop (handle 7)",
	           R"([{"chain":"input","handle":9,"jump":null,"vmap":"ZONES"}])"},
	      Case{{{"input", 0, ""}, {"A", 3, "B"}},
	           "B",
	           "input -> ? -> A -> jump B (handle 3) -> drop (handle 7)",
	           R"([{"chain":"input","handle":null,"jump":null},{"chain":"A","handle":3,"jump":"B"}])"},
	      Case{{{"A", 3, "B"}},
	           "B",
	           "input -> goto A -> jump B (handle 3) -> drop (handle 7)",
	           R"([{"chain":"input","goto":"A","handle":null,"jump":null},{"chain":"A","handle":3,"jump":"B"}])"},
	      Case{{{"input", 3, "B\x1b c"}},
	           "B\x1b c",
	           "input -> jump B\\x1b\\x20c (handle 3) -> drop (handle 7)",
	           R"([{"chain":"input","handle":3,"jump":"B\u001b c"}])"}}) {
		Attribution answer = rule_answer();
		answer.chain = c.chain;
		answer.base_chain = "input";
		Drop drop = drop_of(syn(), answer);
		drop.path = c.path;
		std::string text;
		append_jump_path(text, drop);
		EXPECT_EQ(text, c.text);
		EXPECT_TRUE(render(Format::kLine, drop).ends_with(" path " + c.text + "\n"));
		EXPECT_TRUE(has(render(Format::kBlock, drop), "\n\t\t# " + c.text + "\n"));
		const Json json = Json::parse(render(Format::kJson, drop));
		EXPECT_EQ(json["path"], Json::parse(c.json));
	}
	std::string nothing;
	append_jump_path(nothing, drop_of(syn(), rule_answer()));
	EXPECT_EQ(nothing, "");
	EXPECT_FALSE(Json::parse(render(Format::kJson, syn(), rule_answer())).contains("path"));
}

// The last word is that of the expression that gave the verdict.
TEST(Notes, TheWayEndsInTheVerdict) {
	// The kernel's names of expressions (nft_reject, nft_masq, nft_lookup: struct nft_expr_type.name) and nft's
	// words.
	for (const auto &[expression, end] :
	     {std::pair{"immediate", "drop (handle 7)"}, std::pair{"", "drop (handle 7)"},
	      std::pair{"reject", "reject (handle 7)"}, std::pair{"masq", "masquerade (handle 7)"},
	      std::pair{"lookup", "vmap (handle 7) -> drop"}, std::pair{"bad\nname", "bad\\nname (handle 7)"}}) {
		Drop drop = drop_of(syn(), rule_answer());
		drop.expression = expression;
		drop.path = JumpPath{};
		std::string text;
		append_jump_path(text, drop);
		EXPECT_EQ(text, std::string("input -> ") + end) << expression;
	}
}

TEST(Notes, TheNamespace) {
	nd_event other = syn();
	other.netns++;
	Drop blue = drop_of(syn(), rule_answer()), red = drop_of(other, rule_answer());
	blue.netns_name = "blue";
	red.netns_name = "pid 7 (a\nb)";
	const auto block = make_renderer(Format::kBlock);
	std::string out;
	block->drop(blue, out);
	block->drop(blue, out);
	block->drop(red, out);
	block->finish(out);
	EXPECT_TRUE(out.starts_with("# 2026-11-20\n# network namespace blue\ntable inet filter {")) << out;
	EXPECT_TRUE(has(out, "\n}\n# network namespace pid 7 (a\\nb)\ntable inet filter {")) << out;
	EXPECT_EQ(out.find("blue", 40), std::string::npos) << out;
	EXPECT_TRUE(render(Format::kLine, blue).ends_with(" netns \"blue\"\n"));
	EXPECT_EQ(Json::parse(render(Format::kJson, blue))["netns_name"], "blue");
}

} // namespace
} // namespace nft_drops::test
