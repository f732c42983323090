// SPDX-License-Identifier: GPL-2.0-only
// The rulesets of one network namespace, or of all: each is read by a process of its own (nft-ext/ruleset/text), which
// lives only while drops ask for it. Nothing here waits.
#ifndef NFT_DROPS_NFT_EXT_DROP_RULESETS_H
#define NFT_DROPS_NFT_EXT_DROP_RULESETS_H

#include "nft-ext/drop/attributor.h"
#include "nft-ext/drop/namespaces.h"
#include "nft-ext/drop/socket_holders.h"
#include "nft-ext/loop/loop.h"
#include "nft-ext/ruleset/text/attribution_cache.h"
#include "nft-ext/ruleset/text/ruleset.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace nft_drops::cli {

class Rulesets final : public Attributor {
public:
	using Clock = Loop::Clock;
	// So many processes read rulesets at once.
	static constexpr size_t kMostWorkers = 48;
	// A process that nobody asked for this long ends.
	static constexpr std::chrono::seconds kIdleFor{10};
	// A process that does not answer for this long is ended.
	static constexpr std::chrono::seconds kPatience{60};
	// After a process died the next one is started after the first of these, twice as long each time, up to the
	// second.
	static constexpr std::chrono::milliseconds kFirstPause{100};
	static constexpr std::chrono::seconds kLongestPause{60};

	// `all`: reads the rulesets of all namespaces that there are and come, else of `home` alone. `home` is the only
	// namespace that is watched, or this process's; its ruleset is read at all times. `loop` and `home` must
	// outlive this object. `trouble` is told why the ruleset of `home` cannot be read.
	Rulesets(Loop &loop, const NetNamespace &home, bool all, std::function<void(const Error &)> trouble);
	// Before start(): this object of `home`'s ruleset is watched.
	void watch(WatchedObject object) { watched_ = std::move(object); }
	// Before start(): how rules are printed (WorkerOptions::output).
	void print_as(unsigned output) { output_ = output; }
	// Whether the watched object is there; nothing: nobody knows yet.
	[[nodiscard]] std::optional<bool> is_there() const { return is_there_; }
	// Calls `gone` whenever the watched object goes.
	void on_gone(std::function<void()> gone) { gone_ = std::move(gone); }
	~Rulesets() override;

	// Starts to read the ruleset of `home`.
	Result<void> start();
	// Runs the loop until the ruleset of `home` has been read. Fails if it cannot be read at all. If reading takes
	// very long, returns without it: drops are shown without their rule's text meanwhile.
	Result<void> wait_until_read();

	// nf_tables was unloaded or loaded anew: all that is known of rulesets is forgotten, and nothing is read until
	// start_anew(). Whoever asks meanwhile is told at once that nothing is known.
	void stop();
	// nf_tables is there again, with other rulesets.
	void start_anew();

	// Attributor:
	void on_news(std::function<void(uint32_t netns)> news) override { news_ = std::move(news); }
	SharedAttribution find(const nd_event &event) override;
	bool ask(const nd_event &event, const nd_path *path, const nd_details *details) override;
	std::optional<About> reply(uint32_t netns) override;
	const std::string &name_of(uint32_t netns) override;

private:
	struct Namespace {
		std::unique_ptr<NetNamespace> file; // null: the home namespace, or one that cannot be opened
		std::string name;
		bool home = false;
		std::unique_ptr<Ruleset> ruleset; // null: no process
		AttributionCache cache;
		struct Question {
			nd_event event;
		};
		std::deque<Question> questions; // without a reply, oldest first
		std::deque<About> replies;      // for reply()
		bool xtables = false;           // its process met rules of iptables-nft
		bool wanted = false;            // a process is to be started as soon as possible
		bool was_ready = false;         // one has read the ruleset
		bool in_trouble = false;        // that was told
		Clock::time_point asked;        // last
		Clock::time_point progress;     // when its process last said something, or was first asked after that
		Clock::time_point not_before;   // no process is started before
		Clock::duration pause = kFirstPause;
	};

	Namespace *known(uint32_t netns);
	void pin(uint32_t netns, const KnownNamespace &known);
	void look_around();
	void tick();
	void arm(Clock::duration delay);
	bool launch(uint32_t netns, Namespace &of);
	bool make_room();
	void receive(uint32_t netns);
	void answered(Namespace &of, Attributed attributed);
	void name_socket(Details &details);
	void end(Namespace &of);
	void died(Namespace &of, const Error &error);
	void tell(uint32_t netns) const {
		if (news_) news_(netns);
	}

	void look_at_watched(const Namespace &of);

	Loop &loop_;
	std::optional<WatchedObject> watched_;
	unsigned output_ = 0;
	std::optional<bool> is_there_;
	std::function<void()> gone_;
	const NetNamespace &home_;
	bool all_;
	std::function<void(const Error &)> trouble_;
	std::function<void(uint32_t netns)> news_;
	std::unordered_map<uint32_t, Namespace> by_netns_;
	// The element of by_netns_ for home_. The elements of an unordered_map do not move, and look_around() never
	// erases this element.
	Namespace &of_home_;
	Clock::time_point looked_;
	Loop::Timer timer_ = 0;
	Clock::time_point timer_at_;
	std::optional<bool> narrow_;  // Ready::narrow of the first process
	std::optional<Error> failed_; // the home namespace's ruleset was never read
	bool stopped_ = false;
	size_t workers_ = 0;
	SocketHolders holders_;
	std::string number_; // name_of() a namespace that is not known
};

} // namespace nft_drops::cli

#endif
