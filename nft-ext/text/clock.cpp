// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/clock.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace nft_drops {

namespace {

constexpr size_t kTimeOfDay = 11; // where in "2026-11-20T21:40:11.482113Z" it begins
constexpr size_t kMicroseconds = 20;
constexpr size_t kZone = 26; // and where "Z" or "+0100" begins

// "00" to "99"
constexpr std::array<std::array<char, 2>, 100> pairs() {
	std::array<std::array<char, 2>, 100> all{};
	for (int i = 0; i < 100; i++)
		all[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
	return all;
}
constexpr auto kPairs = pairs();

void write_digits(char *end, int digits, int64_t value) {
	for (; digits > 0; --digits, value /= 10)
		*--end = static_cast<char>('0' + value % 10);
}

} // namespace

void Clock::set(std::chrono::system_clock::time_point time) {
	constexpr int64_t kPerSecond = 1'000'000'000;
	const int64_t now = std::chrono::nanoseconds(time.time_since_epoch()).count();
	int64_t fraction = second_ ? now - *second_ * kPerSecond : -1;
	if (fraction < 0 || fraction >= kPerSecond) {
		// Rounded down, also before the epoch.
		std::time_t second = now / kPerSecond;
		fraction = now - second * kPerSecond;
		if (fraction < 0) {
			fraction += kPerSecond;
			second--;
		}
		std::tm parts = {};
		if (zone_ == Zone::kUtc)
			gmtime_r(&second, &parts);
		else
			localtime_r(&second, &parts);
		write_digits(text_ + 4, 4, std::clamp(parts.tm_year + 1900, 0, 9999));
		write_digits(text_ + 7, 2, parts.tm_mon + 1);
		write_digits(text_ + 10, 2, parts.tm_mday);
		write_digits(text_ + 13, 2, parts.tm_hour);
		write_digits(text_ + 16, 2, parts.tm_min);
		write_digits(text_ + 19, 2, parts.tm_sec);
		write_zone(parts.tm_gmtoff);
		second_ = second;
	}
	// Two digits at a time, with 32 bits: this is done for each packet.
	auto rest = static_cast<uint32_t>(fraction) / 1000;
	for (char *pair = text_ + kMicroseconds + 4; pair >= text_ + kMicroseconds; pair -= 2, rest /= 100)
		memcpy(pair, kPairs[rest % 100].data(), 2);
}

// What RFC 3339 and `date +%z` call the offset: "+0100".
void Clock::write_zone(long seconds_east) {
	if (zone_ == Zone::kUtc) return;
	constexpr long kMinute = 60;
	constexpr long kHour = 60 * kMinute;
	text_[kZone] = seconds_east < 0 ? '-' : '+';
	const long offset = std::abs(seconds_east);
	write_digits(text_ + kZone + 3, 2, offset / kHour);
	write_digits(text_ + kZone + 5, 2, offset % kHour / kMinute);
	bytes_ = kZone + 5;
}

std::string_view Clock::time_of_day(std::chrono::system_clock::time_point time) {
	set(time);
	return time_of_day();
}

std::string_view Clock::time_of_day() const {
	return {text_ + kTimeOfDay, kTimeOfDayBytes};
}

std::string_view Clock::timestamp(std::chrono::system_clock::time_point time) {
	set(time);
	return {text_, bytes_};
}

} // namespace nft_drops
