// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/utf8.h"

namespace nft_drops {

CodePoint decode_utf8(std::string_view text) {
	const auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
	if (text.empty()) return {};
	const uint8_t lead = byte(0);
	if (lead < 0x80) return {.value = lead, .bytes = 1};
	size_t bytes = 0;
	uint32_t lowest = 0;
	uint32_t value = 0;
	if (lead >= 0xc2 && lead <= 0xdf) {
		bytes = 2;
		lowest = 0x80;
		value = lead & 0x1f;
	} else if (lead >= 0xe0 && lead <= 0xef) {
		bytes = 3;
		lowest = 0x800;
		value = lead & 0x0f;
	} else if (lead >= 0xf0 && lead <= 0xf4) {
		bytes = 4;
		lowest = 0x10000;
		value = lead & 0x07;
	}
	if (bytes == 0 || text.size() < bytes) return {};
	for (size_t i = 1; i < bytes; ++i) {
		if ((byte(i) & 0xc0) != 0x80) return {};
		value = value << 6 | (byte(i) & 0x3f);
	}
	if (value < lowest || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
	return {.value = value, .bytes = bytes};
}

} // namespace nft_drops
