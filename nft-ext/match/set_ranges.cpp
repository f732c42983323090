// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/match/translate.h"

#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>

namespace nft_drops {
namespace {

using Fields = std::vector<jit::MatchLookup::Field>;

// What the probe compares one after the other; the verifier has to look at each.
constexpr size_t kMostElements = 1024;
constexpr size_t kRegister = 4;

// The key right below: big-endian. False where there is none.
bool decrement(jit::MatchBytes &key) {
	for (size_t i = key.size(); i-- > 0;) {
		if (key[i]-- != 0) return true;
	}
	return false;
}

std::vector<Fields> intervals(const AnonymousSet &set) {
	auto sorted = set.elements;
	// Where one interval ends and another one begins, the end is first.
	std::ranges::sort(sorted, [](const auto &a, const auto &b) {
		return a.key != b.key ? a.key < b.key : a.ends && !b.ends;
	});
	std::vector<Fields> all;
	const jit::MatchBytes *begin = nullptr;
	for (const auto &element : sorted) {
		if (element.ends) {
			jit::MatchBytes last = element.key;
			if (begin && decrement(last)) all.push_back({{*begin, last}});
			begin = nullptr;
		} else if (!begin) {
			begin = &element.key;
		}
	}
	if (begin) all.push_back({{*begin, jit::MatchBytes(begin->size(), 0xff)}});
	return all;
}

// One of the fields of a concatenation: each begins at a register of its own.
std::vector<Fields> concatenations(const AnonymousSet &set) {
	std::vector<Fields> all;
	for (const auto &element : set.elements) {
		const jit::MatchBytes &end = element.key_end.empty() ? element.key : element.key_end;
		Fields fields;
		size_t at = 0;
		for (const uint8_t length : set.field_lengths) {
			if (at + length > element.key.size() || at + length > end.size()) return {};
			const auto part = [&](const jit::MatchBytes &key) {
				const auto from = key.begin() + static_cast<long>(at);
				return jit::MatchBytes(from, from + length);
			};
			fields.push_back({part(element.key), part(end)});
			at += (length + kRegister - 1) / kRegister * kRegister;
		}
		all.push_back(std::move(fields));
	}
	return all;
}

} // namespace

std::expected<std::vector<Fields>, Refusal> ranges_of(const AnonymousSet &set) {
	const auto strange = [&](const AnonymousSet::Element &e) {
		return e.key.size() != set.key_length || (!e.key_end.empty() && e.key_end.size() != set.key_length);
	};
	if (!set.key_length || std::ranges::any_of(set.elements, strange))
		return std::unexpected(Refusal{"a set whose keys are not understood"});
	if (set.elements.size() > kMostElements)
		return std::unexpected(Refusal{fmt::format("a set of {} elements: at most {} can be looked at",
		                                           set.elements.size(), kMostElements)});
	std::vector<Fields> all;
	if (!(set.flags & NFT_SET_INTERVAL)) {
		for (const auto &element : set.elements)
			all.push_back({{element.key, element.key}});
		return all;
	}
	all = set.flags & NFT_SET_CONCAT ? concatenations(set) : intervals(set);
	if (all.empty() && !set.elements.empty())
		return std::unexpected(Refusal{"a set whose intervals are not understood"});
	return all;
}

} // namespace nft_drops
