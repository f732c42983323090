// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/metrics/listed_rules.h"

#include "nft-ext/metrics/label.h"
#include "nft-ext/text/rule_words.h"

#include <cstring>

namespace nft_drops {
namespace {

constexpr const char *kWhat = "ruleset";
// A record's first byte. The last record is the generation that was listed, or an error.
constexpr char kLine = 'L', kEnd = 'E', kChanged = 'C', kFailed = 'F';

void put(std::string &out, std::string_view text) {
	const auto size = static_cast<uint32_t>(text.size());
	out.append(reinterpret_cast<const char *>(&size), sizeof(size));
	out += text;
}

template <typename T> void put_number(std::string &out, T number) {
	out.append(reinterpret_cast<const char *>(&number), sizeof(number));
}

// Takes what put() and put_number() wrote; once the bytes are too few, everything is empty and whole() is false.
class Taker {
public:
	explicit Taker(std::string_view bytes) : bytes_(bytes) {}
	template <typename T> T number() {
		T value{};
		const std::string_view raw = take(sizeof(T));
		if (raw.size() == sizeof(T)) memcpy(&value, raw.data(), sizeof(T));
		return value;
	}
	std::string_view text() { return take(number<uint32_t>()); }
	[[nodiscard]] bool whole() const { return whole_; }
	[[nodiscard]] bool at_end() const { return bytes_.empty(); }

private:
	std::string_view take(size_t size) {
		whole_ = whole_ && size <= bytes_.size();
		if (!whole_) return {};
		const std::string_view taken = bytes_.substr(0, size);
		bytes_.remove_prefix(size);
		return taken;
	}
	std::string_view bytes_;
	bool whole_ = true;
};

} // namespace

void ListedRules::add(const ListedLine &line) {
	ListedChain chain{name_label(line.family), name_label(line.table), name_label(line.chain)};
	// A chain's lines follow each other.
	if (chains_.empty() || chains_.back() != chain) chains_.push_back(std::move(chain));
	rules_.push_back({.culprit = {line.table_handle, line.handle, line.policy},
	                  .chain = static_cast<uint32_t>(chains_.size() - 1),
	                  .may_drop = line.policy ? line.text.find(" policy drop;") != std::string_view::npos
	                                          : says_drop(line.text),
	                  .text = text_label(line.text),
	                  .comment = line.policy ? std::string() : text_label(comment_in(line.text))});
}

std::string ListedRules::pack(const ListedLine &line) {
	std::string out(1, kLine);
	for (const std::string_view text : {line.family, line.table, line.chain, line.text})
		put(out, text);
	put_number(out, line.table_handle);
	put_number(out, line.handle);
	put_number(out, static_cast<uint8_t>(line.policy));
	return out;
}

Result<ListedRules> ListedRules::unpack(std::string_view bytes) {
	constexpr const char *kTry = "try nft list ruleset";
	const auto broken = [] { return usage_error(kWhat, "nft could not list it to its end", kTry); };
	ListedRules listed;
	Taker taker(bytes);
	for (;;) {
		const char kind = taker.number<char>();
		if (kind == kFailed) return usage_error(kWhat, std::string(taker.text()), kTry);
		if (kind == kEnd || kind == kChanged) {
			const auto generation = taker.number<uint32_t>();
			if (kind == kEnd) listed.generation_ = generation;
			return taker.whole() && taker.at_end() ? Result<ListedRules>(std::move(listed)) : broken();
		}
		if (kind != kLine) return broken();
		ListedLine line;
		line.family = taker.text();
		line.table = taker.text();
		line.chain = taker.text();
		line.text = taker.text();
		line.table_handle = taker.number<uint64_t>();
		line.handle = taker.number<uint64_t>();
		line.policy = taker.number<uint8_t>() != 0;
		if (!taker.whole()) return broken();
		listed.add(line);
	}
}

std::string ListedRules::pack_end(uint32_t generation, bool changed) {
	std::string out(1, changed ? kChanged : kEnd);
	put_number(out, generation);
	return out;
}

std::string ListedRules::pack_error(std::string_view error) {
	std::string out(1, kFailed);
	put(out, error);
	return out;
}

} // namespace nft_drops
