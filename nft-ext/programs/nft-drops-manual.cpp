// SPDX-License-Identifier: GPL-2.0-only
// nft-drops-manual VERSION TEMPLATE PAGE: makes a manual page from its template. Lines that are @commands@, @options@
// or @names@ become what the grammar says; @version@ becomes the version wherever it stands.
#include "nft-ext/cli/grammar.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace nft_drops::cli {
namespace {

// As roff needs it: a dash that can be typed, no line that looks like a request.
std::string escaped(std::string_view text) {
	std::string all;
	for (const char c : text) {
		if (c == '\\')
			all += "\\e";
		else if (c == '-')
			all += "\\-";
		else if (c == '\'')
			all += "\\(aq";
		else
			all += c;
	}
	return all.starts_with('.') ? "\\&" + all : all;
}

// A synopsis: words bold, NAMEs in italics, signs as they are.
std::string typeset(std::string_view text) {
	std::string all;
	while (!text.empty()) {
		const size_t sign = text.find_first_of(" |()[].");
		const std::string_view word = text.substr(0, sign);
		if (!word.empty()) {
			bool name = true;
			for (const char c : word)
				name = name && ((c >= 'A' && c <= 'Z') || c == '_' || c == '=');
			all += fmt::format("\\f{}{}\\fR", name ? 'I' : 'B', escaped(word));
		}
		if (sign == std::string_view::npos) break;
		all += text[sign];
		text.remove_prefix(sign + 1);
	}
	return all.starts_with('.') ? "\\&" + all : all;
}

std::string paragraphs(std::string_view text) {
	std::string all;
	while (!text.empty()) {
		const auto end = text.find("\n\n");
		all += escaped(text.substr(0, end)) + "\n";
		if (end == std::string_view::npos) break;
		all += ".IP\n";
		text.remove_prefix(end + 2);
	}
	return all;
}

std::string options_of(Command command) {
	std::string all;
	for (const OptionSpec &o : options()) {
		if (!takes(command, o)) continue;
		std::string head;
		if (o.letter) head = fmt::format("\\fB\\-{}\\fR", o.letter);
		if (o.name) head += fmt::format("{}\\fB\\-\\-{}\\fR", head.empty() ? "" : ", ", escaped(o.name));
		if (o.argument) head += ' ' + typeset(o.argument);
		all += fmt::format(".TP\n{}\n{}\n", head, escaped(o.help));
	}
	return all;
}

std::string all_commands() {
	std::string all;
	for (const CommandSpec &c : commands()) {
		std::string words = c.help;
		all += fmt::format(
		        ".SS \"{}\"\n.TP\n\\fBnft\\-drops\\fR {} [\\fIOPTIONS\\fR]\n{}.\n",
		        escaped(std::string_view(c.synopsis).substr(0, std::string_view(c.synopsis).find(' '))),
		        typeset(c.synopsis), escaped(words));
		if (*c.about) all += ".IP\n" + paragraphs(c.about);
		all += ".PP\nOptions:\n" + options_of(c.id);
	}
	return all;
}

std::string names() {
	std::string all;
	for (const Placeholder &p : placeholders())
		all += fmt::format(".TP\n\\fI{}\\fR\n{}\n", p.name, escaped(p.help));
	return all;
}

// Lines of text as short as mandoc wants them: roff fills them anew. A tag (behind .TP) is one line, whatever its
// length.
std::string folded(std::istream &page) {
	constexpr size_t kWidth = 80;
	std::string all;
	bool example = false;
	bool tag = false;
	for (std::string line; std::getline(page, line);) {
		example = line == ".EX" || (example && line != ".EE");
		const bool text = !example && !tag && !line.starts_with('.');
		tag = line == ".TP";
		while (text && line.size() > kWidth) {
			size_t at = line.rfind(' ', kWidth);
			while (at != std::string::npos && at > 0 && line[at + 1] == '.')
				at = line.rfind(' ', at - 1);
			if (at == std::string::npos || at == 0) break;
			all += line.substr(0, at) + '\n';
			line.erase(0, at + 1);
		}
		all += line + '\n';
	}
	return all;
}

} // namespace
} // namespace nft_drops::cli

int main(int argc, char *argv[]) {
	using namespace nft_drops::cli;
	if (argc != 4) return 1;
	const std::string_view version = argv[1];
	std::ifstream from(argv[2]);
	std::stringstream to;
	constexpr std::string_view kVersion = "@version@";
	for (std::string line; std::getline(from, line);) {
		if (const auto at = line.find(kVersion); at != std::string::npos)
			line.replace(at, kVersion.size(), version);
		if (line == "@commands@")
			to << all_commands();
		else if (line == "@options@")
			to << options_of(Command::kPassThrough);
		else if (line == "@names@")
			to << names();
		else
			to << line << '\n';
	}
	return from.eof() && (std::ofstream(argv[3]) << folded(to)).flush() ? 0 : 1;
}
