// SPDX-License-Identifier: GPL-2.0-only
// What `why` prints: drops of the past in the form of nft's listing, line by line, or as JSON.
//
//	table inet filter { # handle 6
//		chain input { # handle 1
//			# 42 packets 2520 bytes, 2026-11-20 14:02:11 to 14:09:57: iif "eth0" ip saddr 192.0.2.7 ...
//			tcp dport 10000 drop # handle 7
//		}
//	}
//
// What is told beside it (what was not recorded, what was lost) is a comment in front of all; in JSON it is an object
// of its own: {"not_recorded":{"from","to"}}, {"clock_set":{"from","to"}}, {"recorded_only"}, {"lost"}, {"left_out"},
// {"widened":{"from","to"}}.
#ifndef NFT_DROPS_NFT_EXT_HISTORY_LISTING_H
#define NFT_DROPS_NFT_EXT_HISTORY_LISTING_H

#include "nft-ext/history/reader.h"
#include "nft-ext/text/format.h"

#include <string>

namespace nft_drops {

// `netns`: the inode number of the present network namespace, whose drops need no name of it.
std::string listing_of(const Found &found, Format format, uint32_t netns);

// A flow in nft's match words: `iif "eth0" ip saddr 192.0.2.7 ip daddr 192.0.2.1 tcp dport 10000`.
std::string flow_words(const FlowWords &flow);

} // namespace nft_drops

#endif
