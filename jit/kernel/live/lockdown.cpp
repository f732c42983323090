// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/lockdown.h"

#include <fstream>
#include <string_view>

namespace nft_drops::jit {
namespace {

// Empty if the file cannot be read.
std::string first_line(const char *path) {
	std::ifstream file(path);
	std::string line;
	std::getline(file, line);
	return line;
}

std::string_view in_brackets(std::string_view text) {
	const size_t begin = text.find('[');
	const size_t end = text.find(']', begin);
	return end == std::string_view::npos ? std::string_view() : text.substr(begin + 1, end - begin - 1);
}

// The value of the last "lockdown=" among the words of a command line: the kernel takes the last one.
std::string_view last_parameter(std::string_view command_line) {
	constexpr std::string_view kName = "lockdown=";
	std::string_view value;
	for (size_t at = 0; at < command_line.size();) {
		const size_t end = std::min(command_line.find(' ', at), command_line.size());
		const std::string_view word = command_line.substr(at, end - at);
		if (word.starts_with(kName)) value = word.substr(kName.size());
		at = end + 1;
	}
	return value;
}

} // namespace

Result<std::string> lockdown_mode(const char *file, const char *command_line) {
	const std::string modes = first_line(file);
	const std::string parameters = modes.empty() ? first_line(command_line) : "";
	const std::string mode(modes.empty() ? last_parameter(parameters) : in_brackets(modes));
	if (mode == "confidentiality")
		return unsupported("lockdown",
		                   "kernel lockdown is in mode confidentiality: no program may read kernel memory",
		                   "boot with lockdown=integrity or without lockdown");
	return mode.empty() || mode == "none" ? "off" : mode;
}

} // namespace nft_drops::jit
