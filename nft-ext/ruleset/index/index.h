// SPDX-License-Identifier: GPL-2.0-only
// Which tables, chains and rules there are and were, by handle, with the history of their texts. Pure bookkeeping:
// fed with dumps and commits, asks nobody.
//
// A table handle is unique in its namespace over time (nf_tables_newtable counts up); rule and chain handles are unique
// in their table over time. What was deleted stays as an answer for drops that happened before, up to a bound.
#ifndef NFT_DROPS_NFT_EXT_RULESET_INDEX_INDEX_H
#define NFT_DROPS_NFT_EXT_RULESET_INDEX_INDEX_H

#include "nft-ext/ruleset/index/history.h"
#include "nft-ext/ruleset/netlink/change.h"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nft_drops {

struct Rule {
	uint64_t handle = 0;
	uint64_t chain = 0;    // handle of the chain that it stands in
	uint64_t implicit = 0; // handle of the chain of its `jump { ... }`, else 0
	bool alive = true;
	bool seen = false; // by the dump under way
	History text;
};

struct Chain {
	uint64_t handle = 0;
	std::vector<std::pair<uint32_t, std::string>>
	        names; // with the generation from which each was true, oldest first
	bool alive = true;
	bool seen = false;
	bool base = false;
	int32_t priority = 0; // base: of its hook, which never changes
	bool binding = false;
	uint64_t bound_by = 0;      // binding: handle of the rule whose `jump { ... }` it is; 0 while unknown
	size_t rules = 0;           // about how many
	uint32_t rules_changed = 0; // the last generation that added or removed a rule here, or may have done so
	History line;               // base: `type ... hook ...;`

	[[nodiscard]] const std::string &name() const { return names.back().second; }
	// As it was at a generation (0: unknown, the latest).
	[[nodiscard]] const std::string &name_at(uint32_t generation) const;
};

struct Table {
	uint64_t handle = 0;
	uint8_t family = 0;
	uint32_t owner = 0;        // netlink port of the socket that owns the table; 0: none does
	uint64_t owner_socket = 0; // its inode, once somebody has looked
	std::string name;
	bool alive = true;
	bool seen = false;
	std::unordered_map<uint64_t, Chain> chains;
	std::unordered_map<std::string, uint64_t> chain_by_name; // alive ones
	std::unordered_map<uint64_t, Rule> rules;
	uint32_t changes = 0; // of anything that nft prints outside of the rules: names, chain lines

	Rule *rule(uint64_t rule_handle);
	Chain *chain(uint64_t chain_handle);
};

// A rule, or with rule 0 a chain's own line.
struct Target {
	uint64_t table = 0;
	uint64_t chain = 0;
	uint64_t rule = 0;
};

class Index {
public:
	// Deleted rules and chains that are kept.
	static constexpr size_t kKeepDeleted = 65536;

	// A dump of everything: begin, add() each table, then each chain, then (`with_rules`) each rule, end. `since`
	// is when the dump's content became true for sure; where it follows on lost events, everything may have changed
	// since `lost`.
	void begin_dump(const ChangeTime &since, const ChangeTime *lost, bool with_rules);
	void add(const Change &entry);
	void end_dump();
	// A rule that the kernel was asked for, at `now`. Where the dump was without rules and no event told of it, it
	// has been there unchanged since the dump.
	void found(const Change &rule, const ChangeTime &now);

	// A whole commit, in the kernel's order. Returns whose text is to be read now.
	std::vector<Target> apply(const std::vector<Change> &commit, const ChangeTime &at);

	// The kernel does not know it (any more).
	void gone(const Target &target);

	Table *table(uint64_t handle);
	// Null where the ruleset has no such table now.
	Table *alive_table(uint8_t family, const std::string &name);
	[[nodiscard]] const std::unordered_map<uint64_t, Table> &tables() const { return tables_; }
	std::unordered_map<uint64_t, Table> &tables() { return tables_; }
	[[nodiscard]] size_t rule_count() const { return rule_count_; } // alive ones

private:
	void new_table(const Change &change);
	void new_chain(const Change &change, const ChangeTime &at, std::vector<Target> *unread);
	void new_rule(const Change &change, const ChangeTime &at, std::vector<Target> *unread);
	static void rules_changed(Table *table, const Change &change, const ChangeTime &at);
	void del_rule(Table &table, const Change &change, const ChangeTime &at);
	void bury(Table &table);
	void bury(Table &table, Chain &chain);
	void bury(Table &table, Rule &rule);
	void forget();

	std::unordered_map<uint64_t, Table> tables_;
	std::map<std::pair<uint8_t, std::string>, uint64_t> by_name_; // alive ones
	std::deque<Target> deleted_;                                  // oldest first
	size_t rule_count_ = 0;
	ChangeTime since_;       // of the last dump
	bool with_rules_ = true; // the last dump
	ChangeTime lost_at_;
	const ChangeTime *lost_ = nullptr;
};

} // namespace nft_drops

#endif
