// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_TEXT_FORMAT_H
#define NFT_DROPS_NFT_EXT_TEXT_FORMAT_H

namespace nft_drops {

// How drops are printed: the value of `--format`.
enum class Format { kBlock, kLine, kJson };

} // namespace nft_drops

#endif
