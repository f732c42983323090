// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/counts/visitor.h"

#include "jit/base/table_family.h"
#include "nft-ext/ruleset/netlink/change.h"
#include "nft-ext/ruleset/text/formatter.h"

#include <fmt/format.h>

#include <linux/netfilter.h>

namespace nft_drops {
namespace {

// The kernel allows no deeper jumps (NFT_JUMP_STACK_SIZE).
constexpr int kDeepest = 16;

std::string json_of(const Drops &drops) {
	return fmt::format(R"("packets": {}, "bytes": {})", drops.packets, drops.bytes);
}

} // namespace

CountsVisitor::CountsVisitor(const DropCounts &counts, bool zero, Busiest *busiest)
    : counts_(counts), zero_(zero), busiest_(busiest) {
	if (auto query = Query::open()) query_.emplace(std::move(*query));
	if (query_) generation_ = query_->generation().value_or(0);
}

std::string CountsVisitor::comment(const ListedLine &line) {
	const Drops drops = counts_.of({line.table_handle, line.handle, line.policy});
	if (drops.packets == 0) {
		const bool could = !line.policy || line.text.find(" policy drop;") != std::string_view::npos;
		if (!zero_ || !could) return {};
	}
	if (busiest_) {
		busiest_->add(line, drops);
		return {};
	}
	return fmt::format(" # dropped packets {} bytes {}", drops.packets, drops.bytes);
}

uint64_t CountsVisitor::table_handle(std::string_view family, std::string_view table) {
	if (!query_) return 0;
	uint64_t handle = 0;
	Requests request;
	request.get_table(family_number(family).value_or(NFPROTO_UNSPEC), std::string(table));
	request.acknowledge();
	const auto done = query_->ask(std::move(request), [&handle](const nlmsghdr *message) {
		if (const auto found = parse_change(message)) handle = found->handle;
	});
	return done ? handle : 0;
}

std::optional<std::vector<uint64_t>> CountsVisitor::inner_rules(const ListedLine &rule) {
	std::vector<uint64_t> handles;
	const bool whole =
	        query_ && append_rules_of(family_number(rule.family).value_or(NFPROTO_UNSPEC), std::string(rule.table),
	                                  std::string(rule.chain), rule.handle, handles, 0);
	// What was asked for after the ruleset changed may not be what is listed.
	if (whole && query_->generation().value_or(generation_ + 1) == generation_) {
		handles.pop_back(); // the rule itself
		return handles;
	}
	inner_unknown_ = true;
	return {};
}

// A chain's rules in their order, each behind those in its braces; of the chain's rules only `only`, unless that is 0.
bool CountsVisitor::append_rules_of(uint8_t family, const std::string &table, const std::string &chain, uint64_t only,
                                    std::vector<uint64_t> &handles, int depth) {
	if (depth > kDeepest) return false;
	Requests request;
	if (only != 0) {
		request.get_rule(family, table, chain, only);
		request.acknowledge();
	} else {
		request.dump_rules(family, table, chain);
	}
	std::vector<Change> rules;
	const auto done = query_->ask(std::move(request), [&rules](const nlmsghdr *message) {
		if (auto found = parse_change(message)) rules.push_back(std::move(*found));
	});
	if (!done || *done != Query::Outcome::kDone) return false;
	for (const Change &rule : rules) {
		if (!rule.implicit.empty() && !append_rules_of(family, table, rule.implicit, 0, handles, depth + 1))
			return false;
		handles.push_back(rule.handle);
	}
	return true;
}

std::string CountsVisitor::members(const JsonObject &object) {
	if (object.kind == "metainfo") {
		std::string text = fmt::format(R"("drops": {{"since": "{}", "lost": {}, "lost_complete": {})",
		                               second_of(counts_.since), counts_.lost, counts_.lost_complete);
		if (counts_.unlisted.packets > 0)
			text += fmt::format(R"(, "unlisted": {{{}}})", json_of(counts_.unlisted));
		return text + "}";
	}
	if (object.kind == "table") {
		tables_[{object.family, object.name}] = object.handle;
		return {};
	}
	const bool rule = object.kind == "rule";
	if (!rule && object.kind != "chain") return {};
	uint64_t &table = tables_[{object.family, object.table}];
	if (table == 0) table = table_handle(object.family, object.table); // `list chain` does not list it
	return fmt::format(R"("drops": {{{}{}}})", json_of(counts_.of({table, object.handle, !rule})),
	                   rule && object.braces ? inner_members(object, table) : "");
}

// nft's JSON has no objects for the rules within `jump { ... }`: the rule that these stand in tells of them.
std::string CountsVisitor::inner_members(const JsonObject &rule, uint64_t table) {
	const auto inner = inner_rules({.family = rule.family,
	                                .table = rule.table,
	                                .table_handle = table,
	                                .chain = rule.chain,
	                                .handle = rule.handle,
	                                .policy = false,
	                                .text = {}});
	if (!inner) return {};
	std::string text = R"(, "inner": [)";
	for (const uint64_t handle : *inner)
		text += fmt::format(R"({}{{"handle": {}, {}}})", handle == inner->front() ? "" : ", ", handle,
		                    json_of(counts_.of({table, handle, false})));
	return text + "]";
}

} // namespace nft_drops
