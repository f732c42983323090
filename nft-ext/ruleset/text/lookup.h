// SPDX-License-Identifier: GPL-2.0-only
// From an event to its Attribution, in one network namespace: keeps the index current and reads texts when they are new
// or asked for. Lives in the worker process.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_LOOKUP_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_LOOKUP_H

#include "bpf/shared/event.h"
#include "nft-ext/ruleset/details/details.h"
#include "nft-ext/ruleset/details/goto_path.h"
#include "nft-ext/ruleset/details/rule_look_ups.h"
#include "nft-ext/ruleset/index/attribution.h"
#include "nft-ext/ruleset/index/index.h"
#include "nft-ext/ruleset/index/jump_path.h"
#include "nft-ext/ruleset/index/set_changes.h"
#include "nft-ext/ruleset/netlink/links.h"
#include "nft-ext/ruleset/netlink/netlink.h"
#include "nft-ext/ruleset/text/formatter.h"
#include "nft-ext/ruleset/text/reader.h"
#include "nft-ext/ruleset/text/worker.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nft_drops {

class Lookup {
public:
	struct Options {
		std::optional<bool> narrow; // what narrow_way_works() says, where that is known
		unsigned output = 0;        // WorkerOptions::output
		bool xtables = false;       // rules of iptables-nft may be printed (WorkerOptions::xtables)
		// Called once all sockets are open, before anything is read that the namespace's owner wrote.
		std::function<Result<void>()> confine;
	};
	// Subscribes to changes, then reads the ruleset of the calling thread's network namespace.
	static Result<std::unique_ptr<Lookup>> open(const Options &options);
	// A rule was met that can be read only with Options::xtables.
	[[nodiscard]] bool needs_xtables() const { return needs_xtables_; }

	Attribution attribute(const nd_event &event);
	// The jumps that led to the rule that attribute() named; nullopt where they are not known (lookup_path.cpp).
	std::optional<JumpPath> jump_path(const nd_event &event, const nd_path &path, const Attribution &attribution);

	// Why the packet was dropped, beyond the rule (lookup_details.cpp).
	Details details(const nd_event &event, const nd_details &seen, const Attribution &attribution,
	                const std::optional<JumpPath> &path);

	// Whether that is in the ruleset now.
	bool is_there(const WatchedObject &object);

	// To be polled; when one is readable, or after pause_ms(), drain().
	[[nodiscard]] int ruleset_descriptor() const { return changes_.descriptor(); }
	[[nodiscard]] int links_descriptor() const { return link_changes_.descriptor(); }
	// The timeout for poll(2). If drops carry no generation, a change is only known to lie between two drains, even
	// if this process is late: drain() must then be called often.
	[[nodiscard]] int pause_ms() const { return by_time_ ? kPauseMs : -1; }
	// Learns of everything that changed.
	Result<void> drain();

	// Reads one more text in advance; false where there is nothing to do.
	bool work();

	struct Size {
		size_t tables = 0;
		size_t rules = 0;
		uint32_t generation = 0;
		bool narrow = false;
	};
	[[nodiscard]] Size size() const;

private:
	// The rules of one chain, in their order.
	struct Order {
		uint64_t table = 0, chain = 0;
		uint32_t generation = 0; // in which it was so
		struct Entry {
			uint64_t handle;
			std::string jump; // the chain that it names
		};
		std::vector<Entry> rules;
	};

	Lookup(Query query, Listener changes, Listener link_changes, unsigned output);

	Result<void> load(const ChangeTime *lost);
	void plan_work();
	void list_chain(const Target &target);
	void commit(uint32_t generation, uint64_t after_ns);
	Result<void> catch_up(uint32_t generation);
	Rule *find(Table &table, uint64_t handle);
	bool read(const Target &target);
	History *history(const Target &target);
	void tell(const Target &target, const nd_event &event, Attribution &attribution);
	void span(const Version &version, const nd_event &event, bool latest, Attribution &attribution) const;

	struct TableName;
	// The rules of a chain, or only the one with that handle (not 0), with their look-ups; nullopt where the rules
	// of the event's time are not known.
	std::optional<std::vector<RuleLookUps>> rules_of(const TableName &table, const std::string &chain,
	                                                 uint64_t handle, const nd_event &event,
	                                                 const nd_details &seen);
	struct Looked;
	Looked look(const TableName &table, const LookUp &look_up, const nd_event &event);
	std::optional<GotoRule> goto_of(const TableName &table, const std::string &chain, const RuleLookUps &rule,
	                                const nd_event &event);
	std::vector<ElementFound> elements_between(const TableName &table, const std::string &from,
	                                           const std::string &to, const nd_event &event,
	                                           const nd_details &seen);
	std::vector<ElementFound> elements(const nd_event &event, const nd_details &seen,
	                                   const Attribution &attribution, const std::optional<JumpPath> &path);
	std::optional<HookOrder> hook_order(const nd_event &event, const Attribution &attribution);
	const Order *order_of(Table &table, uint64_t chain, uint32_t generation);

	Query query_;
	Listener changes_;
	Listener link_changes_;
	Formatter formatter_;
	std::unique_ptr<Reader> reader_;
	bool narrow_ = false;
	bool needs_xtables_ = false;
	Index index_;
	Links links_;
	std::vector<Change> pending_; // of a commit whose end has not arrived yet
	uint32_t generation_ = 0;     // of the index
	static constexpr int kPauseMs = 50;
	bool by_time_ = false;    // a drop without generation was asked for
	uint64_t drained_ns_ = 0; // when nothing more was waiting
	std::deque<Target> work_;
	size_t work_bytes_ = 0; // of the texts read in advance
	size_t rules_at_start_ = 0;
	bool rules_known_ = true;     // all alive ones are in the index
	std::vector<Order> orders_;   // of the chains that paths were asked for, newest last
	std::vector<Target> missing_; // rules that the kernel did not have at this generation
	uint32_t missing_generation_ = 0;
	uint32_t netns_ = 0;
	SetChanges sets_;
	uint32_t hooks_changed_ = 0;   // the last generation that may have changed which chains a hook has
	std::optional<Query> sockets_; // opened when first needed
};

} // namespace nft_drops

#endif
