// SPDX-License-Identifier: GPL-2.0-only
// The annotators of nft's listings: whatever names, comments and log prefixes hold, the listing passes unchanged but
// for what is added, and counts go to the rules that were printed.
#include "input.h"

#include "nft-ext/counts/annotator.h"
#include "nft-ext/counts/json_annotator.h"

#include <nlohmann/json.hpp>

#include <vector>

namespace nft_drops::fuzz {
namespace {

constexpr char kMark = '\xff'; // in no input: see without_marks()

std::string without_marks(std::string text) {
	std::ranges::replace(text, kMark, '?');
	return text;
}

class Marks final : public ListingVisitor {
public:
	explicit Marks(bool inner) : inner_(inner) {}
	std::string comment(const ListedLine &line) override {
		if (!line.policy) handles.push_back(line.handle);
		return {kMark};
	}
	uint64_t table_handle(std::string_view, std::string_view) override { return 1; }
	std::optional<std::vector<uint64_t>> inner_rules(const ListedLine &) override {
		if (!inner_) return std::nullopt;
		return std::vector<uint64_t>{0};
	}
	std::vector<uint64_t> handles;

private:
	bool inner_;
};

std::string annotated(const std::vector<std::string> &pieces, Marks &marks) {
	std::string all;
	Annotator annotator(marks, [&all](std::string &text) {
		all += text;
		text.clear();
	});
	for (const std::string &piece : pieces)
		annotator.print(piece);
	annotator.finish();
	std::erase(all, kMark);
	return all;
}

std::string joined(const std::vector<std::string> &pieces) {
	std::string all;
	for (const std::string &piece : pieces)
		all += piece;
	return all;
}

// Pieces of listings in any order, and any bytes: nothing is lost.
void any_pieces(Input &input) {
	static constexpr const char *kPieces[] = {"table inet t {",
	                                          "table ip t {\n",
	                                          " #",
	                                          " handle 6",
	                                          "\n",
	                                          "\tchain c {",
	                                          " # handle 7",
	                                          "\t\t",
	                                          "\t\t}",
	                                          "\t\t\t",
	                                          "jump {\n",
	                                          "goto {\n",
	                                          "\t}\n",
	                                          "}\n",
	                                          " ",
	                                          "drop",
	                                          "\t\ttype filter hook input"};
	std::vector<std::string> pieces;
	for (int n = input.number<uint8_t>() % 64; n > 0; n--) {
		const auto which = input.number<uint8_t>() % (std::size(kPieces) + 1);
		pieces.push_back(which < std::size(kPieces) ? kPieces[which] : without_marks(input.text()));
	}
	Marks marks(input.number<uint8_t>() % 2);
	const std::string all = annotated(pieces, marks);
	require(all == joined(pieces), "the listing is another one", all);
}

// A listing with texts of anybody's in its rules, between quotes as nft prints them: each rule is told by its handle.
void true_listing(Input &input) {
	std::vector<std::string> pieces = {"table inet t {", " #",          " handle 6", "\n",
	                                   "\tchain c {",    " # handle 1", "\n"};
	std::vector<uint64_t> handles;
	for (int n = input.number<uint8_t>() % 5; n > 0; n--) {
		pieces.emplace_back("\t\t");
		for (int texts = input.number<uint8_t>() % 4; texts > 0; texts--)
			pieces.push_back("comment \"" + without_marks(input.text()) + "\"");
		handles.push_back(input.number<uint16_t>());
		pieces.push_back(" # handle " + std::to_string(handles.back()));
		pieces.emplace_back("\n");
	}
	pieces.emplace_back("\t}\n");
	pieces.emplace_back("}\n");
	Marks marks(false);
	const std::string all = annotated(pieces, marks);
	require(all == joined(pieces), "the listing is another one", all);
	require(marks.handles == handles, "counts go to other rules", all);
}

std::string json_annotated(std::string_view text, size_t piece, const JsonAnnotator::Members &members) {
	std::string all;
	JsonAnnotator annotator(members, [&all](std::string &part) {
		all += part;
		part.clear();
	});
	for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
		annotator.print(text.substr(0, piece));
	annotator.finish();
	return all;
}

// Any bytes, in pieces of any size.
void any_json(Input &input) {
	const size_t piece = 1 + input.number<uint8_t>();
	const std::string text(input.rest());
	require(json_annotated(text, piece, [](const JsonObject &) { return ""; }) == text, "the JSON is another one",
	        text);
}

// A true listing with anybody's texts: each rule gets what is its own.
void true_json(Input &input) {
	using nlohmann::ordered_json;
	const auto safe = [](std::string text) {
		return ordered_json(text).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
	};
	std::string listing = R"({"nftables": [{"metainfo": {"version": "1.0.6"}})";
	ordered_json expected = ordered_json::array();
	for (int n = 1 + input.number<uint8_t>() % 4; n > 0; n--) {
		const auto handle = input.number<uint16_t>();
		const std::string table = safe(input.text()), comment = safe(input.text()), prefix = safe(input.text());
		listing += R"(, {"rule": {"family": "inet", "table": )" + table + R"(, "chain": "c", "handle": )" +
		           std::to_string(handle) + R"(, "comment": )" + comment + R"(, "expr": [{"log": {"prefix": )" +
		           prefix + R"(}}, {"drop": null}]}})";
		expected.push_back({{"handle", handle}, {"table", ordered_json::parse(table)}});
	}
	listing += "]}";
	const std::string all = json_annotated(listing, 1 + input.number<uint8_t>(), [](const JsonObject &object) {
		if (object.kind != "rule") return std::string();
		const ordered_json told = {{"handle", object.handle}, {"table", object.table}};
		return "\"drops\": " + told.dump();
	});
	const auto parsed = ordered_json::parse(all, nullptr, false);
	require(!parsed.is_discarded(), "not JSON any more", all);
	size_t rule = 0;
	for (const auto &object : parsed["nftables"]) {
		if (!object.contains("rule")) continue;
		require(object["rule"]["drops"] == expected[rule++], "counts go to another rule", all);
	}
	require(rule == expected.size(), "rules are lost", all);
}

void try_one(Input input) {
	switch (input.number<uint8_t>() % 4) {
	case 0:
		any_pieces(input);
		break;
	case 1:
		true_listing(input);
		break;
	case 2:
		any_json(input);
		break;
	default:
		true_json(input);
		break;
	}
}

} // namespace
} // namespace nft_drops::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	nft_drops::fuzz::try_one(nft_drops::fuzz::Input({data, size}));
	return 0;
}
