// SPDX-License-Identifier: GPL-2.0-only
// Stand-ins for the rulesets, for the kernel's names and for a Sink.
#ifndef NFT_DROPS_TESTS_UNIT_NFT_EXT_DROP_FAKES_H
#define NFT_DROPS_TESTS_UNIT_NFT_EXT_DROP_FAKES_H

#include "nft-ext/drop/attributor.h"
#include "nft-ext/drop/kernel_names.h"
#include "nft-ext/drop/sink.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nft_drops::cli::test {

// Knows what was answer()ed; takes questions for namespaces that are open.
class FakeAttributor final : public Attributor {
public:
	void on_news(std::function<void(uint32_t netns)> news) override { news_ = std::move(news); }
	SharedAttribution find(const nd_event &event) override {
		const auto known = known_.find({event.netns, event.rule_handle});
		return known == known_.end() ? nullptr : known->second;
	}
	bool ask(const nd_event &event, const nd_path *path, const nd_details *details) override {
		if (!open_[event.netns]) return false;
		questions_[event.netns].push_back(
		        {event, path != nullptr, details ? std::optional(*details) : std::nullopt});
		asked_.push_back(event.rule_handle);
		return true;
	}
	std::optional<About> reply(uint32_t netns) override {
		auto &replies = replies_[netns];
		if (replies.empty()) return {};
		const About about = replies.front(); // const: g++ 14 warns that a move reads uninitialised memory
		replies.pop_front();
		return about;
	}
	const std::string &name_of(uint32_t netns) override { return name_ = "ns" + std::to_string(netns); }

	// A process that reads this namespace's ruleset is ready.
	void open(uint32_t netns) {
		open_[netns] = true;
		news(netns);
	}
	// Replies to the oldest question; kept: find() knows it from then on.
	void answer(uint32_t netns, bool kept = true) {
		const auto [event, with_path, seen] = questions_[netns].front();
		questions_[netns].pop_front();
		Attribution made;
		made.known = true;
		made.text = "rule " + std::to_string(event.rule_handle);
		auto shared = std::make_shared<const Attribution>(std::move(made));
		if (kept) known_[{netns, event.rule_handle}] = shared;
		About about{std::move(shared), {}, nullptr};
		if (with_path) about.path = JumpPath{{"input", event.rule_handle, "x"}};
		if (seen) {
			Details details;
			details.seen = *seen;
			details.socket_sought = true;
			about.details = std::make_shared<const Details>(std::move(details));
		}
		replies_[netns].push_back(std::move(about));
		news(netns);
	}
	// Its process died.
	void die(uint32_t netns) {
		open_[netns] = false;
		for (auto &questions = questions_[netns]; !questions.empty(); questions.pop_front())
			replies_[netns].emplace_back();
		news(netns);
	}
	[[nodiscard]] const std::vector<uint64_t> &asked() const { return asked_; }

private:
	void news(uint32_t netns) const {
		if (news_) news_(netns);
	}
	std::function<void(uint32_t netns)> news_;
	std::map<uint32_t, bool> open_;
	struct Question {
		nd_event event;
		bool with_path;
		std::optional<nd_details> seen;
	};
	std::map<uint32_t, std::deque<Question>> questions_;
	std::map<uint32_t, std::deque<About>> replies_;
	std::map<std::pair<uint32_t, uint64_t>, SharedAttribution> known_;
	std::vector<uint64_t> asked_;
	std::string name_;
};

class FakeNames final : public KernelNames {
public:
	const std::string &expression(uint64_t operations) override { return name_ = operations == 1 ? "masq" : ""; }
	const std::string &function(uint64_t address) override { return name_ = address == 2 ? "nf_hook_slow" : ""; }
	std::string device(uint32_t netns, uint32_t index) override { return netns == 1 && index == 5 ? "vnet1" : ""; }

private:
	std::string name_;
};

inline nd_event drop_by(uint32_t netns, uint64_t rule) {
	nd_event event{};
	event.cause = ND_CAUSE_RULE;
	event.netns = netns;
	event.rule_handle = rule;
	return event;
}

} // namespace nft_drops::cli::test

#endif
