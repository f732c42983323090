// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/match/selector.h"
#include "jit/base/table_family.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace nft_drops {
namespace {

constexpr std::array<std::pair<std::string_view, nd_select_kind>, 3> kKinds{
        {{"table", ND_SELECT_TABLE}, {"chain", ND_SELECT_CHAIN}, {"rule", ND_SELECT_RULE}}};

std::optional<nd_select_kind> kind_of(std::string_view word) {
	for (const auto &[known, kind] : kKinds)
		if (known == word) return kind;
	return std::nullopt;
}

// Takes one word after the other.
class Words {
public:
	explicit Words(std::string_view words) : words_(words), rest_(words) {}

	std::string_view next() {
		skip_blanks();
		const std::string_view word = rest_.substr(0, std::min(rest_.find_first_of(kBlanks), rest_.size()));
		rest_.remove_prefix(word.size());
		return word;
	}
	std::string_view rest() {
		skip_blanks();
		return rest_;
	}
	// All words up to here, as they were typed.
	[[nodiscard]] std::string so_far() const { return std::string(words_.substr(0, words_.size() - rest_.size())); }

private:
	static constexpr const char *kBlanks = " \t";
	void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size())); }

	std::string_view words_, rest_;
};

Result<std::string> name(Words &words, const char *what) {
	const std::string_view word = words.next();
	if (word.empty())
		return usage_error(words.so_far(), fmt::format("the name of the {} is missing", what),
		                   "nft list ruleset shows names");
	// nf_tables has no longer names.
	if (word.size() >= ND_SELECT_NAME_BYTES)
		return usage_error("SELECTOR", fmt::format("the name of the {} has {} bytes", what, word.size()),
		                   fmt::format("nf_tables has names of {} bytes at most", ND_SELECT_NAME_BYTES - 1));
	return std::string(word);
}

Result<uint64_t> handle(Words &words) {
	constexpr const char *kNext = "nft -a list ruleset shows handles";
	if (const std::string_view word = words.next(); word != "handle")
		return usage_error(words.so_far(), word.empty() ? "handle N is missing" : "handle N was expected",
		                   kNext);
	const std::string_view word = words.next();
	uint64_t number = 0;
	const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
	if (error != std::errc() || end != word.data() + word.size() || number == 0)
		return usage_error(words.so_far(), "not a handle", kNext);
	return number;
}

} // namespace

Result<Selection> read_selector(std::string_view text) {
	Words words(text);
	Selection selection;
	const auto kind = kind_of(words.next());
	if (!kind) {
		selection.match = text;
		return selection;
	}
	jit::Selector &selector = selection.selector;
	selector.kind = *kind;
	const std::string_view family_word = words.next();
	const auto family = family_number(family_word);
	if (!family)
		return usage_error(words.so_far(), family_word.empty() ? "the family is missing" : "not a family",
		                   "give ip, ip6, inet, arp, bridge or netdev in front of the table");
	selector.family = *family;
	auto table = name(words, "table");
	if (!table) return std::unexpected(table.error());
	selector.table = std::move(*table);
	if (selector.kind != ND_SELECT_TABLE) {
		auto chain = name(words, "chain");
		if (!chain) return std::unexpected(chain.error());
		selector.chain = std::move(*chain);
	}
	if (selector.kind == ND_SELECT_RULE) {
		auto number = handle(words);
		if (!number) return std::unexpected(number.error());
		selector.handle = *number;
	}
	selection.match = words.rest();
	return selection;
}

std::string words_of(const jit::Selector &selector) {
	std::string words;
	for (const auto &[known, kind] : kKinds)
		if (kind == selector.kind) words = known;
	words += fmt::format(" {} {}", family_name(selector.family), selector.table);
	if (selector.kind != ND_SELECT_TABLE) words += " " + selector.chain;
	if (selector.kind == ND_SELECT_RULE) words += fmt::format(" handle {}", selector.handle);
	return words;
}

} // namespace nft_drops
