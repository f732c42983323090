// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/clock.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace nft_drops {
namespace {

using namespace std::chrono;

constexpr system_clock::time_point kTime = sys_days{year{2026} / 11 / 20} + 21h + 40min + 11s + 482113us;

TEST(Clock, Utc) {
	Clock clock(Clock::Zone::kUtc);
	EXPECT_EQ(clock.timestamp(kTime), "2026-11-20T21:40:11.482113Z");
	EXPECT_EQ(clock.time_of_day(kTime), "21:40:11.482113");
}

TEST(Clock, MicrosecondsWithinASecond) {
	Clock clock(Clock::Zone::kUtc);
	EXPECT_EQ(clock.time_of_day(kTime), "21:40:11.482113");
	EXPECT_EQ(clock.time_of_day(kTime - 482113us), "21:40:11.000000");
	EXPECT_EQ(clock.time_of_day(kTime - 482113us + 7us), "21:40:11.000007");
}

TEST(Clock, FollowsTimeBothWays) {
	Clock clock(Clock::Zone::kUtc);
	EXPECT_EQ(clock.timestamp(kTime), "2026-11-20T21:40:11.482113Z");
	EXPECT_EQ(clock.timestamp(kTime + 3h), "2026-11-21T00:40:11.482113Z");
	EXPECT_EQ(clock.timestamp(kTime - 1s), "2026-11-20T21:40:10.482113Z");
	EXPECT_EQ(clock.timestamp(sys_days{year{1969} / 12 / 31} + 23h + 59min + 59s + 1us),
	          "1969-12-31T23:59:59.000001Z");
}

TEST(Clock, NanosecondsAreCut) {
	Clock clock(Clock::Zone::kUtc);
	EXPECT_EQ(clock.time_of_day(kTime + 999ns), "21:40:11.482113");
}

TEST(Clock, LocalZone) {
	setenv("TZ", "IST-5:30", 1); // POSIX: 5 h 30 min east
	tzset();
	Clock local(Clock::Zone::kLocal);
	Clock utc(Clock::Zone::kUtc);
	EXPECT_EQ(local.time_of_day(kTime), "03:10:11.482113");
	EXPECT_EQ(utc.time_of_day(kTime), "21:40:11.482113");
	EXPECT_EQ(local.timestamp(kTime), "2026-11-21T03:10:11.482113+0530");
	EXPECT_EQ(local.date(), "2026-11-21");
	setenv("TZ", "NST3:30", 1); // west
	tzset();
	EXPECT_EQ(Clock(Clock::Zone::kLocal).timestamp(kTime), "2026-11-20T18:10:11.482113-0330");
	setenv("TZ", "UTC", 1);
	tzset();
}

TEST(Clock, YearsThatDoNotFit) {
	Clock clock(Clock::Zone::kUtc);
	// The last nanosecond that the type can hold is in the year 2262.
	EXPECT_EQ(clock.timestamp(system_clock::time_point::max()).substr(0, 5), "2262-");
	EXPECT_EQ(clock.timestamp(system_clock::time_point::min()).size(), 27U);
}

} // namespace
} // namespace nft_drops
