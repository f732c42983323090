// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace nft_drops {
namespace {

// How a listing of one table with one chain ends.
constexpr std::string_view kEnd = "\t}\n}\n";

std::string handle_mark(uint64_t handle) {
	return fmt::format(" # handle {}", handle);
}

bool drop_prefix(std::string_view &text, std::string_view prefix) {
	if (!text.starts_with(prefix)) return false;
	text.remove_prefix(prefix.size());
	return true;
}

bool drop_suffix(std::string_view &text, std::string_view suffix) {
	if (!text.ends_with(suffix)) return false;
	text.remove_suffix(suffix.size());
	return true;
}

// The next line that ends outside of quotes, without its newline; nft writes no escapes inside of quotes.
std::string_view take_line(std::string_view &rest) {
	bool quoted = false;
	size_t at = 0;
	for (; at < rest.size(); at++) {
		if (rest[at] == '"') quoted = !quoted;
		if (rest[at] == '\n' && !quoted) break;
	}
	const std::string_view line = rest.substr(0, at);
	rest.remove_prefix(std::min(at + 1, rest.size()));
	return line;
}

// Removes " # handle N" from the line's end and gives N.
std::optional<uint64_t> take_handle(std::string_view &line) {
	constexpr std::string_view kMark = " # handle ";
	const size_t mark = line.rfind(kMark);
	if (mark == std::string_view::npos) return {};
	const std::string_view digits = line.substr(mark + kMark.size());
	if (digits.starts_with('0')) return {}; // nft writes no such numbers, and no rule has the handle 0
	uint64_t handle = 0;
	const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), handle);
	if (error != std::errc{} || end != digits.data() + digits.size()) return {};
	if (std::ranges::count(line.substr(0, mark), '"') % 2 != 0) return {};
	line = line.substr(0, mark);
	return handle;
}

class TableParser {
public:
	void line(std::string_view line) {
		if (!in_chain_) {
			std::string_view head = line;
			const auto handle = take_handle(head);
			if (handle && head.starts_with("\tchain ") && head.ends_with(" {")) {
				in_chain_ = true;
				chain_ = *handle;
				rule_.clear();
			}
			return;
		}
		if (line == "\t}") {
			in_chain_ = false;
			return;
		}
		if (rule_.empty() && line.starts_with("\t\ttype ") && line.ends_with(";")) {
			put(table_.chains, twice_chains_, chain_, line.substr(2));
			return;
		}
		const bool inside = !rule_.empty();
		if (!inside && (!line.starts_with("\t\t") || line.starts_with("\t\t\t"))) return;
		rule_ += inside ? "\n" : "";
		rule_ += inside ? line : line.substr(2);
		std::string_view text = line;
		// Inner rules of `jump { ... }` carry no handle; the closing brace does.
		const auto handle = take_handle(text);
		if (handle && !(inside && line.starts_with("\t\t\t"))) {
			const size_t mark = handle_mark(*handle).size();
			put(table_.rules, twice_rules_, *handle,
			    std::string_view(rule_).substr(0, rule_.size() - mark));
			rule_.clear();
		} else if (!inside && !line.ends_with(" {")) {
			rule_.clear(); // a chain's comment
		}
	}

	TableText finish() {
		for (const uint64_t handle : twice_rules_)
			table_.rules.erase(handle);
		for (const uint64_t handle : twice_chains_)
			table_.chains.erase(handle);
		return std::move(table_);
	}

private:
	static void put(std::unordered_map<uint64_t, std::string> &map, std::set<uint64_t> &twice, uint64_t handle,
	                std::string_view text) {
		if (!map.emplace(handle, text).second) twice.insert(handle);
	}

	TableText table_;
	std::set<uint64_t> twice_rules_;
	std::set<uint64_t> twice_chains_;
	bool in_chain_ = false;
	uint64_t chain_ = 0;
	std::string rule_; // collected so far
};

} // namespace

std::optional<std::string> cut_rule(std::string_view empty, std::string_view listing, uint64_t handle) {
	if (!drop_suffix(empty, kEnd)) return {};
	if (!drop_prefix(listing, empty) || !drop_suffix(listing, handle_mark(handle) + "\n" + std::string(kEnd)) ||
	    !drop_prefix(listing, "\t\t"))
		return {};
	return std::string(listing);
}

std::optional<std::string> cut_inner_rule(std::string_view empty, std::string_view listing, uint64_t handle) {
	if (listing.size() <= empty.size()) return {};
	// Without the rule the closing "\t\t}" follows, with it "\t\t\t<rule>\n": they differ after two tabs.
	const auto differ = std::ranges::mismatch(empty, listing);
	const auto at = static_cast<size_t>(differ.in1 - empty.begin());
	std::string_view more = listing.substr(at, listing.size() - empty.size());
	if (empty.substr(at) != listing.substr(at + more.size())) return {};
	if (!empty.substr(0, at).ends_with(" {\n\t\t") || !drop_prefix(more, "\t") || !drop_suffix(more, "\n\t\t"))
		return {};
	drop_suffix(more, handle_mark(handle));
	return std::string(more);
}

std::optional<std::string> cut_chain_line(std::string_view empty) {
	if (!drop_suffix(empty, "\n" + std::string(kEnd))) return {};
	// Neither the chain types nor interface names can hold white space (dev_valid_name), so the line is the last
	// one.
	empty.remove_prefix(empty.rfind('\n') + 1);
	if (!drop_prefix(empty, "\t\t") || !empty.starts_with("type ") || !empty.ends_with(";")) return {};
	return std::string(empty);
}

TableText parse_table(std::string_view listing, std::string_view family, std::string_view table,
                      uint64_t table_handle) {
	const std::string head = fmt::format("table {} {} {{", family, table);
	TableParser parser;
	bool inside = false;
	bool found = false;
	while (!listing.empty()) {
		// The name may hold quotes and newlines: it is looked for as a whole.
		if (!inside && listing.starts_with(head)) {
			std::string_view rest = listing.substr(head.size());
			const std::string_view mark = take_line(rest);
			const std::string wanted = fmt::format(" # handle {}", table_handle);
			if (mark == wanted || mark.starts_with(wanted + " ")) {
				if (found) return {};
				inside = found = true;
				listing = rest;
				continue;
			}
		}
		const std::string_view line = take_line(listing);
		if (!inside) continue;
		if (line == "}")
			inside = false;
		else
			parser.line(line);
	}
	return parser.finish();
}

} // namespace nft_drops
