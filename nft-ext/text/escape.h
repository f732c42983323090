// SPDX-License-Identifier: GPL-2.0-only
// Text from outside (names, comments, log prefixes) made safe for a terminal.
//
// Never passed on: C0 and DEL, C1 (also as U+0080..U+009F in UTF-8), bytes that are not UTF-8, the line and
// paragraph separators U+2028 and U+2029, and what changes the writing direction (U+061C, U+200E, U+200F,
// U+202A..U+202E, U+2066..U+2069). They become \n \t \r, \xNN (one byte) or \uNNNN (one code point).
// All other text, UTF-8 included, keeps its bytes.
#ifndef NFT_DROPS_NFT_EXT_TEXT_ESCAPE_H
#define NFT_DROPS_NFT_EXT_TEXT_ESCAPE_H

#include <string>
#include <string_view>

namespace nft_drops {

enum class Escape {
	kText,   // nothing more: text that stands as it is, such as a rule. A tab passes.
	kWord,   // a space, too (\x20): a name that must stay one word
	kQuoted, // quotes and backslashes, too (\" \\): what stands between double quotes
};

void append_escaped(std::string &out, std::string_view text, Escape escape);

// True where append_escaped() would append the text unchanged.
bool is_harmless(std::string_view text, Escape escape);

} // namespace nft_drops

#endif
