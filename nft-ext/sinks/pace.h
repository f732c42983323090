// SPDX-License-Identifier: GPL-2.0-only
// `--limit N/second`: so many in each second.
#ifndef NFT_DROPS_NFT_EXT_SINKS_PACE_H
#define NFT_DROPS_NFT_EXT_SINKS_PACE_H

#include <chrono>
#include <cstdint>
#include <optional>

namespace nft_drops::cli {

class Pace {
public:
	using Time = std::chrono::steady_clock::time_point;
	explicit Pace(std::optional<uint64_t> per_second) : limit_(per_second) {}

	[[nodiscard]] bool limited() const { return limit_.has_value(); }
	// Whether one more may be shown now; if so it is counted.
	bool take(Time now) {
		if (!limit_) return true;
		if (now - began_ >= std::chrono::seconds(1)) {
			began_ = now;
			taken_ = 0;
		}
		if (taken_ >= *limit_) return false;
		taken_++;
		return true;
	}

private:
	std::optional<uint64_t> limit_;
	Time began_;
	uint64_t taken_ = 0;
};

} // namespace nft_drops::cli

#endif
