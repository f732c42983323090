// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/history/store.h"

#include "nft-ext/history/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace nft_drops {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kDay = 86'400;
constexpr int64_t kPage = 4096;
constexpr int64_t kLogBytes = int64_t{4} << 20; // of a log that nobody reads; it grows to this before it begins anew
// About what a row takes; a quarter of the file at most is of one minute.
constexpr int64_t kRowBytes = 150;
constexpr int64_t kLeastRows = 1000;

int64_t ns_of(clockid_t clock) {
	timespec t{};
	clock_gettime(clock, &t);
	return t.tv_sec * kSecond + t.tv_nsec;
}

std::string folder_of(const std::string &path) {
	const size_t slash = path.rfind('/');
	return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// For root and the group nft-drops, where there is one.
void give_to_group(int fd, mode_t mode) {
	fchmod(fd, mode);
	if (geteuid() != 0) return;
	if (const group *ours = getgrnam("nft-drops")) {
		if (fchown(fd, static_cast<uid_t>(-1), ours->gr_gid) == 0) fchmod(fd, mode);
	}
}

Result<void> make_folder(const std::string &folder) {
	if (mkdir(folder.c_str(), 0750) != 0) {
		if (errno == EEXIST) return {};
		return usage_error(folder, strerror(errno), "name another file with --database");
	}
	const jit::Descriptor made(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	give_to_group(made.get(), 0750);
	return {};
}

Result<int> open_for_us(const std::string &path) {
	const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
	struct stat s{};
	if (fd < 0) return usage_error(path, strerror(errno), "name another file with --database");
	if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) {
		close(fd);
		return usage_error(path, "not a plain file", "name another file with --database");
	}
	give_to_group(fd, 0640);
	return fd;
}

int64_t bytes_of(const std::string &path) {
	struct stat s{};
	return stat(path.c_str(), &s) == 0 ? s.st_size : 0;
}

int64_t floor_to(int64_t value, int64_t unit) {
	const int64_t rest = value % unit;
	return value - rest - (rest < 0 ? unit : 0);
}

int64_t minute_of(const Row &row) {
	return floor_to(floor_to(row.drops.first, kSecond) / kSecond, kMinuteSeconds);
}

// All words of it, each behind its length.
std::string words_of(const CulpritWords &c) {
	std::string words = fmt::format("{} {} {} {} {} {}", c.netns, c.table_handle, c.chain_handle, c.chain_known,
	                                c.cause, c.handle);
	for (const std::string *word :
	     {&c.netns_name, &c.family, &c.table, &c.chain, &c.base_chain, &c.hook, &c.text, &c.expression})
		words += fmt::format(" {}:{}", word->size(), *word);
	return words;
}

std::span<const uint8_t> bytes_of(const Address &address) {
	return {address.bytes.data(), address.size};
}

} // namespace

Moment Moment::now() {
	return {.wall = ns_of(CLOCK_REALTIME), .boot = ns_of(CLOCK_BOOTTIME)};
}

std::string boot_id() {
	std::string id;
	std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), id);
	return id;
}

template <typename T> Result<T> Store::checked(Result<T> result) {
	if (!result && database_ && database_->damaged()) damaged_ = true;
	return result;
}

template <typename F> Result<void> Store::whole(F &&work) {
	auto begun = checked(database_->run("BEGIN IMMEDIATE"));
	if (!begun) return begun;
	auto done = checked(work());
	if (done) done = checked(database_->run("COMMIT"));
	if (done) return done;
	// What had been found or made in it is not there.
	auto undone = database_->run("ROLLBACK");
	(void)undone; // the error of the work counts
	culprits_.clear();
	minute_ = 0;
	return done;
}

Result<std::unique_ptr<Store>> Store::open(StoreOptions options) {
	std::unique_ptr<Store> store(new Store(std::move(options)));
	const std::string &path = store->options_.path;
	if (auto made = make_folder(folder_of(path)); !made) return std::unexpected(made.error());
	auto lock = open_for_us(path + ".lock");
	if (!lock) return std::unexpected(lock.error());
	store->lock_.emplace(*lock);
	if (flock(*lock, LOCK_EX | LOCK_NB) != 0)
		return usage_error(path, "another nft-drops record writes to it", "end that one, or name another file");
	auto opened = store->open_file();
	if (!opened && !store->damaged_) return std::unexpected(opened.error());
	if (!opened) {
		store->set_aside_ = opened.error().why;
		store->database_.reset();
		store->damaged_ = false;
		if (auto aside = set_aside(path); !aside) return std::unexpected(aside.error());
		if (auto again = store->open_file(); !again) return std::unexpected(again.error());
	}
	if (auto prepared = store->prepare(); !prepared) return std::unexpected(prepared.error());
	return store;
}

Result<void> Store::set_aside(const std::string &path) {
	if (rename(path.c_str(), (path + ".damaged").c_str()) != 0) return usage_error(path, strerror(errno));
	unlink((path + "-wal").c_str());
	unlink((path + "-shm").c_str());
	return {};
}

Result<void> Store::open_file() {
	// First, so that SQLite's own files get the same owner and mode.
	auto made = open_for_us(options_.path);
	if (!made) return std::unexpected(made.error());
	close(*made);
	auto database = Database::open(options_.path, Database::Mode::kWrite);
	if (!database) return std::unexpected(database.error());
	database_ = std::move(*database);
	if (auto set = checked(database_->run("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
	                                      "PRAGMA synchronous=FULL;"));
	    !set)
		return set;
	database_->keep_log();
	auto id = checked(database_->number("PRAGMA application_id"));
	if (!id) return std::unexpected(id.error());
	auto version = checked(database_->number("PRAGMA user_version"));
	if (!version) return std::unexpected(version.error());
	if (*id == 0 && *version == 0) {
		auto tables = checked(database_->number("SELECT count(*) FROM sqlite_schema"));
		if (!tables) return std::unexpected(tables.error());
		if (*tables == 0)
			return checked(database_->run(
			        fmt::format("BEGIN; {} PRAGMA application_id={}; PRAGMA user_version={}; COMMIT",
			                    kSchema, kApplicationId, kSchemaVersion)));
	}
	if (*id != kApplicationId) return usage_error(options_.path, "a database, but not a history of nft-drops'");
	if (*version != kSchemaVersion)
		return usage_error(options_.path, fmt::format("of another version of nft-drops (layout {})", *version),
		                   "move it away, or name another file with --database");
	auto check = checked(database_->prepare("PRAGMA quick_check(1)"));
	if (!check) return std::unexpected(check.error());
	auto row = checked(check->step());
	if (!row) return std::unexpected(row.error());
	if (*row && check->text(0) == "ok") return {};
	damaged_ = true;
	return usage_error(options_.path, "the file is damaged: " + check->text(0));
}

Result<void> Store::prepare() {
	const auto make = [this](Statement &to, const char *sql) -> Result<void> {
		auto made = checked(database_->prepare(sql));
		if (!made) return std::unexpected(made.error());
		to = std::move(*made);
		return {};
	};
	const struct {
		Statement &statement;
		const char *sql;
	} all[] = {
	        {add_text_, "INSERT INTO text(text) VALUES(?) ON CONFLICT DO NOTHING"},
	        {find_text_, "SELECT id FROM text WHERE text = ?"},
	        {add_culprit_,
	         "INSERT INTO culprit(family, table_name, chain, handle, text, netns, netns_name, table_handle,"
	         " chain_handle, chain_known, base_chain, hook, cause, expression)"
	         " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"},
	        {find_culprit_,
	         "SELECT id FROM culprit WHERE family=? AND table_name=? AND chain=? AND handle=? AND text=? AND"
	         " netns=? AND netns_name=? AND table_handle=? AND chain_handle=? AND chain_known=? AND base_chain=?"
	         " AND hook=? AND cause=? AND expression=?"},
	        {upsert_,
	         "INSERT INTO minute(bucket, culprit, port, protocol, kind, saddr, daddr, iif, oif, span, packets,"
	         " bytes, first, last) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
	         " packets = packets + excluded.packets, bytes = bytes + excluded.bytes,"
	         " first = min(first, excluded.first), last = max(last, excluded.last)"},
	        {update_,
	         "UPDATE minute SET packets = packets + ?11, bytes = bytes + ?12, first = min(first, ?13),"
	         " last = max(last, ?14) WHERE bucket = ?1 AND culprit = ?2 AND port = ?3 AND protocol = ?4 AND"
	         " kind = ?5 AND saddr = ?6 AND daddr = ?7 AND iif = ?8 AND oif = ?9 AND span = ?10"},
	        {extend_, "UPDATE span SET end_boot = ?, end_wall = ? WHERE id = ?"},
	        {add_lost_, "INSERT INTO lost(bucket, packets) VALUES(?, ?) ON CONFLICT DO UPDATE SET packets ="
	                    " packets + excluded.packets"},
	};
	for (const auto &one : all) {
		if (auto made = make(one.statement, one.sql); !made) return made;
	}
	return {};
}

Result<void> Store::begin_span(const Moment &now, const SpanWords &words) {
	return whole([&]() -> Result<void> {
		auto add = database_->prepare("INSERT INTO span(boot, begin_boot, end_boot, begin_wall, end_wall,"
		                              " clock_set, netns, match) VALUES(?,?,?,?,?,?,?,?) RETURNING id");
		if (!add) return std::unexpected(add.error());
		add->bind(words.boot).bind(now.boot).bind(now.boot).bind(now.wall).bind(now.wall);
		add->bind(int64_t{words.clock_set}).bind(words.netns).bind(words.match);
		auto row = add->step();
		if (!row) return std::unexpected(row.error());
		span_ = add->number(0);
		minute_ = 0;
		auto rest = add->step();
		if (!rest) return std::unexpected(rest.error());
		return {};
	});
}

Result<int64_t> Store::number_of(const CulpritWords &c) {
	std::string words = words_of(c);
	if (const auto known = culprits_.find(words); known != culprits_.end()) return known->second;
	auto added = checked(add_text_.bind(c.text).run());
	if (!added) return std::unexpected(added.error());
	auto found = checked(find_text_.bind(c.text).step());
	const int64_t text = found && *found ? find_text_.number(0) : 0;
	find_text_.reset();
	if (!found) return std::unexpected(found.error());
	const auto bind = [&](Statement &to) -> Statement & {
		to.bind(c.family).bind(c.table).bind(c.chain).bind(static_cast<int64_t>(c.handle)).bind(text);
		to.bind(int64_t{c.netns}).bind(c.netns_name).bind(static_cast<int64_t>(c.table_handle));
		to.bind(static_cast<int64_t>(c.chain_handle)).bind(int64_t{c.chain_known}).bind(c.base_chain);
		return to.bind(c.hook).bind(int64_t{c.cause}).bind(c.expression);
	};
	if (added = checked(bind(add_culprit_).run()); !added) return std::unexpected(added.error());
	found = checked(bind(find_culprit_).step());
	const int64_t id = found && *found ? find_culprit_.number(0) : 0;
	find_culprit_.reset();
	if (!found) return std::unexpected(found.error());
	constexpr size_t kMost = 65536;
	if (culprits_.size() >= kMost) culprits_.clear();
	culprits_.emplace(std::move(words), id);
	return id;
}

Result<void> Store::put(Statement &to, int64_t bucket, int64_t culprit, const FlowWords &flow, const DropSums &drops) {
	to.bind(bucket).bind(culprit).bind(int64_t{flow.port}).bind(int64_t{flow.protocol});
	to.bind(int64_t{flow.kind}).bind(bytes_of(flow.saddr)).bind(bytes_of(flow.daddr)).bind(flow.iif);
	to.bind(flow.oif).bind(span_).bind(drops.packets).bind(drops.bytes).bind(drops.first).bind(drops.last);
	return to.run();
}

// Whether the minute has as many flows as fit. Each row that was written counts as one until there are too many; then
// the flows themselves are counted, since most rows were of flows that the minute had already.
Result<bool> Store::minute_is_full(int64_t bucket) {
	const int64_t most = std::max(options_.max_size / 4 / kRowBytes, kLeastRows);
	if (bucket == minute_ && (minute_is_full_ || rows_in_minute_ < most)) return minute_is_full_;
	auto present = database_->number(fmt::format("SELECT count(*) FROM minute WHERE bucket = {}", bucket));
	if (!present) return std::unexpected(present.error());
	minute_ = bucket;
	rows_in_minute_ = *present;
	minute_is_full_ =
	        rows_in_minute_ >= most - most / 16; // with a few more to come, it would be counted again soon
	return minute_is_full_;
}

Result<void> Store::add(const Row &row) {
	const int64_t bucket = minute_of(row);
	auto full = minute_is_full(bucket);
	if (!full) return std::unexpected(full.error());
	auto culprit = number_of(*row.culprit);
	if (!culprit) return std::unexpected(culprit.error());
	if (!*full) {
		rows_in_minute_++;
		return put(upsert_, bucket, *culprit, row.flow, row.drops);
	}
	if (auto known = put(update_, bucket, *culprit, row.flow, row.drops); !known || database_->changes() > 0)
		return known;
	const FlowWords others{.kind = FlowWords::kOthers, .iif = {}, .oif = {}, .saddr = {}, .daddr = {}};
	return put(upsert_, bucket, *culprit, others, row.drops);
}

Result<void> Store::write(std::span<const Row> rows, int64_t lost, const Moment &now) {
	// At the edge of two minutes their rows come mixed, and each change of the minute has its flows counted.
	std::vector<const Row *> by_minute(rows.size());
	std::ranges::transform(rows, by_minute.begin(), [](const Row &row) { return &row; });
	std::ranges::stable_sort(by_minute, {}, [](const Row *row) { return minute_of(*row); });
	return whole([&]() -> Result<void> {
		for (const Row *row : by_minute) {
			if (auto added = add(*row); !added) return added;
		}
		if (lost > 0) {
			const int64_t bucket = floor_to(now.wall / kSecond, kMinuteSeconds);
			if (auto added = add_lost_.bind(bucket).bind(lost).run(); !added) return added;
		}
		return extend_.bind(now.boot).bind(now.wall).bind(span_).run();
	});
}

Result<void> Store::put_hours_together(int64_t now_seconds) {
	auto oldest = database_->number("SELECT coalesce(min(bucket), 0) FROM minute");
	if (!oldest) return std::unexpected(oldest.error());
	const int64_t hour = floor_to(*oldest, kHourSeconds);
	if (*oldest == 0 || hour + kHourSeconds > now_seconds - kDay) return {};
	return whole([&]() -> Result<void> {
		auto done = database_->run(fmt::format(
		        "INSERT INTO hour SELECT {0}, culprit, port, protocol, kind, saddr, daddr, iif, oif, span,"
		        " sum(packets), sum(bytes), min(first), max(last) FROM minute WHERE bucket >= {0} AND bucket < "
		        "{1}"
		        " GROUP BY culprit, port, protocol, kind, saddr, daddr, iif, oif, span"
		        " ON CONFLICT DO UPDATE SET packets = packets + excluded.packets, bytes = bytes + "
		        "excluded.bytes,"
		        " first = min(first, excluded.first), last = max(last, excluded.last);"
		        "DELETE FROM minute WHERE bucket >= {0} AND bucket < {1}",
		        hour, hour + kHourSeconds));
		return done;
	});
}

// False where nothing is left that could go: what is written to now stays.
Result<bool> Store::forget_oldest() {
	auto oldest =
	        database_->number("SELECT coalesce(min(bucket), 0) FROM"
	                          " (SELECT min(bucket) AS bucket FROM hour UNION ALL SELECT min(bucket) FROM minute)");
	if (!oldest) return std::unexpected(oldest.error());
	if (*oldest == 0 || *oldest == minute_) return false;
	auto gone = whole([&] {
		return database_->run(fmt::format("DELETE FROM hour WHERE bucket = {0};"
		                                  "DELETE FROM minute WHERE bucket = {0};"
		                                  "DELETE FROM lost WHERE bucket <= {0}",
		                                  *oldest));
	});
	if (!gone) return std::unexpected(gone.error());
	return true;
}

Result<void> Store::forget_unused() {
	culprits_.clear();
	return whole([&] {
		return database_->run(fmt::format(
		        "DELETE FROM culprit WHERE id NOT IN (SELECT culprit FROM minute UNION SELECT culprit FROM "
		        "hour);"
		        "DELETE FROM text WHERE id NOT IN (SELECT text FROM culprit);"
		        "DELETE FROM span WHERE id <> {} AND id NOT IN (SELECT span FROM minute UNION SELECT span FROM "
		        "hour)"
		        " AND end_wall < (SELECT coalesce(min(bucket), 0) * {} FROM"
		        " (SELECT min(bucket) AS bucket FROM hour UNION ALL SELECT min(bucket) FROM minute))",
		        span_, kSecond));
	});
}

Result<int64_t> Store::size() {
	auto pages = database_->number("PRAGMA page_count");
	if (!pages) return pages;
	auto free = database_->number("PRAGMA freelist_count");
	if (!free) return free;
	return (*pages - *free) * kPage + bytes_of(options_.path + "-wal");
}

Result<void> Store::tidy(const Moment &now) {
	const int64_t seconds = now.wall / kSecond;
	const int64_t begin = seconds - options_.keep.count();
	if (auto put = checked(put_hours_together(seconds)); !put) return put;
	auto old = checked(database_->number(
	        fmt::format("SELECT EXISTS(SELECT 1 FROM minute WHERE bucket < {}) OR EXISTS(SELECT 1 FROM hour WHERE"
	                    " bucket < {})",
	                    begin - kMinuteSeconds, begin - kHourSeconds)));
	if (!old) return std::unexpected(old.error());
	bool forgot = false;
	if (*old) {
		auto gone = whole([&] {
			return database_->run(fmt::format("DELETE FROM minute WHERE bucket < {};"
			                                  "DELETE FROM hour WHERE bucket < {};"
			                                  "DELETE FROM lost WHERE bucket < {}",
			                                  begin - kMinuteSeconds, begin - kHourSeconds,
			                                  begin - kHourSeconds));
		});
		if (!gone) return gone;
		forgot = true;
	}
	// The log begins anew at this size where nobody reads; the file gets what it leaves.
	const int64_t room = std::max(options_.max_size - kLogBytes, options_.max_size / 2);
	for (;;) {
		auto pages = checked(database_->number("PRAGMA page_count"));
		auto free = checked(database_->number("PRAGMA freelist_count"));
		if (!pages) return std::unexpected(pages.error());
		if (!free) return std::unexpected(free.error());
		if ((*pages - *free) * kPage <= room) break;
		auto gone = checked(forget_oldest());
		if (!gone) return std::unexpected(gone.error());
		if (!*gone) break;
		forgot = true;
	}
	if (!forgot) return {};
	if (auto done = checked(forget_unused()); !done) return done;
	return checked(database_->run(fmt::format("PRAGMA incremental_vacuum; PRAGMA journal_size_limit={};"
	                                          "PRAGMA wal_checkpoint(TRUNCATE)",
	                                          kLogBytes)));
}

} // namespace nft_drops
