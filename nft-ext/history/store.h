// SPDX-License-Identifier: GPL-2.0-only
// Writes the history: one at a time, bounded by time and size, whole after any crash.
//
//	auto store = Store::open({.path = "/var/lib/nft-drops/drops.db"});
//	store->begin_span(now, {});
//	once a second:  store->write(rows, lost, now);  store->tidy(now);
#ifndef NFT_DROPS_NFT_EXT_HISTORY_STORE_H
#define NFT_DROPS_NFT_EXT_HISTORY_STORE_H

#include "jit/base/descriptor.h"
#include "jit/base/result.h"
#include "nft-ext/history/database.h"
#include "nft-ext/history/row.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

namespace nft_drops {

// One moment by two clocks, in nanoseconds.
struct Moment {
	int64_t wall = 0; // CLOCK_REALTIME
	int64_t boot = 0; // CLOCK_BOOTTIME
	static Moment now();
};
// The kernel's name for this boot (/proc/sys/kernel/random/boot_id).
std::string boot_id();

struct StoreOptions {
	std::string path;
	std::chrono::seconds keep = std::chrono::days(7);
	int64_t max_size = int64_t{256} << 20; // bytes, the write-ahead log included
};

class Store {
public:
	// Makes folder and file where they are missing. A second recorder of the same file fails at once. A file that
	// is damaged, or no history, is set aside as PATH.damaged, and a new one begun: set_aside() says why.
	static Result<std::unique_ptr<Store>> open(StoreOptions options);

	[[nodiscard]] const std::string &set_aside() const { return set_aside_; }
	// The same by hand, for a damage that only shows later. Nobody may have the file open.
	static Result<void> set_aside(const std::string &path);

	struct SpanWords {
		std::string boot;
		bool clock_set = false; // it begins because the clock was set
		std::string netns;      // the namespace that is recorded; empty: all
		std::string match;      // what is recorded; empty: everything
	};
	// What is written from now on is of a new span.
	Result<void> begin_span(const Moment &now, const SpanWords &words);

	// All rows at once, or none. What lies on disk when this returns survives a power failure. `lost` drops were
	// seen and are in no row. The span now lasts until `now`.
	// Where a minute already has as many flows as fit, the rows' flows are put together as others of their culprit.
	Result<void> write(std::span<const Row> rows, int64_t lost, const Moment &now);
	// Puts minutes together that are more than a day old, and lets the oldest go: a part of it at a time.
	Result<void> tidy(const Moment &now);

	// Bytes of file and log that hold something.
	Result<int64_t> size();
	// Whether the error of the call before means that the file is damaged: open it anew.
	[[nodiscard]] bool damaged() const { return damaged_; }

private:
	explicit Store(StoreOptions options) : options_(std::move(options)) {}
	Result<void> open_file();
	Result<void> prepare();
	// Its number; makes one where it has none.
	Result<int64_t> number_of(const CulpritWords &culprit);
	Result<void> add(const Row &row);
	Result<bool> minute_is_full(int64_t bucket);
	Result<void> put(Statement &to, int64_t bucket, int64_t culprit, const FlowWords &flow, const DropSums &drops);
	Result<void> put_hours_together(int64_t now_seconds);
	Result<bool> forget_oldest();
	Result<void> forget_unused();
	template <typename T> Result<T> checked(Result<T> result);
	// As a transaction, ended either way.
	template <typename F> Result<void> whole(F &&work);

	StoreOptions options_;
	std::optional<jit::Descriptor> lock_;
	std::optional<Database> database_;
	Statement add_text_, find_text_, add_culprit_, find_culprit_, upsert_, update_, extend_, add_lost_;
	std::unordered_map<std::string, int64_t> culprits_; // by all their words
	std::string set_aside_;
	int64_t span_ = 0;
	int64_t minute_ = 0;         // the latest that was written to
	int64_t rows_in_minute_ = 0; // an upper bound: each row written counts as one
	bool minute_is_full_ = false;
	bool damaged_ = false;
};

} // namespace nft_drops

#endif
