// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/why.h"

#include "nft-ext/commands/match_words.h"
#include "nft-ext/history/listing.h"
#include "nft-ext/history/reader.h"
#include "nft-ext/history/store.h"
#include "nft-ext/history/time_words.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

constexpr const char *kTimes = "give one as 10m, 2h, 14:05 or '2026-11-20 14:05'";

Result<int64_t> time_of(const char *option, const std::string &text, int64_t now) {
	if (auto time = parse_time(text, now)) return *time;
	return usage_error(fmt::format("{} {}", option, text), "not a time", kTimes);
}

Result<void> print(const std::string &text) {
	for (size_t done = 0; done < text.size();) {
		const ssize_t n = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0 && errno == EPIPE) return {}; // nobody wants more
		if (n < 0) return usage_error("standard output", strerror(errno));
		done += static_cast<size_t>(n);
	}
	return {};
}

} // namespace

Result<void> why(const CommandLine &line) {
	const WhyOptions &options = line.why;
	const int64_t now = Moment::now().wall;
	HistoryQuery query;
	auto since = time_of("--since", options.since, now);
	if (!since) return std::unexpected(since.error());
	query.since = *since;
	query.until = query.now = now;
	if (!options.until.empty()) {
		auto until = time_of("--until", options.until, now);
		if (!until) return std::unexpected(until.error());
		query.until = *until;
	}
	if (query.since > query.until)
		return usage_error(fmt::format("--since {} --until {}", options.since, options.until),
		                   "the time ends before it begins", kTimes);
	auto words = read_words(line.monitor.match, -1, "nothing is asked");
	if (!words) return std::unexpected(words.error());
	query.select(words->selector);
	RowMatch match;
	if (!words->match.families.empty()) {
		auto made = RowMatch::make(std::move(words->match.families));
		if (!made) return std::unexpected(made.error());
		match = std::move(*made);
		query.match = &match;
	}
	if (options.sort == "packets") query.sort = HistorySort::kPackets;
	if (options.sort == "bytes") query.sort = HistorySort::kBytes;
	query.limit = options.limit;
	auto reader = HistoryReader::open(options.database);
	if (!reader) return std::unexpected(reader.error());
	auto found = reader->find(query);
	if (!found) return std::unexpected(found.error());
	struct stat netns{};
	if (stat("/proc/self/ns/net", &netns) != 0) netns.st_ino = 0;
	if (auto printed = print(listing_of(*found, line.monitor.format, static_cast<uint32_t>(netns.st_ino)));
	    !printed)
		return printed;
	if (found->culprits.empty())
		say(fmt::format("no such drops from {} to {}; {}", time_words(query.since),
		                time_words(query.until, query.since),
		                found->begin ? "there is a record since " + time_words(found->begin)
		                             : "nothing was ever recorded"));
	return {};
}

} // namespace nft_drops::cli
