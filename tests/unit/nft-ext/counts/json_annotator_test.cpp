// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/counts/json_annotator.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <utility>
#include <vector>

namespace nft_drops {
namespace {

// `step`: so many bytes at once.
std::string annotate(const std::string &text, size_t step, std::vector<JsonObject> &objects) {
	std::string all;
	JsonAnnotator annotator(
	        [&objects](const JsonObject &o) {
		        objects.push_back(o);
		        return o.kind == "rule" ? R"("drops": {})" : std::string();
	        },
	        [&all](std::string &t) {
		        all += t;
		        t.clear();
	        });
	for (size_t at = 0; at < text.size(); at += step)
		annotator.print(std::string_view(text).substr(at, step));
	annotator.finish();
	return all;
}

constexpr const char *kListing =
        R"({"nftables": [{"metainfo": {"version": "1.0.6"}}, {"table": {"family": "ip", "name": "a\"}]\u0001", "handle": 3}}, )"
        R"({"rule": {"family": "ip", "table": "a\"}]\u0001", "chain": "c", "handle": 12, "comment": "\\", "expr": )"
        R"([{"log": {"prefix": "}}, {\"rule\": {\"handle\": 4"}}, {"drop": null, "handle": 5}]}}]})"
        "\n";

TEST(JsonAnnotator, AddsBehindTheLastMember) {
	for (const size_t step : {1U, 7U, 100000U}) {
		std::vector<JsonObject> objects;
		const std::string all = annotate(kListing, step, objects);
		ASSERT_EQ(objects.size(), 3U);
		EXPECT_EQ(objects[0].kind, "metainfo");
		EXPECT_EQ(objects[1].kind, "table");
		EXPECT_EQ(objects[1].name, "a\"}]\x01");
		EXPECT_EQ(objects[1].handle, 3U);
		EXPECT_EQ(objects[2].table, "a\"}]\x01");
		EXPECT_EQ(objects[2].chain, "c");
		EXPECT_EQ(objects[2].handle, 12U);
		auto tree = nlohmann::json::parse(all, nullptr, false);
		ASSERT_TRUE(tree.is_object()) << all;
		EXPECT_EQ(tree["nftables"][2]["rule"].erase("drops"), 1U);
		EXPECT_EQ(tree, nlohmann::json::parse(kListing));
	}
}

// nft has the text of such a statement in place of an object.
TEST(JsonAnnotator, RulesInBraces) {
	const std::vector<std::pair<const char *, bool>> expressions = {
	        {R"([{"match": {"right": 9}}, "jump {\n\t\tip saddr 192.0.2.1 drop\n\t}"])", true},
	        {R"(["goto {\n\tdrop\n\t}", {"x": ["y"]}])", true},
	        {R"([{"log": {"prefix": "jump {"}}, {"x": ["jump {"]}, {"jump": {"target": "jump {"}}])", false},
	        {R"(["a \"jump {", "jump", "jum{p "])", false},
	};
	for (const auto &[expression, braces] : expressions) {
		for (const size_t step : {1U, 100000U}) {
			std::vector<JsonObject> objects;
			annotate(R"({"nftables": [{"rule": {"comment": "jump {", "expr": )" + std::string(expression) +
			                 R"(, "handle": 4}}, {"rule": {"expr": []}}]})",
			         step, objects);
			ASSERT_EQ(objects.size(), 2U);
			EXPECT_EQ(objects[0].braces, braces) << expression;
			EXPECT_EQ(objects[0].handle, 4U);
			EXPECT_FALSE(objects[1].braces);
		}
	}
}

} // namespace
} // namespace nft_drops
