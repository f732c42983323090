// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/colours.h"

#include <cstdlib>
#include <string_view>
#include <unistd.h>

namespace nft_drops::cli {

bool wants_colours(Colour colour, int fd) {
	if (colour != Colour::kAuto) return colour == Colour::kAlways;
	const auto value_of = [](const char *name) {
		const char *value = std::getenv(name);
		return std::string_view(value ? value : "");
	};
	return isatty(fd) != 0 && value_of("NO_COLOR").empty() && value_of("TERM") != "dumb";
}

} // namespace nft_drops::cli
