// SPDX-License-Identifier: GPL-2.0-only
// The text of a rule or policy inside a chain block.
#ifndef NFT_DROPS_NFT_EXT_SINKS_RULE_TEXT_H
#define NFT_DROPS_NFT_EXT_SINKS_RULE_TEXT_H

#include <string>
#include <string_view>

namespace nft_drops {

// Appends the text indented as nft indents it, without a newline at its end. For harmless text the bytes are those
// of `nft -a list`; anything else is escaped (escape.h). A newline stays one only between the braces of
// `jump { ... }`, where the lines are indented anew, so that it does not matter whether the text came with nft's
// own indentation. Between quotes (a comment, a log prefix) a newline becomes \n: nft prints it raw, and such a
// comment could fake further lines of output.
void append_rule_text(std::string &out, std::string_view text);

} // namespace nft_drops

#endif
