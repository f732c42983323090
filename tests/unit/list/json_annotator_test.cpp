// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/list/json_annotator.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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

} // namespace
} // namespace nft_drops
