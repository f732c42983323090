// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/view/top_model.h"

#include "nft-ext/view/top_words.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <tuple>
#include <utility>

namespace nft_drops {
namespace {

template <typename T> void append_number(std::string &to, T number) {
	to.append(reinterpret_cast<const char *>(&number), sizeof(number));
}

void append_text(std::string &to, const std::string &text) {
	append_number(to, static_cast<uint32_t>(text.size()));
	to += text;
}

// Two rules of which an admin sees a difference have different keys. The base chain is none: a chain that two base
// chains jump to has one list of rules.
std::string rule_key(const CulpritWords &c) {
	std::string key;
	append_number(key, c.netns);
	append_number(key, c.table_handle);
	append_number(key, c.handle);
	append_number(key, c.cause);
	for (const std::string *text : {&c.family, &c.table, &c.chain, &c.text})
		append_text(key, *text);
	return key;
}

std::string flow_key(const FlowWords &f) {
	std::string key;
	append_number(key, f.kind);
	append_number(key, f.protocol);
	append_number(key, f.port);
	for (const Address *address : {&f.saddr, &f.daddr})
		key.append(reinterpret_cast<const char *>(address->bytes.data()), address->size);
	append_text(key, f.iif);
	append_text(key, f.oif);
	return key;
}

// Whether `a` stands above `b`; by their figures alone.
bool above(TopSort sort, const TopFigures &a, const TopFigures &b) {
	switch (sort) {
	case TopSort::kRate:
		return std::tie(a.rate, a.total, a.last) > std::tie(b.rate, b.total, b.last);
	case TopSort::kTotal:
		return std::tie(a.total, a.rate, a.last) > std::tie(b.total, b.rate, b.last);
	default:
		return std::tie(a.last, a.rate, a.total) > std::tie(b.last, b.rate, b.total);
	}
}

} // namespace

const char *name_of(TopSort sort) {
	switch (sort) {
	case TopSort::kRate:
		return "drops/s";
	case TopSort::kTotal:
		return "total";
	case TopSort::kLast:
		return "last seen";
	default:
		return "name";
	}
}

TopSort next_of(TopSort sort) {
	return sort == TopSort::kName ? TopSort::kRate : static_cast<TopSort>(static_cast<uint8_t>(sort) + 1);
}

void TopModel::Counted::add(const DropSums &drops) {
	total += static_cast<uint64_t>(drops.packets);
	recent += static_cast<uint64_t>(drops.packets);
	last = std::max(last, drops.last);
}

void TopModel::Counted::add(const Counted &other) {
	total += other.total;
	recent += other.recent;
	rate += other.rate;
	last = std::max(last, other.last);
}

void TopModel::Counted::end_interval(double seconds) {
	rate = seconds > 0 ? static_cast<double>(recent) / seconds : 0;
	recent = 0;
}

TopModel::Rule &TopModel::rule_of(const CulpritWords &culprit) {
	const auto [known, made] = rules_.try_emplace(rule_key(culprit));
	Rule &rule = known->second;
	if (made) {
		rule.id = ++last_id_;
		rule.culprit = std::make_shared<const CulpritWords>(culprit);
	}
	return rule;
}

void TopModel::add(const Row &row) {
	if (row.drops.packets <= 0) return;
	all_.add(row.drops);
	Rule &rule = rule_of(*row.culprit);
	rule.counted.add(row.drops);
	if (row.flow.kind == FlowWords::kOthers) {
		rule.others.add(row.drops);
	} else {
		const auto [flow, made] = rule.flows.try_emplace(flow_key(row.flow), Flow{row.flow, {}});
		flow->second.counted.add(row.drops);
		if (made) flow_count_++;
	}
	if (flow_count_ > most_flows_) forget_flows();
	if (rules_.size() > most_rules_) forget_rules();
}

void TopModel::end_interval(double seconds) {
	all_.end_interval(seconds);
	for (auto &[key, rule] : rules_) {
		rule.counted.end_interval(seconds);
		rule.others.end_interval(seconds);
		for (auto &[flow_key, flow] : rule.flows)
			flow.counted.end_interval(seconds);
	}
}

// Each rule keeps the same number of flows, so that a flood by one rule does not take the flows of the others.
void TopModel::forget_flows() {
	const auto with_flows = std::ranges::count_if(rules_, [](const auto &of) { return !of.second.flows.empty(); });
	const size_t each = std::max<size_t>(most_flows_ / 2 / static_cast<size_t>(with_flows), 1);
	for (auto &of : rules_) {
		Rule &rule = of.second;
		if (rule.flows.size() <= each) continue;
		std::vector<uint64_t> totals;
		totals.reserve(rule.flows.size());
		for (const auto &[flow_key, flow] : rule.flows)
			totals.push_back(flow.counted.total);
		const auto least = totals.begin() + static_cast<std::ptrdiff_t>(each) - 1;
		std::ranges::nth_element(totals, least, std::greater());
		// Of the flows with just as many packets, those stay that there is room for.
		auto equal = static_cast<size_t>(std::count(totals.begin(), std::next(least), *least));
		const uint64_t limit = *least;
		std::erase_if(rule.flows, [&](const auto &flow) {
			const Counted &counted = flow.second.counted;
			if (counted.total > limit) return false;
			if (counted.total == limit && equal > 0) {
				equal--;
				return false;
			}
			rule.others.add(counted);
			flow_count_--;
			return true;
		});
	}
}

void TopModel::forget_rules() {
	std::vector<std::pair<int64_t, std::string>> oldest;
	oldest.reserve(rules_.size());
	for (const auto &[key, rule] : rules_)
		oldest.emplace_back(rule.counted.last, key);
	std::ranges::sort(oldest);
	// Some at once, since each look costs as much.
	oldest.resize(std::max<size_t>(rules_.size() - most_rules_ + most_rules_ / 8, 1));
	for (const auto &[last, key] : oldest) {
		const auto rule = rules_.find(key);
		earlier_ += rule->second.counted.total;
		flow_count_ -= rule->second.flows.size();
		rules_.erase(rule);
	}
}

void TopModel::zero() {
	rules_.clear();
	flow_count_ = 0;
	all_ = {};
	earlier_ = 0;
}

TopFrame TopModel::frame(TopSort sort, uint64_t opened) const {
	TopFrame frame;
	frame.all = all_.figures();
	frame.earlier = earlier_;
	for (const auto &[key, rule] : rules_) {
		frame.rules.push_back({rule.id, rule.culprit, rule.counted.figures()});
		if (rule.id != opened || opened == 0) continue;
		frame.opened = opened;
		frame.others = rule.others.figures();
		for (const auto &[flow_key, flow] : rule.flows)
			frame.flows.push_back({flow.flow, flow.counted.figures()});
	}
	// By the id where all else is equal, so that no line moves without a reason.
	const auto by_figures = [sort](const auto &a, const auto &b) { return above(sort, a.figures, b.figures); };
	std::ranges::sort(frame.rules, {}, &TopRule::id);
	if (sort == TopSort::kName) {
		std::map<uint64_t, std::string> by_id;
		for (const auto &[key, rule] : rules_)
			by_id[rule.id] = rule_words(*rule.culprit);
		std::ranges::stable_sort(frame.rules, {}, [&](const TopRule &rule) { return by_id[rule.id]; });
		std::ranges::stable_sort(frame.flows, {}, [](const TopFlow &f) { return flow_key(f.flow); });
	} else {
		std::ranges::stable_sort(frame.rules, by_figures);
		std::ranges::sort(frame.flows, {}, [](const TopFlow &f) { return flow_key(f.flow); });
		std::ranges::stable_sort(frame.flows, by_figures);
	}
	return frame;
}

} // namespace nft_drops
