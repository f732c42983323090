// SPDX-License-Identifier: GPL-2.0-only
// What completion reads out of nft's listing of a chain: the shell prints it, and comments are anybody's bytes.
#include "input.h"

#include "nft-ext/cli/complete/rule_texts.h"
#include "tests/unit/nft-ext/support/safe_text.h"

namespace nft_drops::fuzz {
namespace {

void check(const std::map<std::string, std::string> &texts) {
	for (const auto &[handle, text] : texts) {
		require(!handle.empty() && handle.find_first_not_of("0123456789") == std::string::npos,
		        "a handle that is no number", handle);
		const std::string danger = test::danger_in(text, true);
		require(danger.empty(), danger.c_str(), text);
		require(text.find('\n') == std::string::npos, "more than a line", text);
	}
}

void try_one(Input input) {
	const auto handle = std::to_string(input.number<uint16_t>());
	std::string rule = input.text();
	std::erase(rule, '\n'); // nft's scanner lets none into a text
	const auto texts = complete::texts_in_listing("table inet t {\n\tchain c {\n\t\t" + rule + " # handle " +
	                                              handle + "\n\t}\n}\n");
	check(texts);
	require(texts.contains(handle), "a rule is missing", rule);
	check(complete::texts_in_listing(input.rest()));
}

} // namespace
} // namespace nft_drops::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	nft_drops::fuzz::try_one(nft_drops::fuzz::Input({data, size}));
	return 0;
}
