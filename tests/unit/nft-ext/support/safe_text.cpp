// SPDX-License-Identifier: GPL-2.0-only
#include "safe_text.h"

#include <nlohmann/json.hpp>

namespace nft_drops::test {

std::string danger_in(std::string_view text, bool tabs_allowed) {
	for (size_t i = 0; i < text.size(); ++i) {
		const auto byte = static_cast<uint8_t>(text[i]);
		if (byte == 0x7f || (byte < 0x20 && byte != '\n' && !(tabs_allowed && byte == '\t')))
			return "control character " + std::to_string(byte);
		if (byte == 0xc2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xa0)
			return "control character in UTF-8";
	}
	for (const char *forbidden : {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xae", "\xe2\x81\xa6"})
		if (text.find(forbidden) != std::string_view::npos) return "separator or direction mark";
	try {
		static_cast<void>(nlohmann::json(text).dump());
	} catch (const nlohmann::json::exception &error) {
		return error.what();
	}
	return {};
}

} // namespace nft_drops::test
