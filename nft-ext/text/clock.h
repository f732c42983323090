// SPDX-License-Identifier: GPL-2.0-only
// Time stamps, with the costly part of the conversion done once a second.
#ifndef NFT_DROPS_NFT_EXT_TEXT_CLOCK_H
#define NFT_DROPS_NFT_EXT_TEXT_CLOCK_H

#include <chrono>
#include <cstddef>
#include <ctime>
#include <optional>
#include <string_view>

namespace nft_drops {

class Clock {
public:
	enum class Zone { kLocal, kUtc };
	static constexpr size_t kTimeOfDayBytes = 15; // of time_of_day()
	static constexpr size_t kDateBytes = 10;      // of date()

	// kLocal is the process's time zone (TZ, /etc/localtime).
	explicit Clock(Zone zone) : zone_(zone) {}

	// The results stay valid until the next call.
	// "21:40:11.482113"
	std::string_view time_of_day(std::chrono::system_clock::time_point time);
	// Sets the time that time_of_day() and date() tell.
	void set(std::chrono::system_clock::time_point time);
	[[nodiscard]] std::string_view time_of_day() const;
	// "2026-11-20T21:40:11.482113Z" of kUtc, "2026-11-20T21:40:11.482113+0100" of kLocal.
	std::string_view timestamp(std::chrono::system_clock::time_point time);
	// "2026-11-20", of the time that was set.
	[[nodiscard]] std::string_view date() const { return {text_, kDateBytes}; }

private:
	void write_zone(long seconds_east);

	Zone zone_;
	std::optional<std::time_t> second_; // the one that text_ has, since the epoch
	char text_[32] = "0000-00-00T00:00:00.000000Z";
	size_t bytes_ = 27; // of text_
};

} // namespace nft_drops

#endif
