// SPDX-License-Identifier: GPL-2.0-only
// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#ifndef NFT_DROPS_NFT_EXT_TEXT_UTF8_H
#define NFT_DROPS_NFT_EXT_TEXT_UTF8_H

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nft_drops {

struct CodePoint {
	uint32_t value = 0;
	size_t bytes = 0; // 0 where the text does not begin with a valid sequence
};

// The first code point of the text.
CodePoint decode_utf8(std::string_view text);

} // namespace nft_drops

#endif
