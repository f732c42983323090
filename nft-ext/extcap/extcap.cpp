// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/extcap/extcap.h"

#include <fmt/format.h>

#include <optional>

namespace nft_drops::extcap {
namespace {

constexpr std::string_view kInterface = "nft-drops";

struct Field {
	std::string_view option;
	std::string Request::*value;
};
constexpr Field kFields[] = {
        {"--fifo", &Request::fifo},   {"--match", &Request::match},     {"--extcap-capture-filter", &Request::filter},
        {"--netns", &Request::netns}, {"--snaplen", &Request::snaplen},
};
struct Switch {
	std::string_view option;
	bool Request::*value;
};
constexpr Switch kSwitches[] = {{"--all-netns", &Request::all_netns}, {"--path", &Request::path}};

std::optional<Question> question_of(std::string_view option) {
	if (option == "--extcap-interfaces") return Question::kInterfaces;
	if (option == "--extcap-dlts") return Question::kLinkTypes;
	if (option == "--extcap-config") return Question::kConfig;
	if (option == "--capture") return Question::kCapture;
	return std::nullopt;
}

} // namespace

Result<Request> parse(std::span<const std::string_view> arguments) {
	Request request;
	std::optional<Question> question;
	std::string interface;
	for (size_t i = 0; i < arguments.size(); i++) {
		const std::string_view option = arguments[i].substr(0, arguments[i].find('='));
		const bool has_value = option.size() < arguments[i].size();
		std::string *to = option == "--extcap-interface" ? &interface : nullptr;
		for (const Field &field : kFields)
			if (option == field.option) to = &(request.*field.value);
		for (const Switch &s : kSwitches)
			// A value is what Wireshark keeps of a box: "true" or "false".
			if (option == s.option) request.*s.value = arguments[i].substr(option.size()) != "=false";
		if (const auto asked = question_of(option)) question = asked;
		if (!to) continue;
		if (!has_value && i + 1 == arguments.size())
			return usage_error(std::string(option), "its argument is missing", "see extcap(4)");
		*to = has_value ? arguments[i].substr(option.size() + 1) : arguments[++i];
	}
	if (!question && !request.filter.empty()) question = Question::kFilter;
	if (!question) return usage_error("nft-drops-extcap", "Wireshark runs this program", "see docs/capture.md");
	request.question = *question;
	if (*question != Question::kInterfaces && !interface.empty() && interface != kInterface)
		return usage_error("--extcap-interface " + interface, "there is no such interface",
		                   fmt::format("{} is", kInterface));
	if (*question == Question::kCapture && request.fifo.empty())
		return usage_error("--capture", "--fifo is missing", "see extcap(4)");
	return request;
}

std::string answer(Question question, std::string_view version, std::string_view help) {
	switch (question) {
	case Question::kInterfaces:
		return fmt::format("extcap {{version={}}}{{help={}}}{{display=nftables drops}}\n"
		                   "interface {{value={}}}{{display=nftables drops}}\n",
		                   version, help, kInterface);
	case Question::kLinkTypes:
		// LINKTYPE_USER0 stands for "the capture says so itself", as for Wireshark's own sshdump.
		return fmt::format("dlt {{number=147}}{{name={}}}{{display=As each device has it}}\n", kInterface);
	case Question::kConfig:
		return "arg {number=0}{call=--match}{display=Match}{type=string}{required=false}"
		       "{placeholder=tcp dport 22}"
		       "{tooltip=Only these drops: what stands in front of a verdict in an nft rule}\n"
		       "arg {number=1}{call=--netns}{display=Network namespace}{type=string}{required=false}"
		       "{tooltip=A name of ip netns, a process's number, or a file; empty: the present one}\n"
		       "arg {number=2}{call=--all-netns}{display=All network namespaces}{type=boolflag}{default=false}"
		       "{tooltip=Each network namespace has interfaces of its own}\n"
		       "arg {number=3}{call=--snaplen}{display=Snap length}{type=integer}{range=1,262144}{default=256}"
		       "{tooltip=Bytes kept of each packet, from its link header on}\n"
		       "arg {number=4}{call=--path}{display=Path}{type=boolflag}{default=false}"
		       "{tooltip=Show the jumps that led to the rule}\n";
	case Question::kFilter:
	case Question::kCapture:
		break;
	}
	return {};
}

std::vector<std::string> words_of(std::string_view match) {
	std::vector<std::string> words;
	std::string word;
	bool quoted = false;
	for (const char c : match) {
		if (c == '"') quoted = !quoted;
		const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
		if (!space || quoted) {
			word += c;
		} else if (!word.empty()) {
			words.push_back(std::move(word));
			word.clear();
		}
	}
	if (!word.empty()) words.push_back(std::move(word));
	return words;
}

std::vector<std::string> command_line(const Request &request) {
	std::vector<std::string> words = {"monitor", "-w", "-"};
	if (request.all_netns)
		words.emplace_back("--all-netns");
	else if (!request.netns.empty())
		words.push_back("--netns=" + request.netns);
	if (!request.snaplen.empty()) words.push_back("--snaplen=" + request.snaplen);
	if (request.path) words.emplace_back("--path");
	if (!request.filter.empty()) words.push_back("--pcap=" + request.filter);
	auto match = words_of(request.match);
	if (match.empty()) return words;
	words.emplace_back("--"); // nothing of it is an option
	words.insert(words.end(), match.begin(), match.end());
	return words;
}

} // namespace nft_drops::extcap
