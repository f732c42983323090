// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/history/reader.h"

#include "jit/base/table_family.h"
#include "nft-ext/history/flow_query.h"
#include "nft-ext/history/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

namespace nft_drops {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
// A recorder writes down at least this often how far it has got.
constexpr int64_t kSlack = 12 * kSecond;
constexpr const char *kHowToStart = "nft-drops record starts one, systemctl enable --now nft-drops-record keeps it up";

// The recorder holds this lock while it lives.
bool is_recording(const std::string &path) {
	const int fd = open((path + ".lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) return false;
	const bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

Address address_of(std::span<const uint8_t> bytes) {
	Address address;
	address.size = static_cast<uint8_t>(std::min(bytes.size(), address.bytes.size()));
	std::copy_n(bytes.begin(), address.size, address.bytes.begin());
	return address;
}

bool is_ours(Database &database) {
	const auto id = database.number("PRAGMA application_id");
	return id && *id == kApplicationId;
}

int64_t total(const FoundCulprit &culprit, int64_t DropSums::*of) {
	int64_t sum = 0;
	for (const FoundFlow &flow : culprit.flows)
		sum += flow.drops.*of;
	return sum;
}

int64_t latest(const FoundCulprit &culprit) {
	int64_t last = 0;
	for (const FoundFlow &flow : culprit.flows)
		last = std::max(last, flow.drops.last);
	return last;
}

// Each culprit's flows, and the culprits, in the order that is asked for; not more than the limit.
void sort(const HistoryQuery &query, Found &found) {
	const auto key = [&](const FoundFlow &flow) {
		switch (query.sort) {
		case HistorySort::kPackets:
			return -flow.drops.packets;
		case HistorySort::kBytes:
			return -flow.drops.bytes;
		case HistorySort::kLast:
			break;
		}
		return flow.drops.last;
	};
	size_t flows = 0;
	for (const FoundCulprit &culprit : found.culprits)
		flows += culprit.flows.size();
	if (query.limit != 0 && flows > query.limit) {
		std::vector<int64_t> keys;
		for (const FoundCulprit &culprit : found.culprits)
			std::ranges::transform(culprit.flows, std::back_inserter(keys), key);
		// The newest ones stay, or those with most.
		const bool newest = query.sort == HistorySort::kLast;
		const auto edge = newest ? keys.end() - static_cast<long>(query.limit)
		                         : keys.begin() + static_cast<long>(query.limit) - 1;
		std::ranges::nth_element(keys, edge);
		const int64_t at = *edge;
		size_t beyond = 0; // on this side of the edge for sure
		for (const int64_t k : keys)
			beyond += newest ? k > at : k < at;
		size_t equal = query.limit - beyond;
		for (FoundCulprit &culprit : found.culprits) {
			std::erase_if(culprit.flows, [&](const FoundFlow &flow) {
				const int64_t k = key(flow);
				if (k == at) return equal == 0 || equal-- == 0;
				return newest ? k < at : k > at;
			});
		}
		std::erase_if(found.culprits, [](const FoundCulprit &culprit) { return culprit.flows.empty(); });
		found.left_out = flows - query.limit;
	}
	for (FoundCulprit &culprit : found.culprits)
		std::ranges::stable_sort(culprit.flows, {}, key);
	std::ranges::stable_sort(found.culprits, {}, [&](const FoundCulprit &culprit) {
		switch (query.sort) {
		case HistorySort::kPackets:
			return -total(culprit, &DropSums::packets);
		case HistorySort::kBytes:
			return -total(culprit, &DropSums::bytes);
		case HistorySort::kLast:
			break;
		}
		return latest(culprit);
	});
}

} // namespace

void HistoryQuery::select(const jit::Selector &selector) {
	if (selector.kind == ND_SELECT_ALL) return;
	family = family_name(selector.family);
	table = selector.table;
	chain = selector.chain;
	handle = selector.handle;
}

Result<HistoryReader> HistoryReader::open(const std::string &path) {
	struct stat s{};
	if (stat(path.c_str(), &s) != 0) {
		if (errno == ENOENT) return usage_error(path, "there is no history", kHowToStart);
		return usage_error(path, strerror(errno), "run as root, or as a member of the group nft-drops");
	}
	const bool recording = is_recording(path);
	auto database = Database::open(path, Database::Mode::kRead);
	if (!database)
		return usage_error(path, database.error().why, "run as root, or as a member of the group nft-drops");
	if (!is_ours(*database) && !recording) {
		// The files that readers share may be missing, in a folder that this user may not write to.
		database = Database::open(path, Database::Mode::kReadFrozen);
		if (!database) return usage_error(path, database.error().why);
	}
	auto version = database->number("PRAGMA user_version");
	if (!version)
		return usage_error(path, version.error().why, "run as root, or as a member of the group nft-drops");
	if (!is_ours(*database)) return usage_error(path, "not a history of nft-drops'", kHowToStart);
	if (*version != kSchemaVersion)
		return usage_error(path, fmt::format("of another version of nft-drops (layout {})", *version));
	return HistoryReader(std::move(*database), recording);
}

Result<Found> HistoryReader::find(const HistoryQuery &query) {
	Found found;
	found.time = {query.since, query.until};
	// One transaction: all of it is of one moment.
	if (auto begun = database_.run("BEGIN"); !begun) return std::unexpected(begun.error());
	auto flows = find_flows(query, found);
	if (flows) flows = find_gaps(query, found);
	auto ended = database_.run("COMMIT");
	if (!flows) return std::unexpected(flows.error());
	if (!ended) return std::unexpected(ended.error());
	sort(query, found);
	return found;
}

Result<void> HistoryReader::find_culprits(const HistoryQuery &query, std::unordered_map<int64_t, CulpritWords> &to) {
	auto all = database_.prepare(
	        "SELECT culprit.id, netns, netns_name, family, table_name, table_handle, chain, chain_handle, "
	        "chain_known,"
	        " base_chain, hook, cause, handle, text.text, expression FROM culprit JOIN text ON text.id = "
	        "culprit.text"
	        " WHERE (?1 = '' OR family = ?1) AND (?2 = '' OR table_name = ?2) AND (?3 = '' OR chain = ?3)"
	        " AND (?4 = 0 OR handle = ?4)");
	if (!all) return std::unexpected(all.error());
	all->bind(query.family).bind(query.table).bind(query.chain).bind(static_cast<int64_t>(query.handle));
	for (;;) {
		auto row = all->step();
		if (!row) return std::unexpected(row.error());
		if (!*row) return {};
		CulpritWords c;
		c.netns = static_cast<uint32_t>(all->number(1));
		c.netns_name = all->text(2);
		c.family = all->text(3);
		c.table = all->text(4);
		c.table_handle = static_cast<uint64_t>(all->number(5));
		c.chain = all->text(6);
		c.chain_handle = static_cast<uint64_t>(all->number(7));
		c.chain_known = all->number(8) != 0;
		c.base_chain = all->text(9);
		c.hook = all->text(10);
		c.cause = static_cast<uint8_t>(all->number(11));
		c.handle = static_cast<uint64_t>(all->number(12));
		c.text = all->text(13);
		c.expression = all->text(14);
		to.emplace(all->number(0), std::move(c));
	}
}

Result<void> HistoryReader::find_flows(const HistoryQuery &query, Found &found) {
	std::unordered_map<int64_t, CulpritWords> culprits;
	if (auto all = find_culprits(query, culprits); !all) return all;
	auto all = database_.prepare(flow_query(query, culprits));
	if (!all) return std::unexpected(all.error());
	std::unordered_map<int64_t, size_t> places;
	for (;;) {
		auto row = all->step();
		if (!row) return std::unexpected(row.error());
		if (!*row) break;
		const auto known = culprits.find(all->number(0));
		if (known == culprits.end()) return usage_error("history", "a rule is missing in it");
		FoundFlow flow;
		flow.flow.port = static_cast<uint16_t>(all->number(1));
		flow.flow.protocol = static_cast<uint8_t>(all->number(2));
		flow.flow.kind = static_cast<uint8_t>(all->number(3));
		flow.flow.saddr = address_of(all->bytes(4));
		flow.flow.daddr = address_of(all->bytes(5));
		flow.flow.iif = all->text(6);
		flow.flow.oif = all->text(7);
		if (query.match && !query.match->takes(known->second, flow.flow)) continue;
		const auto [place, is_new] = places.try_emplace(all->number(0), found.culprits.size());
		if (is_new) found.culprits.push_back({known->second, {}});
		flow.drops = {all->number(8), all->number(9), all->number(10), all->number(11)};
		found.widened |= flow.drops.first < query.since || flow.drops.last > query.until;
		found.time.from = std::min(found.time.from, flow.drops.first);
		found.time.to = std::max(found.time.to, flow.drops.last);
		found.culprits[place->second].flows.push_back(std::move(flow));
	}
	auto lost = database_.number(
	        fmt::format("SELECT coalesce(sum(packets), 0) FROM lost WHERE bucket > {} AND bucket <= {}",
	                    query.since / kSecond - kMinuteSeconds, query.until / kSecond));
	if (!lost) return std::unexpected(lost.error());
	found.lost = *lost;
	return {};
}

Result<void> HistoryReader::find_gaps(const HistoryQuery &query, Found &found) {
	auto spans = database_.prepare("SELECT begin_wall, end_wall, clock_set, match FROM span ORDER BY begin_wall");
	if (!spans) return std::unexpected(spans.error());
	int64_t covered = query.since; // all before is recorded, or told
	const int64_t until = std::min(query.until, query.now);
	struct Span {
		int64_t begin, end;
		bool clock_set;
		std::string match;
	};
	std::vector<Span> all;
	for (;;) {
		auto row = spans->step();
		if (!row) return std::unexpected(row.error());
		if (!*row) break;
		all.push_back({spans->number(0), spans->number(1), spans->number(2) != 0, spans->text(3)});
	}
	auto newest = database_.number("SELECT begin_wall FROM span ORDER BY id DESC LIMIT 1");
	if (!newest) return std::unexpected(newest.error());
	for (Span &span : all) {
		if (found.begin == 0 || span.begin < found.begin) found.begin = span.begin;
		if (recording_ && span.begin == *newest && until <= span.end + kSlack) span.end = until;
		if (span.end < query.since || span.begin > query.until) continue;
		if (span.begin > covered + kSecond) found.not_recorded.push_back({covered, span.begin});
		covered = std::max(covered, span.end);
		if (!span.match.empty() &&
		    std::ranges::find(found.recorded_only, span.match) == found.recorded_only.end())
			found.recorded_only.push_back(span.match);
	}
	if (until > covered + kSecond) found.not_recorded.push_back({covered, until});
	auto set = database_.prepare("SELECT a.end_wall, b.begin_wall FROM span a JOIN span b ON b.id = a.id + 1"
	                             " WHERE b.clock_set");
	if (!set) return std::unexpected(set.error());
	for (;;) {
		auto row = set->step();
		if (!row) return std::unexpected(row.error());
		if (!*row) break;
		const Interval jump{set->number(0), set->number(1)};
		if (std::max(jump.from, jump.to) < query.since || std::min(jump.from, jump.to) > query.until) continue;
		found.clock_set.push_back(jump);
	}
	return {};
}

} // namespace nft_drops
