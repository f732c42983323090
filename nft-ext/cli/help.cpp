// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/help.h"

#include "nft-ext/cli/grammar.h"

#include <fmt/format.h>

#include <string_view>

namespace nft_drops::cli {
namespace {

constexpr size_t kWidth = 80;

// Breaks the lines of `text` before kWidth. `column` is where the first line begins. Each further line begins with
// `indent` blanks.
std::string wrapped(std::string_view text, size_t column, size_t indent) {
	std::string all;
	while (!text.empty()) {
		const std::string_view word = text.substr(0, text.find_first_of(" \n"));
		const bool first = all.empty();
		if (!first && column + 1 + word.size() > kWidth) {
			all += fmt::format("\n{:{}}", "", indent);
			column = indent;
		} else if (!first && column > indent) {
			all += ' ';
			column++;
		}
		all += word;
		column += word.size();
		text.remove_prefix(word.size());
		if (text.starts_with("\n\n")) {
			all += fmt::format("\n\n{:{}}", "", indent);
			column = indent;
		}
		text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
	}
	return all;
}

std::string entry(const std::string &left, std::string_view right) {
	constexpr size_t kRight = 27;
	if (left.size() + 2 > kRight)
		return left + fmt::format("\n{:{}}", "", kRight) + wrapped(right, kRight, kRight) + '\n';
	return fmt::format("{:{}}", left, kRight) + wrapped(right, kRight, kRight) + '\n';
}

std::string options_of(Command command) {
	std::string text;
	for (const OptionSpec &o : options()) {
		if (!takes(command, o)) continue;
		std::string left = o.letter ? fmt::format("  -{}", o.letter) : "    ";
		if (o.name) left += fmt::format("{} --{}", o.letter ? "," : " ", o.name);
		if (o.argument) left += fmt::format(" {}", o.argument);
		text += entry(left, o.help);
	}
	return text;
}

std::string names_in(std::string_view text) {
	std::string names;
	for (const Placeholder &p : placeholders()) {
		for (size_t at = 0; (at = text.find(p.name, at)) != std::string_view::npos; at++) {
			const auto capital = [&](size_t i) {
				return i < text.size() && text[i] >= 'A' && text[i] <= 'Z';
			};
			if ((at > 0 && capital(at - 1)) || capital(at + p.name.size())) continue;
			names += entry(fmt::format("  {}", p.name), p.help);
			break;
		}
	}
	return names;
}

std::string of_one(const CommandSpec &command) {
	std::string text =
	        "Usage: nft-drops " + wrapped(fmt::format("{} [OPTIONS]", command.synopsis), 17, 17) + "\n\n";
	std::string words = command.help;
	words += '.';
	words[0] = static_cast<char>(words[0] >= 'a' && words[0] <= 'z' ? words[0] - 'a' + 'A' : words[0]);
	text += wrapped(words, 0, 0) + '\n';
	if (*command.about) text += '\n' + wrapped(command.about, 0, 0) + '\n';
	text += "\nOptions, before or after the command:\n" + options_of(command.id);
	std::string all = command.synopsis;
	for (const OptionSpec &o : options()) {
		if (takes(command.id, o) && o.argument) all += fmt::format(" {}", o.argument);
	}
	if (const std::string names = names_in(all); !names.empty()) text += "\nwhere\n" + names;
	return text;
}

} // namespace

std::string help(std::optional<Command> command) {
	if (command) return of_one(*spec_of(*command));
	std::string text = "Usage: nft-drops COMMAND [OPTIONS]\n"
	                   "       nft-drops [NFT'S OPTIONS] NFT'S COMMAND\n"
	                   "\nCommands of nft-drops (\"nft-drops help COMMAND\" explains one):\n";
	for (const CommandSpec &c : commands())
		text += entry(
		        fmt::format("  {}",
		                    std::string_view(c.synopsis).substr(0, std::string_view(c.synopsis).find(' '))),
		        c.help);
	text += "\nEvery other command is nft's and goes to libnftables unchanged; see nft(8). nft's options:\n";
	return text + options_of(Command::kPassThrough);
}

} // namespace nft_drops::cli
