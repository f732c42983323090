// SPDX-License-Identifier: GPL-2.0-only
// Names, comments and texts of a ruleset as values of labels. Anybody's bytes may be in there; a label is valid UTF-8
// without control characters (text/escape.h) of at most kLongestLabel bytes.
#ifndef NFT_DROPS_NFT_EXT_METRICS_LABEL_H
#define NFT_DROPS_NFT_EXT_METRICS_LABEL_H

#include <cstddef>
#include <string>
#include <string_view>

namespace nft_drops {

inline constexpr size_t kLongestLabel = 1024;

// For people: a text that is too long ends before the first character that does not fit.
std::string text_label(std::string_view text);

// The same for what tells one series from another: two names never become one label, since quotes and backslashes are
// escaped, too. A name of nf_tables always fits: it has at most 255 bytes (NFT_NAME_MAXLEN), each at most 4 here.
std::string name_label(std::string_view name);

} // namespace nft_drops

#endif
