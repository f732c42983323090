// SPDX-License-Identifier: GPL-2.0-only
// Asks the history. Everything that is found is in memory when find() returns: nothing of the database is held then, so
// that a slow reader of the answer holds up no recorder.
#ifndef NFT_DROPS_NFT_EXT_HISTORY_READER_H
#define NFT_DROPS_NFT_EXT_HISTORY_READER_H

#include "jit/base/result.h"
#include "jit/match/selector.h"
#include "nft-ext/history/database.h"
#include "nft-ext/history/row.h"
#include "nft-ext/history/row_match.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace nft_drops {

enum class HistorySort { kLast, kPackets, kBytes };

struct HistoryQuery {
	// Whose drops; empty or 0: all.
	std::string family, table, chain;
	uint64_t handle = 0;
	void select(const jit::Selector &selector);
	// By the wall clock, both inclusive.
	int64_t since = 0, until = 0;
	// The present moment. Later times are not told as not recorded. They may have rows: the clock was ahead for a
	// while.
	int64_t now = INT64_MAX;
	// Only flows that it takes; null: all.
	const RowMatch *match = nullptr;
	HistorySort sort = HistorySort::kLast;
	size_t limit = 0; // flows; 0: all
};

struct FoundFlow {
	FlowWords flow;
	DropSums drops;
};

struct FoundCulprit {
	CulpritWords culprit;
	std::vector<FoundFlow> flows;
};

struct Interval {
	int64_t from = 0, to = 0;
};

struct Found {
	// kLast: the newest last; else the one with most first.
	std::vector<FoundCulprit> culprits;
	size_t left_out = 0; // flows, because of the limit
	// What was looked at: since and until, widened where rows are of both sides of them.
	Interval time;
	bool widened = false;
	std::vector<Interval> not_recorded;     // within since and until
	std::vector<Interval> clock_set;        // from one time to another
	std::vector<std::string> recorded_only; // MATCHes of recorders
	int64_t lost = 0;
	int64_t begin = 0; // of what is recorded at all; 0: nothing
};

class HistoryReader {
public:
	// Fails where there is none, with the command that starts one; and where it may not be read.
	static Result<HistoryReader> open(const std::string &path);
	Result<Found> find(const HistoryQuery &query);

private:
	HistoryReader(Database database, bool recording) : database_(std::move(database)), recording_(recording) {}
	Result<void> find_culprits(const HistoryQuery &query, std::unordered_map<int64_t, CulpritWords> &to);
	Result<void> find_flows(const HistoryQuery &query, Found &found);
	Result<void> find_gaps(const HistoryQuery &query, Found &found);

	Database database_;
	bool recording_; // a recorder is at work now
};

} // namespace nft_drops

#endif
