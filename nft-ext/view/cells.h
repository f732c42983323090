// SPDX-License-Identifier: GPL-2.0-only
// Text for columns of a terminal.
//
// A character takes 1 or 2 columns, as wcwidth(3) says for the locale (LC_CTYPE). Every character that is to take
// none, or that the locale cannot show, is written as \uNNNN, a byte that is not UTF-8 as \xNN, and control characters
// as escape.h has them: the result moves the cursor by exactly the columns that are told here.
#ifndef NFT_DROPS_NFT_EXT_VIEW_CELLS_H
#define NFT_DROPS_NFT_EXT_VIEW_CELLS_H

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops {

// How many columns the text takes once it is escaped.
size_t columns_of(std::string_view text);
// Exactly `columns` columns: filled up with spaces, or cut, with a ">" in the last column.
std::string fit(std::string_view text, size_t columns);
// The same, with the text at the right end.
std::string fit_right(std::string_view text, size_t columns);
// Lines of at most `columns` columns that hold all of the text, broken at spaces where there are some; at most `lines`
// of them, the last one cut. `columns` is 2 at least.
std::vector<std::string> wrap(std::string_view text, size_t columns, size_t lines);

} // namespace nft_drops

#endif
