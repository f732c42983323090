// SPDX-License-Identifier: GPL-2.0-only
// Adds a "drops" member to each rule and chain of nft's JSON listing while libnftables prints it.
//
// The text is what jansson writes: {"nftables": [{"metainfo": {...}}, {"rule": {"family": "inet", ..., "handle": 5,
// ...}}, ...]}. It is followed character by character, without a tree in memory, and passed on unchanged but for what
// is added behind the last member of an object.
#ifndef NFT_DROPS_NFT_EXT_COUNTS_JSON_ANNOTATOR_H
#define NFT_DROPS_NFT_EXT_COUNTS_JSON_ANNOTATOR_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace nft_drops {

// One object of the listing. Strings are the values of its members, decoded; empty where it has none.
struct JsonObject {
	std::string kind; // "rule", "chain", "table", "metainfo", ...
	std::string family;
	std::string table;
	std::string chain; // a rule's
	std::string name;
	uint64_t handle = 0;
	bool braces = false; // a rule with `jump { ... }`: of the rules in there nft's JSON has the text alone
};

class JsonAnnotator {
public:
	using Sink = std::function<void(std::string &)>;
	// What to add to an object, e.g. `"drops": {"packets": 5, "bytes": 300}`; empty: nothing. Told of all objects.
	using Members = std::function<std::string(const JsonObject &)>;

	JsonAnnotator(Members members, Sink sink) : members_(std::move(members)), sink_(std::move(sink)) {}

	void print(std::string_view text);
	void finish();

private:
	// Braces and brackets that are open around an object's own members: {"nftables": [{"rule": {
	static constexpr size_t kMembers = 4;
	static constexpr size_t kExpressions = 5; // in the bracket of a rule's "expr": [

	void structure(char character);
	void end_of_member();
	void end_of_expression();

	Members members_;
	Sink sink_;
	std::string out_;
	JsonObject object_;
	std::string key_;   // the present member's, as it is written, with its quotes
	std::string token_; // the string or number since the last separator, as it is written
	size_t depth_ = 0;
	bool quoted_ = false;
	bool escaped_ = false;
};

} // namespace nft_drops

#endif
