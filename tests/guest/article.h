// SPDX-License-Identifier: GPL-2.0-only
// What nft-drops is compared with: the bpftrace script of the article that this project grew from.
#ifndef NFT_DROPS_TESTS_GUEST_ARTICLE_H
#define NFT_DROPS_TESTS_GUEST_ARTICLE_H

#include <string>

namespace nft_drops::guest {

// The article's script for this kernel, in words that any bpftrace knows: packet length and rule handle, at the
// instruction where nft-drops sees drops by a rule, with the article's own test where other packets come there too.
std::string article_script();

} // namespace nft_drops::guest

#endif
