// SPDX-License-Identifier: GPL-2.0-only
// What cuts rule texts out of nft's listings, on any listing: names and comments in it are anybody's bytes.
#include "input.h"

#include "nft-ext/ruleset/text/listing.h"

namespace nft_drops::fuzz {
namespace {

constexpr const char *kEnd = "\t}\n}\n";

// What is put in as a rule must come out again, whatever it and its neighbours hold.
void cut_what_was_put_in(const std::string &before, const std::string &rule, uint64_t handle) {
	const std::string line = rule + " # handle " + std::to_string(handle) + "\n";
	const auto cut = cut_rule(before + kEnd, before + "\t\t" + line + kEnd, handle);
	require(cut && *cut == rule, "not the rule that was put in", cut.value_or("nothing"));
	const std::string outer = before + "\t\tjump {\n", close = std::string("\t\t} # handle 3\n") + kEnd;
	const auto inner = cut_inner_rule(outer + close, outer + "\t\t\t" + line + close, handle);
	require(inner && *inner == rule, "not the inner rule that was put in", inner.value_or("nothing"));
}

void try_one(Input input) {
	const auto handle = input.number<uint16_t>();
	const std::string table = input.text(), before = input.text(), rule = input.text();
	cut_what_was_put_in(before, rule, handle);
	const std::string_view rest = input.rest();
	static_cast<void>(cut_chain_line(rest));
	static_cast<void>(cut_rule(rest.substr(0, rest.size() / 2), rest, handle));
	static_cast<void>(cut_inner_rule(rest.substr(0, rest.size() / 2), rest, handle));
	const TableText whole = parse_table(rest, "inet", table, handle);
	for (const auto &[rule_handle, text] : whole.rules)
		require(rest.find(" # handle " + std::to_string(rule_handle)) != std::string_view::npos,
		        "a handle that nft did not print", text);
}

} // namespace
} // namespace nft_drops::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	nft_drops::fuzz::try_one(nft_drops::fuzz::Input({data, size}));
	return 0;
}
