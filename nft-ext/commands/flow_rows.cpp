// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/flow_rows.h"

#include "jit/base/table_family.h"
#include "nft-ext/packet/hook.h"

#include <cstring>
#include <ctime>
#include <vector>

namespace nft_drops::cli {
namespace {

constexpr size_t kMostCulprits = 65536;

// What is to be added to a monotonic time to make it a wall time, now.
int64_t wall_less_monotonic() {
	timespec wall{}, monotonic{};
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (wall.tv_sec - monotonic.tv_sec) * 1'000'000'000 + wall.tv_nsec - monotonic.tv_nsec;
}

template <size_t size> std::string text_of(const char (&bytes)[size]) {
	return {bytes, strnlen(bytes, size)};
}

Address address_of(const nd_u64 (&words)[2], uint8_t size) {
	Address address;
	address.size = size;
	memcpy(address.bytes.data(), words, size);
	return address;
}

FlowWords words_of(const nd_flow &flow) {
	constexpr unsigned kKinds = 0x0f;
	const nd_flow_key &key = flow.key;
	FlowWords words;
	words.kind = key.kind;
	words.protocol = key.protocol;
	words.port = key.port;
	words.iif = text_of(flow.iifname);
	words.oif = text_of(flow.oifname);
	const unsigned kind = key.kind & kKinds;
	const bool has_addresses =
	        kind != ND_FLOW_OTHER && (kind != ND_FLOW_ARP || key.saddr[0] != 0 || key.daddr[0] != 0);
	if (has_addresses) {
		words.saddr = address_of(key.saddr, kind == ND_FLOW_IP6 ? 16 : 4);
		words.daddr = address_of(key.daddr, kind == ND_FLOW_IP6 ? 16 : 4);
	}
	return words;
}

// A drop like those of the rule, as the ruleset's reader is asked about.
nd_event event_of(const nd_flow_rule &rule) {
	nd_event event{};
	event.time_ns = rule.sum.last_ns;
	event.cause = static_cast<nd_u8>(rule.key.culprit & 0xff);
	event.rule_handle = event.cause == ND_CAUSE_POLICY ? 0 : rule.key.culprit >> 8;
	event.table_handle = rule.key.table;
	event.chain_handle = rule.key.chain;
	event.expr_ops = rule.expr_ops;
	event.netns = rule.netns_inode;
	event.generation = static_cast<nd_u32>(rule.key.generation);
	event.family = rule.family;
	event.pf = rule.pf;
	event.hook = rule.hook;
	event.flags = rule.flags;
	memcpy(event.table, rule.table, sizeof(event.table));
	memcpy(event.base_chain, rule.base_chain, sizeof(event.base_chain));
	return event;
}

} // namespace

// Null where it is not told in time.
SharedAttribution FlowRows::attribution_of(const nd_event &event) {
	if (SharedAttribution known = attributor_.find(event)) return known;
	const auto run = [this] { return Loop::Clock::now() < latest_ && loop_.once(latest_).has_value(); };
	while (!attributor_.ask(event, nullptr)) {
		if (!run()) return nullptr;
	}
	size_t &before = given_up_[event.netns];
	for (;;) {
		// Replies come in the order of the questions.
		while (auto reply = attributor_.reply(event.netns)) {
			if (before == 0) return reply->attribution;
			before--;
		}
		if (!run()) break;
	}
	before++;
	return nullptr;
}

const CulpritWords *FlowRows::culprit_of(const nd_flow_rule &rule) {
	const Key key{rule.key.netns, rule.key.table, rule.key.culprit, rule.key.chain, rule.key.generation};
	if (const auto known = known_.find(key); known != known_.end()) return known->second.get();
	const nd_event event = event_of(rule);
	auto culprit = std::make_unique<CulpritWords>();
	CulpritWords &c = *culprit;
	const SharedAttribution about = attribution_of(event);
	const Attribution nothing;
	const Attribution &told = about ? *about : nothing;
	c.netns = rule.netns_inode;
	c.netns_name = only_ ? only_name_ : attributor_.name_of(rule.netns_inode);
	c.family = told.family.empty() ? family_name(rule.family, "unknown") : std::string_view(told.family);
	c.table = told.table.empty() ? text_of(rule.table) : told.table;
	c.table_handle = rule.key.table;
	c.base_chain = told.base_chain.empty() ? text_of(rule.base_chain) : told.base_chain;
	c.chain_known = !told.chain.empty() || event.cause == ND_CAUSE_POLICY;
	c.chain = told.chain.empty() ? c.base_chain : told.chain;
	c.chain_handle = told.chain.empty() ? rule.key.chain : told.chain_handle;
	c.hook = hook_name(event);
	c.cause = event.cause;
	c.handle = event.rule_handle;
	if (told.known) c.text = told.text;
	if (event.cause == ND_CAUSE_RULE && rule.expr_ops != 0) c.expression = names_.expression(rule.expr_ops);
	return known_.emplace(key, std::move(culprit)).first->second.get();
}

FlowRows::Sums FlowRows::take(jit::Flows &flows, const std::function<void(const Row &)> &use) {
	Sums sums;
	latest_ = Loop::Clock::now() + kPatience;
	const int64_t offset = wall_less_monotonic();
	const auto drops_of = [offset](const nd_flow_sum &sum) {
		return DropSums{static_cast<int64_t>(sum.packets), static_cast<int64_t>(sum.bytes),
		                static_cast<int64_t>(sum.first_ns) + offset,
		                static_cast<int64_t>(sum.last_ns) + offset};
	};
	flows.read([&](const jit::FlowRegion &region) {
		std::vector<const CulpritWords *> culprits(region.rules.size());
		std::vector<DropSums> others(region.rules.size());
		for (size_t i = 0; i < region.rules.size(); i++) {
			const nd_flow_rule &rule = region.rules[i];
			if (only_ != 0 && rule.netns_inode != only_) continue;
			culprits[i] = culprit_of(rule);
			others[i] = drops_of(rule.sum);
			sums.packets += others[i].packets;
		}
		for (const nd_flow &flow : region.flows) {
			const size_t rule = flow.key.rule;
			if (rule >= culprits.size() || !culprits[rule]) continue;
			const DropSums drops = drops_of(flow.sum);
			others[rule].packets -= drops.packets;
			others[rule].bytes -= drops.bytes;
			use({culprits[rule], words_of(flow), drops});
		}
		for (size_t i = 0; i < others.size(); i++) {
			if (!culprits[i] || others[i].packets <= 0) continue;
			FlowWords words;
			words.kind = FlowWords::kOthers;
			use({culprits[i], words, others[i]});
		}
		sums.lost += static_cast<int64_t>(region.unlisted.packets + region.nested);
		sums.seen += static_cast<int64_t>(region.seen + region.nested);
		sums.undecided += static_cast<int64_t>(region.undecided);
	});
	return sums;
}

void FlowRows::forget() {
	known_.clear();
	of_old_rulesets_.clear();
}

void FlowRows::ruleset_is_new() {
	for (auto &[key, culprit] : known_)
		of_old_rulesets_.push_back(std::move(culprit));
	known_.clear();
}

bool FlowRows::crowded() const {
	return known_.size() + of_old_rulesets_.size() > kMostCulprits;
}

} // namespace nft_drops::cli
