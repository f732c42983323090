// SPDX-License-Identifier: GPL-2.0-only
// `top --batch`: a frame as text, one rule a line, whole, and an empty line at the end.
//
//	# 2026-11-20 21:40:12 1,234 drops, 120/s, 0 lost
//	# DROPS/S      TOTAL LAST     RULE
//	    120.0       1234 21:40:11 inet filter input tcp dport 10000 drop # handle 7
#ifndef NFT_DROPS_NFT_EXT_VIEW_TOP_BATCH_H
#define NFT_DROPS_NFT_EXT_VIEW_TOP_BATCH_H

#include "nft-ext/view/top_model.h"
#include "nft-ext/view/top_view.h"

#include <cstdint>
#include <string>

namespace nft_drops {

// `now`: nanoseconds since the epoch.
std::string batch_frame(const TopFrame &frame, const TopSight &sight, int64_t now);

} // namespace nft_drops

#endif
