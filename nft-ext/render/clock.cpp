// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/render/clock.h"

#include <algorithm>
#include <ctime>

namespace nft_drops {

namespace {

constexpr size_t kTimeOfDay = 11; // where in "2026-11-20T21:40:11.482113Z" it begins
constexpr size_t kMicroseconds = 20;
constexpr size_t kTimeOfDayBytes = 15;
constexpr size_t kTimestampBytes = 27;

void write_digits(char *end, int digits, int64_t value) {
	for (; digits > 0; --digits, value /= 10)
		*--end = static_cast<char>('0' + value % 10);
}

} // namespace

void Clock::set(std::chrono::system_clock::time_point time) {
	using std::chrono::floor, std::chrono::microseconds, std::chrono::seconds;
	const auto second = floor<seconds>(time);
	const int64_t count = second.time_since_epoch().count();
	if (second_ != count) {
		const std::time_t seconds_since_epoch = count;
		std::tm parts = {};
		if (zone_ == Zone::kUtc)
			gmtime_r(&seconds_since_epoch, &parts);
		else
			localtime_r(&seconds_since_epoch, &parts);
		write_digits(text_ + 4, 4, std::clamp(parts.tm_year + 1900, 0, 9999));
		write_digits(text_ + 7, 2, parts.tm_mon + 1);
		write_digits(text_ + 10, 2, parts.tm_mday);
		write_digits(text_ + 13, 2, parts.tm_hour);
		write_digits(text_ + 16, 2, parts.tm_min);
		write_digits(text_ + 19, 2, parts.tm_sec);
		second_ = count;
	}
	write_digits(text_ + kMicroseconds + 6, 6, (floor<microseconds>(time) - second).count());
}

std::string_view Clock::time_of_day(std::chrono::system_clock::time_point time) {
	set(time);
	return {text_ + kTimeOfDay, kTimeOfDayBytes};
}

std::string_view Clock::timestamp(std::chrono::system_clock::time_point time) {
	set(time);
	return {text_, kTimestampBytes};
}

} // namespace nft_drops
