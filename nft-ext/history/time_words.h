// SPDX-License-Identifier: GPL-2.0-only
// Times as `why` takes and prints them, in the process's time zone.
#ifndef NFT_DROPS_NFT_EXT_HISTORY_TIME_WORDS_H
#define NFT_DROPS_NFT_EXT_HISTORY_TIME_WORDS_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nft_drops {

// In nanoseconds since the epoch: so long ago ("10m", "2h"), a time of day ("14:05", "14:05:30", the latest one that
// is not in the future), or a day with or without one ("2026-11-20", "2026-11-20 14:05"). Nothing for what is none.
std::optional<int64_t> parse_time(std::string_view text, int64_t now);

// "2026-11-20 14:02:11"
std::string time_words(int64_t time);
// The same without the day where `other` is of the same one.
std::string time_words(int64_t time, int64_t other);

} // namespace nft_drops

#endif
