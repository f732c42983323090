// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/history/time_words.h"

#include "nft-ext/text/duration.h"

#include <fmt/format.h>

#include <ctime>

namespace nft_drops {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

std::tm local(int64_t time) {
	const std::time_t seconds = time / kSecond;
	std::tm parts{};
	localtime_r(&seconds, &parts);
	return parts;
}

// A whole number of exactly so many digits, at most `most`; takes them off.
std::optional<int> digits(std::string_view &text, size_t count, int most) {
	if (text.size() < count) return std::nullopt;
	int value = 0;
	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9') return std::nullopt;
		value = value * 10 + (text[i] - '0');
	}
	text.remove_prefix(count);
	return value <= most ? std::optional(value) : std::nullopt;
}

bool take(std::string_view &text, char c) {
	if (!text.starts_with(c)) return false;
	text.remove_prefix(1);
	return true;
}

// HH:MM or HH:MM:SS, all of the text.
bool set_time(std::string_view text, std::tm &parts) {
	const auto hour = digits(text, 2, 23);
	if (!hour || !take(text, ':')) return false;
	const auto minute = digits(text, 2, 59);
	if (!minute) return false;
	parts.tm_hour = *hour;
	parts.tm_min = *minute;
	parts.tm_sec = 0;
	if (text.empty()) return true;
	if (!take(text, ':')) return false;
	const auto second = digits(text, 2, 59);
	if (!second || !text.empty()) return false;
	parts.tm_sec = *second;
	return true;
}

// YYYY-MM-DD
bool set_day(std::string_view &text, std::tm &parts) {
	const auto year = digits(text, 4, 9999);
	if (!year || *year < 1970 || !take(text, '-')) return false;
	const auto month = digits(text, 2, 12);
	if (!month || *month == 0 || !take(text, '-')) return false;
	const auto day = digits(text, 2, 31);
	if (!day || *day == 0) return false;
	parts.tm_year = *year - 1900;
	parts.tm_mon = *month - 1;
	parts.tm_mday = *day;
	return true;
}

std::optional<int64_t> time_of(std::tm parts) {
	parts.tm_isdst = -1;
	const int day = parts.tm_mday;
	const std::time_t seconds = mktime(&parts);
	// The 31st of a month with 30 days is none.
	if (seconds == -1 || parts.tm_mday != day) return std::nullopt;
	return seconds * kSecond;
}

} // namespace

std::optional<int64_t> parse_time(std::string_view text, int64_t now) {
	std::tm parts = local(now);
	if (set_time(text, parts)) {
		auto time = time_of(parts);
		if (time && *time <= now) return time;
		parts = local(now);
		parts.tm_mday--;
		parts.tm_hour = 12;
		parts.tm_isdst = -1;
		mktime(&parts); // yesterday, whatever the month
		return set_time(text, parts) ? time_of(parts) : std::nullopt;
	}
	std::tm day{};
	std::string_view rest = text;
	if (set_day(rest, day)) {
		if (rest.empty()) return time_of(day);
		if (!take(rest, ' ') && !take(rest, 'T')) return std::nullopt;
		return set_time(rest, day) ? time_of(day) : std::nullopt;
	}
	const auto ago = cli::parse_duration(text);
	if (!ago) return std::nullopt;
	return now - ago->count() * 1'000'000;
}

std::string time_words(int64_t time) {
	const std::tm parts = local(time);
	return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
	                   parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string time_words(int64_t time, int64_t other) {
	constexpr size_t kDay = 10;
	std::string words = time_words(time);
	return words.compare(0, kDay, time_words(other), 0, kDay) == 0 ? words.substr(kDay + 1) : words;
}

} // namespace nft_drops
