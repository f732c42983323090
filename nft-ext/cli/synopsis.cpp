// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/synopsis.h"
#include "jit/base/table_family.h"

#include <algorithm>

namespace nft_drops::cli {

bool is_placeholder(std::string_view token) {
	return !token.empty() && std::ranges::all_of(token, [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
}

bool fits(std::string_view placeholder, std::string_view word) {
	if (placeholder == "FAMILY") return family_number(word).has_value();
	if (placeholder == "N" || placeholder == "HANDLE")
		return !word.empty() && std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
	return true;
}

std::string_view Synopsis::Expected::of(std::string_view name) const {
	for (const auto &[n, word] : names) {
		if (n == name) return word;
	}
	return {};
}

class Synopsis::Compiler {
public:
	explicit Compiler(std::string_view text) : rest_(text) {}

	Steps sequence() {
		Steps all;
		for (skip(); !rest_.empty() && rest_[0] != ')' && rest_[0] != ']'; skip())
			append(all, alternatives());
		return all;
	}

private:
	static void append(Steps &to, const Steps &what) { to.insert(to.end(), what.begin(), what.end()); }
	static Step split(size_t a, int b) { return {Step::kSplit, {}, {static_cast<int>(a), b}}; }
	void skip() { rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size())); }
	bool take(std::string_view token) {
		if (!rest_.starts_with(token)) return false;
		rest_.remove_prefix(token.size());
		return true;
	}

	Steps alternatives() {
		Steps one = element();
		if (!take("|")) return one;
		const Steps other = alternatives();
		Steps all{split(1, static_cast<int>(one.size()) + 2)};
		append(all, one);
		const int past = static_cast<int>(other.size()) + 1;
		all.push_back(split(static_cast<size_t>(past), past));
		append(all, other);
		return all;
	}

	Steps element() {
		Steps one;
		if (take("(")) {
			one = sequence();
			take(")");
		} else if (take("[")) {
			one = sequence();
			take("]");
			one.insert(one.begin(), split(1, static_cast<int>(one.size()) + 1));
		} else {
			const std::string_view word =
			        rest_.substr(0, std::min(rest_.find_first_of(" |[]()."), rest_.size()));
			rest_.remove_prefix(std::max<size_t>(word.size(), 1));
			one.push_back({Step::kWord, word});
		}
		if (take("...")) one.push_back(split(1, -static_cast<int>(one.size())));
		return one;
	}

	std::string_view rest_;
};

struct Synopsis::Thread {
	size_t at = 0;
	Expected seen;
};

Synopsis::Synopsis(std::string_view text) {
	steps_ = Compiler(text).sequence();
	steps_.emplace_back();
}

// Adds a thread for each step that awaits a word and that is reached from `at` without one.
void Synopsis::follow(size_t at, const Thread &from, std::vector<Thread> &threads) const {
	const Step &step = steps_[at];
	if (step.kind == Step::kSplit) {
		const size_t a = at + static_cast<size_t>(step.to[0]);
		const size_t b = at + static_cast<size_t>(step.to[1]);
		follow(a, from, threads);
		if (b != a) follow(b, from, threads);
		return;
	}
	threads.push_back({at, from.seen});
}

Synopsis::Match Synopsis::match(std::span<const std::string_view> words) const {
	Match match;
	std::vector<Thread> now;
	follow(0, {}, now);
	for (std::string_view word : words) {
		std::vector<Thread> then;
		for (const Thread &t : now) {
			const Step &step = steps_[t.at];
			if (step.kind != Step::kWord) continue;
			const bool name = is_placeholder(step.token);
			if (name ? !fits(step.token, word) : step.token != word) continue;
			Thread next = t;
			// of() gives the first word of a NAME..., so no more are kept: a MATCH may have many.
			if (name && next.seen.of(step.token).empty()) next.seen.names.emplace_back(step.token, word);
			follow(t.at + 1, next, then);
		}
		if (then.empty()) return match;
		now = std::move(then);
		match.fitting++;
	}
	for (Thread &t : now) {
		const Step &step = steps_[t.at];
		if (step.kind == Step::kEnd) match.whole = true;
		if (step.kind != Step::kWord) continue;
		t.seen.token = step.token;
		match.next.push_back(std::move(t.seen));
	}
	return match;
}

} // namespace nft_drops::cli
