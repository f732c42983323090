// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/complete/candidates.h"

#include "jit/base/table_family.h"
#include "nft-ext/cli/complete/match_words.h"
#include "nft-ext/cli/grammar.h"

#include <optional>
#include <unordered_set>

namespace nft_drops::complete {
namespace {

using cli::OptionSpec;
using cli::Synopsis;
using Words = std::vector<std::string_view>;

// The words before the cursor, by their role.
struct Typed {
	Words words;                          // all but options and their arguments
	const OptionSpec *awaiting = nullptr; // an option whose argument is at the cursor
	std::string_view netns;
	// The words behind "run ... --": CMD and its arguments. Nothing: there is no such --.
	std::optional<size_t> of_command;
};

const OptionSpec *option_of(std::string_view word, bool with_argument) {
	for (const OptionSpec &o : cli::options()) {
		if (with_argument && !o.argument) continue;
		if (word.starts_with("--") ? o.name && word.substr(2) == o.name
		                           : word.size() > 1 && word.back() == o.letter)
			return &o;
	}
	return nullptr;
}

// Joins the three words that bash makes of --option=argument.
Words joined(std::span<const std::string_view> words) {
	Words all;
	for (size_t i = 0; i < words.size(); i++) {
		if (words[i] == "=" && !all.empty() && all.back().starts_with("--")) {
			if (i + 1 == words.size()) all.emplace_back();
			continue;
		}
		all.push_back(words[i]);
	}
	return all;
}

Typed sort_out(std::span<const std::string_view> before) {
	Typed typed;
	for (const std::string_view word : before) {
		if (typed.of_command) {
			++*typed.of_command;
		} else if (word == "--" && !typed.words.empty() && typed.words.front() == "run") {
			typed.of_command = 0;
		} else if (typed.awaiting) {
			if (std::string_view(typed.awaiting->argument).starts_with("NETNS")) typed.netns = word;
			typed.awaiting = nullptr;
		} else if (word.starts_with('-') && word.size() > 1) {
			const auto equals = word.find('=');
			if (word.starts_with("--") && equals != std::string_view::npos) {
				const OptionSpec *o = option_of(word.substr(0, equals), true);
				if (o && std::string_view(o->argument).starts_with("NETNS"))
					typed.netns = word.substr(equals + 1);
			} else {
				typed.awaiting = option_of(word, true);
			}
		} else {
			typed.words.push_back(word);
		}
	}
	return typed;
}

std::string_view meaning_of(std::string_view word, const Words &before) {
	for (const cli::CommandSpec &c : cli::commands()) {
		if (before.empty() && Synopsis(c.synopsis).match(Words{word}).fitting == 1) return c.help;
	}
	return "";
}

// The words of the MATCH in "COMMAND [SELECTOR] [MATCH...]".
Words match_of(const Words &words) {
	size_t at = 1;
	const auto is = [&](std::string_view word) { return at < words.size() && words[at] == word; };
	if (is("drops")) at++;
	if (is("table"))
		at += 3;
	else if (is("chain"))
		at += 4;
	else if (is("rule"))
		at += 6;
	return at < words.size() ? Words(words.begin() + static_cast<ptrdiff_t>(at), words.end()) : Words();
}

class Collector {
public:
	Collector(std::string_view prefix, const Names &names, std::string_view netns)
	    : prefix_(prefix), names_(names), netns_(netns) {}

	void add(Candidate c) {
		const bool special = c.word == "!file" || c.word == "!directory";
		if (!special && !c.word.starts_with(prefix_)) return;
		if (words_.insert(c.word).second) all_.push_back(std::move(c));
	}

	void add(const Synopsis::Expected &expected, const Words &before) {
		const std::string_view token = expected.token;
		if (!cli::is_placeholder(token)) {
			add({std::string(token), std::string(meaning_of(token, before))});
		} else if (token == "FAMILY") {
			for (const TableFamily &family : kTableFamilies)
				add({std::string(family.name), "family"});
		} else if (token == "COMMAND") {
			for (const cli::CommandSpec &c : cli::commands()) {
				const std::string_view synopsis = c.synopsis;
				add({std::string(synopsis.substr(0, synopsis.find(' '))), c.help});
			}
		} else if (token == "FILE") {
			add({"!file", ""});
		} else if (token == "DIRECTORY") {
			add({"!directory", ""});
		} else if (token == "MATCH") {
			add_match(before);
		} else {
			for (Candidate &c : names_({.name = expected, .prefix = prefix_, .netns = netns_}))
				add(std::move(c));
		}
	}

	std::vector<Candidate> all() && { return std::move(all_); }

private:
	void add_match(const Words &before) {
		const bool history = !before.empty() && before.front() == "why";
		for (Candidate &c : match_words(match_of(before), history)) {
			if (c.word != "!device")
				add(std::move(c));
			else
				for (Candidate &device :
				     names_({.name = {"DEVICE", {}}, .prefix = prefix_, .netns = netns_}))
					add(std::move(device));
		}
	}

	std::string_view prefix_;
	const Names &names_;
	std::string_view netns_;
	std::vector<Candidate> all_;
	std::unordered_set<std::string> words_; // the words in all_
};

// The commands that these words may belong to, a bit for each: all commands where no word was typed.
unsigned commands_of(const Words &words) {
	if (words.empty()) return ~0U;
	unsigned of = 0;
	for (const cli::CommandSpec &c : cli::commands()) {
		if (Synopsis(c.synopsis).match(words).fitting == words.size()) of |= 1U << static_cast<unsigned>(c.id);
	}
	return of;
}

// Offers options where they are accepted: before the command all options, after the command its own.
void add_options(Collector &to, const Words &words) {
	const unsigned of = commands_of(words);
	for (const OptionSpec &o : cli::options()) {
		if (!(o.of & of)) continue;
		if (o.name) to.add({std::string("--") + o.name, o.help});
		if (o.letter) to.add({std::string("-") + o.letter, o.help});
	}
}

bool same_option(const OptionSpec &a, const OptionSpec &b) {
	return a.name && b.name ? std::string_view(a.name) == b.name : a.letter && a.letter == b.letter;
}

// Offers arguments of an option. Several commands may have an option of this name, and nft one, too: until the command
// is typed, the arguments of all these options are offered.
void add_argument(Collector &to, const OptionSpec &option, const Words &words) {
	const unsigned of = commands_of(words);
	for (const OptionSpec &o : cli::options()) {
		const bool wanted = same_option(o, option) && ((o.of & of) != 0 || &o == &option);
		if (!wanted || !o.argument) continue;
		for (const Synopsis::Expected &e : Synopsis(o.argument).match({}).next)
			to.add(e, {});
	}
}

} // namespace

std::vector<Candidate> candidates(std::span<const std::string_view> typed_words, const Names &names) {
	const Words words = joined(typed_words);
	if (words.empty()) return {};
	const std::string_view current = words.back();
	const Typed typed = sort_out(std::span(words).first(words.size() - 1));
	if (typed.of_command) {
		Collector all(current, names, {});
		if (*typed.of_command == 0)
			all.add(Synopsis::Expected{"CMD", {}}, {});
		else
			all.add({"!file", ""});
		return std::move(all).all();
	}
	if (typed.awaiting) {
		Collector all(current, names, typed.netns);
		add_argument(all, *typed.awaiting, typed.words);
		return std::move(all).all();
	}
	if (const auto equals = current.find('='); current.starts_with("--") && equals != std::string_view::npos) {
		const OptionSpec *option = option_of(current.substr(0, equals), true);
		Collector all(current.substr(equals + 1), names, typed.netns);
		if (option) add_argument(all, *option, typed.words);
		auto found = std::move(all).all();
		for (Candidate &c : found) {
			if (!c.word.starts_with('!')) c.word.insert(0, current.substr(0, equals + 1));
		}
		return found;
	}
	Collector all(current, names, typed.netns);
	if (current.starts_with('-')) {
		add_options(all, typed.words);
		return std::move(all).all();
	}
	for (const cli::CommandSpec &c : cli::commands()) {
		for (const Synopsis::Expected &e : Synopsis(c.synopsis).match(typed.words).next)
			all.add(e, typed.words);
	}
	for (const char *synopsis : cli::nft_synopses()) {
		for (const Synopsis::Expected &e : Synopsis(synopsis).match(typed.words).next)
			all.add(e, typed.words);
	}
	return std::move(all).all();
}

} // namespace nft_drops::complete
