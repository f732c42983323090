// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/rulesets.h"

#include "nft-ext/drop/group_path.h"

#include <algorithm>
#include <cstring>
#include <poll.h>
#include <utility>

namespace nft_drops::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookEvery = 2s;
// A drop in a namespace that is not known has the list of namespaces read anew, but not for each drop.
constexpr auto kLookAgain = 100ms;
constexpr auto kSoon = 100ms;
constexpr auto kLater = 1s;
constexpr auto kWaitForFirst = 30s;
// As long as a drop is held for its text (DropCompleter::kHoldFor).
constexpr auto kWantedFor = 2s;

const SharedAttribution &nothing_known() {
	static const auto nothing = std::make_shared<const Attribution>();
	return nothing;
}

} // namespace

Rulesets::Rulesets(Loop &loop, const NetNamespace &home, bool all, std::function<void(const Error &)> trouble)
    : loop_(loop), home_(home), all_(all), trouble_(std::move(trouble)), of_home_(by_netns_[home.inode()]) {
	of_home_.home = true;
	of_home_.name = std::to_string(home.inode());
	if (!all_) return;
	allow_descriptors();
	look_around();
}

Rulesets::~Rulesets() {
	loop_.cancel(timer_);
	for (auto &[netns, of] : by_netns_)
		if (of.ruleset) loop_.forget(of.ruleset->descriptor());
}

Result<void> Rulesets::start() {
	of_home_.wanted = true;
	launch(home_.inode(), of_home_);
	arm(kLater);
	if (failed_) return std::unexpected(*failed_);
	return {};
}

Result<void> Rulesets::wait_until_read() {
	const auto latest = Clock::now() + kWaitForFirst;
	while (!failed_ && Clock::now() < latest) {
		if (of_home_.ruleset && of_home_.ruleset->state() == Ruleset::State::kReady) return {};
		if (auto ok = loop_.once(latest); !ok) return ok;
	}
	if (failed_) return std::unexpected(*failed_);
	return {};
}

void Rulesets::stop() {
	stopped_ = true;
	for (auto &[netns, of] : by_netns_) {
		end(of);
		of.wanted = false;
	}
}

void Rulesets::start_anew() {
	stopped_ = false;
	for (auto &[netns, of] : by_netns_) {
		of.not_before = {};
		of.pause = kFirstPause;
	}
	of_home_.wanted = true;
	launch(home_.inode(), of_home_);
	arm(kSoon);
}

Rulesets::Namespace *Rulesets::known(uint32_t netns) {
	if (!all_) return &of_home_;
	auto known = by_netns_.find(netns);
	if (known == by_netns_.end()) {
		if (Clock::now() - looked_ < kLookAgain) return nullptr;
		look_around();
		known = by_netns_.find(netns);
	}
	if (known == by_netns_.end()) {
		// Further ones are not told apart by name, and their rules have no text.
		if (by_netns_.size() >= kMostNamespaces) return nullptr;
		// Gone, or kept by nothing that has a name.
		known = by_netns_.try_emplace(netns).first;
		known->second.name = std::to_string(netns);
	}
	return &known->second;
}

void Rulesets::pin(uint32_t netns, const KnownNamespace &known) {
	Namespace &of = by_netns_[netns];
	of.name = known.name;
	if (of.home || of.file) return;
	// It may go, or be another's by now, before it is opened.
	if (auto file = NetNamespace::open(known.path); file && file->inode() == netns)
		of.file = std::make_unique<NetNamespace>(std::move(*file));
}

// Lets go of namespaces that nobody else keeps, and learns of new ones.
void Rulesets::look_around() {
	looked_ = Clock::now();
	const auto all = all_namespaces();
	for (auto entry = by_netns_.begin(); entry != by_netns_.end();) {
		Namespace &of = entry->second;
		if (all.contains(entry->first) || of.home || !of.questions.empty() || !of.replies.empty()) {
			++entry;
			continue;
		}
		end(of);
		entry = by_netns_.erase(entry);
	}
	for (const auto &[netns, known] : all)
		if (by_netns_.contains(netns) || by_netns_.size() < kMostNamespaces) pin(netns, known);
}

void Rulesets::arm(Clock::duration delay) {
	const auto when = Clock::now() + delay;
	if (timer_ != 0 && timer_at_ <= when) return;
	loop_.cancel(timer_);
	timer_at_ = when;
	timer_ = loop_.at(when, [this] {
		timer_ = 0;
		tick();
	});
}

void Rulesets::tick() {
	const auto now = Clock::now();
	if (all_ && now - looked_ >= kLookEvery) look_around();
	bool soon = false;
	bool busy = all_;
	std::vector<uint32_t> died;
	for (auto &[netns, of] : by_netns_) {
		if (of.ruleset) {
			const bool waiting = of.ruleset->state() == Ruleset::State::kReading || !of.questions.empty();
			if (waiting && now - of.progress > kPatience) died.push_back(netns);
			const bool idle = !waiting && of.replies.empty() && now - of.asked > kIdleFor;
			if (!of.home && idle) end(of);
			busy = busy || waiting;
		} else if (of.wanted) {
			// The drops that it was wanted for are shown by now.
			of.wanted = of.home || now - of.asked < kWantedFor;
			soon = (of.wanted && !launch(netns, of)) || soon;
		}
	}
	for (const uint32_t netns : died) {
		this->died(by_netns_.at(netns),
		           {.what = "reading the ruleset", .why = "its process does not answer", .next = {}});
		tell(netns);
	}
	if (soon)
		arm(kSoon);
	else if (busy)
		arm(kLater);
}

// A process fewer: the one that was not asked for longest, and has nothing to do.
bool Rulesets::make_room() {
	Namespace *oldest = nullptr;
	for (auto &[netns, of] : by_netns_) {
		const bool unused = of.ruleset && !of.home && of.ruleset->state() == Ruleset::State::kReady &&
		                    of.questions.empty() && of.replies.empty();
		if (unused && (!oldest || of.asked < oldest->asked)) oldest = &of;
	}
	if (oldest) end(*oldest);
	return oldest != nullptr;
}

bool Rulesets::launch(uint32_t netns, Namespace &of) {
	if (stopped_ || (!of.home && !of.file)) {
		of.wanted = false;
		return true;
	}
	const auto now = Clock::now();
	if (now < of.not_before || (!of.home && workers_ >= kMostWorkers && !make_room())) return false;
	auto ruleset = Ruleset::start({.netns = of.home ? home_.descriptor() : of.file->descriptor(),
	                               .narrow = narrow_,
	                               .output = output_,
	                               .xtables = of.xtables,
	                               .background = !of.home,
	                               .watched = of.home ? watched_ : std::nullopt});
	if (!ruleset) {
		died(of, ruleset.error());
		return false;
	}
	of.ruleset = std::move(*ruleset);
	of.wanted = false;
	of.asked = of.progress = now;
	workers_++;
	loop_.watch(of.ruleset->descriptor(), POLLIN, [this, netns](short) { receive(netns); });
	return true;
}

// Ends its process. What was asked is lost; what is known of the namespace is forgotten.
void Rulesets::end(Namespace &of) {
	if (!of.ruleset) return;
	loop_.forget(of.ruleset->descriptor());
	of.ruleset.reset();
	workers_--;
	of.cache = {};
	for (; !of.questions.empty(); of.questions.pop_front())
		of.replies.emplace_back();
}

void Rulesets::died(Namespace &of, const Error &error) {
	const auto now = Clock::now();
	const bool ever_ready = of.was_ready;
	const bool for_xtables = of.ruleset && of.ruleset->needs_xtables() && !of.xtables;
	end(of);
	// The home namespace's ruleset is read at all times; others when a drop asks again.
	of.wanted = of.home;
	if (for_xtables) {
		of.xtables = true;
	} else {
		of.not_before = now + of.pause;
		of.pause = std::min<Clock::duration>(2 * of.pause, kLongestPause);
		if (of.home && !ever_ready)
			failed_ = error;
		else if (of.home && trouble_ && !std::exchange(of.in_trouble, true))
			trouble_(error);
	}
	arm(for_xtables ? Clock::duration::zero() : Clock::duration(kSoon));
}

void Rulesets::receive(uint32_t netns) {
	const auto entry = by_netns_.find(netns);
	if (entry == by_netns_.end() || !entry->second.ruleset) return;
	Namespace &of = entry->second;
	of.progress = Clock::now();
	const bool was_reading = of.ruleset->state() == Ruleset::State::kReading;
	of.ruleset->receive([&](Attributed attributed) { answered(of, std::move(attributed)); });
	look_at_watched(of);
	if (of.ruleset->state() == Ruleset::State::kEnded) {
		const Error error = of.ruleset->error();
		died(of, error);
		tell(netns);
		return;
	}
	if (was_reading && of.ruleset->state() == Ruleset::State::kReady) {
		narrow_ = of.ruleset->ready().narrow;
		of.was_ready = true;
	}
	tell(netns);
}

void Rulesets::look_at_watched(const Namespace &of) {
	if (!of.home || !of.ruleset->is_there()) return;
	const auto before = std::exchange(is_there_, of.ruleset->is_there());
	if (before == true && is_there_ == false && gone_) gone_();
}

void Rulesets::answered(Namespace &of, Attributed attributed) {
	const nd_event event = of.questions.front().event;
	of.questions.pop_front();
	// A process that answers works.
	of.pause = kFirstPause;
	of.in_trouble = false;
	// One text in memory for all drops of a rule, also where each has jumps of its own.
	SharedAttribution known = of.cache.find(event);
	Attribution &got = attributed.attribution;
	const bool same = known && known->known && got.known && known->text == got.text && known->chain == got.chain;
	if (!same) {
		if (got.owner_socket != 0) {
			const auto owners = holders_.of(got.owner_socket);
			if (!owners.empty()) got.owner = owners.front().name;
		}
		known = of.cache.keep(event, std::move(got));
	}
	std::shared_ptr<const Details> details;
	if (attributed.details) {
		name_socket(*attributed.details);
		details = std::make_shared<const Details>(std::move(*attributed.details));
	}
	of.replies.push_back({std::move(known), std::move(attributed.path), std::move(details)});
}

// Control groups and processes mean something to this process, not to the one that reads rulesets.
void Rulesets::name_socket(Details &details) {
	const auto socket = details.whose();
	if (!socket) return;
	if (socket->group != 0) details.group = group_path(socket->group);
	if (socket->inode != 0) details.processes = holders_.of(socket->inode);
}

SharedAttribution Rulesets::find(const nd_event &event) {
	Namespace *of = known(event.netns);
	if (!of) return nullptr;
	if (!of->home && !of->file) return nothing_known();
	auto found = of->cache.find(event);
	// steady_clock is CLOCK_MONOTONIC, as nd_event.time_ns: asking for the time would cost more than the search.
	if (found) of->asked = Clock::time_point(std::chrono::nanoseconds(event.time_ns));
	return found;
}

bool Rulesets::ask(const nd_event &event, const nd_path *path, const nd_details *details) {
	Namespace *of = known(event.netns);
	if (!of) return false;
	if (!of->ruleset) {
		const uint32_t netns = all_ ? event.netns : home_.inode();
		of->wanted = true;
		of->asked = Clock::now();
		if (!launch(netns, *of)) arm(kSoon);
	}
	if (!of->ruleset) {
		if (!of->wanted) of->replies.push_back({nothing_known(), {}, nullptr}); // there is nobody to ask
		return !of->wanted;
	}
	if (!of->ruleset->ask(event, path, details)) return false;
	const auto now = Clock::now();
	of->asked = now;
	if (of->questions.empty()) of->progress = now;
	of->questions.push_back({event});
	arm(kLater);
	return true;
}

std::optional<Attributor::About> Rulesets::reply(uint32_t netns) {
	const auto known = by_netns_.find(all_ ? netns : home_.inode());
	if (known == by_netns_.end() || known->second.replies.empty()) return {};
	About &front = known->second.replies.front();
	auto about = std::make_optional<About>();
	about->attribution.swap(front.attribution);
	about->path.swap(front.path);
	about->details.swap(front.details);
	known->second.replies.pop_front();
	return about;
}

const std::string &Rulesets::name_of(uint32_t netns) {
	static const std::string unknown = "unknown";
	if (netns == 0) return unknown;
	if (const Namespace *of = known(netns)) return of->name;
	number_ = std::to_string(netns);
	return number_;
}

} // namespace nft_drops::cli
