// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/rulesets.h"

#include <fmt/format.h>

#include <algorithm>

namespace nft_drops::cli {
namespace {

using namespace std::chrono_literals;

// Processes are not free: where there are more namespaces, the one that was not asked for longest has to go.
constexpr size_t kMost = 256;
constexpr auto kLookEvery = 2s;

} // namespace

Result<std::unique_ptr<Rulesets>> Rulesets::start(const NetNamespace *one) {
	std::unique_ptr<Rulesets> rulesets(new Rulesets);
	if (one) {
		auto ruleset = Ruleset::start({.netns = one->descriptor()});
		if (!ruleset) return std::unexpected(ruleset.error());
		rulesets->one_ = std::move(*ruleset);
		return rulesets;
	}
	rulesets->all_ = true;
	rulesets->looked_ = Clock::now();
	for (const auto &[inode, known] : all_namespaces())
		if (rulesets->by_netns_.size() < kMost) rulesets->add(inode, known);
	return rulesets;
}

void Rulesets::add(uint32_t netns, const KnownNamespace &known) {
	Of &of = by_netns_[netns];
	of.used = Clock::now();
	of.name = known.name;
	// It may go, or be another's by now, before it is opened.
	auto file = NetNamespace::open(known.path);
	if (!file || file->inode() != netns) return;
	if (auto ruleset = Ruleset::start({.netns = file->descriptor()})) of.ruleset = std::move(*ruleset);
}

Result<void> Rulesets::ready() {
	if (one_) {
		if (auto read = one_->ready(); !read) return std::unexpected(read.error());
	}
	for (auto &[netns, of] : by_netns_) {
		if (of.ruleset && !of.ruleset->ready()) of.ruleset.reset();
	}
	return {};
}

Rulesets::Of &Rulesets::of(uint32_t netns) {
	if (const auto known = by_netns_.find(netns); known != by_netns_.end()) {
		known->second.used = Clock::now();
		return known->second;
	}
	if (by_netns_.size() >= kMost)
		by_netns_.erase(std::ranges::min_element(by_netns_, {}, [](const auto &e) { return e.second.used; }));
	const auto all = all_namespaces();
	if (const auto known = all.find(netns); known != all.end())
		add(netns, known->second);
	else
		by_netns_[netns] = {.ruleset = nullptr, .name = fmt::format("{}", netns), .used = Clock::now()};
	return by_netns_.at(netns);
}

Result<Ruleset::About> Rulesets::about(const nd_event &event, const nd_path *path) {
	if (one_) return one_->about(event, path);
	Of &of = this->of(event.netns);
	if (of.ruleset) {
		// A namespace that goes takes its ruleset with it: that is no failure of ours.
		if (auto about = of.ruleset->about(event, path)) return about;
		of.ruleset.reset();
	}
	return Ruleset::About{nothing_, {}};
}

void Rulesets::look_around() {
	if (!all_ || Clock::now() - looked_ < kLookEvery) return;
	looked_ = Clock::now();
	const auto all = all_namespaces();
	std::erase_if(by_netns_, [&](const auto &entry) { return !all.contains(entry.first); });
	for (const auto &[inode, known] : all) {
		if (const auto mine = by_netns_.find(inode); mine != by_netns_.end())
			mine->second.name = known.name;
		else if (by_netns_.size() < kMost)
			add(inode, known);
	}
}

} // namespace nft_drops::cli
