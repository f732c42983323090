// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/index/snapshot.h"

#include "nft-ext/ruleset/netlink/change.h"

#include <linux/netfilter/nf_tables.h>

#include <utility>
#include <vector>

namespace nft_drops {
namespace {

constexpr int kAttempts = 3;
constexpr size_t kDumpedRules = 5000;
// Of at most about 560 bytes (two names of 256): a socket's send buffer holds 208 KiB unless changed.
constexpr size_t kRequestsAtOnce = 300;

// False where the ruleset changed meanwhile.
Result<bool> dump(Query &query, uint16_t type, const Visit &visit) {
	Requests request;
	request.dump(type);
	const auto outcome = query.ask(std::move(request), visit);
	if (!outcome) return std::unexpected(outcome.error());
	return *outcome == Query::Outcome::kDone;
}

} // namespace

Result<Snapshot> take_snapshot(Query &query, Index &index, const ChangeTime *lost) {
	for (int attempt = 1;; attempt++) {
		const auto before = query.generation();
		if (!before) return std::unexpected(before.error());
		// While the generation stands, nothing changes: what is found was true at this time already.
		const uint64_t now = now_ns();
		// Tables before chains before rules: each is put below the one before.
		std::vector<Change> found;
		const auto collect = [&found](const nlmsghdr *message) {
			if (auto change = parse_change(message)) found.push_back(std::move(*change));
		};
		bool whole = true;
		for (const uint16_t type : {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN}) {
			const auto done = dump(query, type, collect);
			if (!done) return std::unexpected(done.error());
			whole &= *done;
		}
		size_t rules = 0;
		for (const Change &head : found)
			rules += head.use;
		const bool with_rules = rules <= kDumpedRules;
		if (with_rules) {
			const auto done = dump(query, NFT_MSG_GETRULE, collect);
			if (!done) return std::unexpected(done.error());
			whole &= *done;
		}
		const auto after = query.generation();
		if (!after) return std::unexpected(after.error());
		whole &= *before == *after;
		if (!whole && attempt < kAttempts) continue;
		index.begin_dump({*before, now, now}, lost, with_rules);
		for (const Change &change : found)
			index.add(change);
		index.end_dump();
		return Snapshot{*before, rules, with_rules};
	}
}

Result<void> find_rule(Query &query, Index &index, const Table &table, uint64_t handle) {
	const auto generation = query.generation();
	if (!generation) return std::unexpected(generation.error());
	const uint64_t now = now_ns();
	std::vector<Change> found;
	const auto collect = [&found](const nlmsghdr *message) {
		if (auto change = parse_change(message)) found.push_back(std::move(*change));
	};
	Requests requests;
	size_t asked = 0;
	for (const auto &[chain, number] : table.chain_by_name) {
		requests.get_rule(table.family, table.name, chain, handle);
		asked++;
		if (asked % kRequestsAtOnce != 0 && asked != table.chain_by_name.size()) continue;
		if (auto done = query.ask_for_any(std::exchange(requests, {}), collect); !done) return done;
		if (!found.empty()) break;
	}
	for (const Change &rule : found)
		index.found(rule, {*generation, now, now});
	return {};
}

Result<std::vector<uint64_t>> find_rules(Query &query, Index &index, const Table &table, const std::string &chain) {
	const auto generation = query.generation();
	if (!generation) return std::unexpected(generation.error());
	const uint64_t now = now_ns();
	Requests request;
	request.dump_rules(table.family, table.name, chain);
	std::vector<uint64_t> handles;
	const auto outcome = query.ask(std::move(request), [&](const nlmsghdr *message) {
		const auto rule = parse_change(message);
		if (!rule) return;
		index.found(*rule, {*generation, now, now});
		handles.push_back(rule->handle);
	});
	if (!outcome) return std::unexpected(outcome.error());
	return handles;
}

} // namespace nft_drops
