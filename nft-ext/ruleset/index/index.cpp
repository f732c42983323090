// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/index/index.h"

#include <ranges>

namespace nft_drops {

const std::string &Chain::name_at(uint32_t generation) const {
	if (generation != 0) {
		for (const auto &[from, name] : std::views::reverse(names))
			if (generation_reached(generation, from)) return name;
	}
	return name();
}

Rule *Table::rule(uint64_t rule_handle) {
	const auto found = rules.find(rule_handle);
	return found == rules.end() ? nullptr : &found->second;
}

Chain *Table::chain(uint64_t chain_handle) {
	const auto found = chains.find(chain_handle);
	return found == chains.end() ? nullptr : &found->second;
}

Table *Index::table(uint64_t handle) {
	const auto found = tables_.find(handle);
	return found == tables_.end() ? nullptr : &found->second;
}

Table *Index::alive_table(uint8_t family, const std::string &name) {
	const auto found = by_name_.find({family, name});
	return found == by_name_.end() ? nullptr : table(found->second);
}

void Index::begin_dump(const ChangeTime &since, const ChangeTime *lost, bool with_rules) {
	since_ = since;
	with_rules_ = with_rules;
	lost_ = nullptr;
	if (lost != nullptr) {
		lost_at_ = *lost;
		lost_ = &lost_at_;
	}
	for (Table &table : std::views::values(tables_)) {
		table.seen = false;
		for (Chain &chain : std::views::values(table.chains))
			chain.seen = false;
		for (Rule &rule : std::views::values(table.rules))
			rule.seen = false;
	}
}

void Index::add(const Change &entry) {
	switch (entry.kind) {
	case Change::Kind::kNewTable:
		new_table(entry);
		break;
	case Change::Kind::kNewChain:
		new_chain(entry, since_, nullptr);
		break;
	case Change::Kind::kNewRule:
		new_rule(entry, since_, nullptr);
		break;
	default:
		break;
	}
}

void Index::end_dump() {
	for (Table &table : std::views::values(tables_)) {
		if (!table.alive) continue;
		if (!table.seen) {
			bury(table);
			continue;
		}
		for (Rule &rule : std::views::values(table.rules)) {
			if (!rule.alive || rule.seen) continue;
			if (with_rules_ || !table.chains.at(rule.chain).seen) {
				bury(table, rule);
			} else if (lost_ != nullptr) {
				// Perhaps still there; who reads it finds out.
				rule.text.changed(*lost_);
				rule.text.changed(since_);
			}
		}
		for (Chain &chain : std::views::values(table.chains))
			if (chain.alive && !chain.seen) bury(table, chain);
	}
	lost_ = nullptr;
	forget();
}

void Index::found(const Change &rule, const ChangeTime &now) {
	const Table *table = alive_table(rule.family, rule.table);
	if (table != nullptr && !table->rules.contains(rule.handle))
		new_rule(rule, with_rules_ ? now : since_, nullptr);
}

void Index::new_table(const Change &change) {
	if (Table *before = alive_table(change.family, change.table);
	    before != nullptr && before->handle != change.handle)
		bury(*before);
	Table &table = tables_[change.handle];
	table.handle = change.handle;
	table.family = change.family;
	table.owner = change.owner;
	table.name = change.table;
	table.alive = true;
	table.seen = true;
	table.changes++;
	by_name_[{change.family, change.table}] = change.handle;
}

void Index::new_chain(const Change &change, const ChangeTime &at, std::vector<Target> *unread) {
	Table *table = alive_table(change.family, change.table);
	if (table == nullptr) return;
	table->changes++;
	if (Chain *chain = table->chain(change.handle); chain != nullptr) {
		chain->seen = true;
		chain->alive = true;
		if (change.chain != chain->name()) {
			table->chain_by_name.erase(chain->name());
			chain->names.emplace_back(at.generation, change.chain);
			if (chain->names.size() > History::kKeep) chain->names.erase(chain->names.begin());
			// A jump to the chain prints its name.
			for (Rule &rule : std::views::values(table->rules))
				if (rule.alive) rule.text.changed(at);
		}
		if (lost_ != nullptr) chain->rules_changed = at.generation;
		if (lost_ != nullptr) chain->line.changed(*lost_);
		if (lost_ != nullptr || unread != nullptr) chain->line.changed(at);
	} else {
		Chain made{.handle = change.handle,
		           .names = {{at.generation, change.chain}},
		           .seen = true,
		           .base = change.base,
		           .priority = change.priority,
		           .binding = change.binding,
		           .rules = change.use,
		           .rules_changed = at.generation,
		           .line = History(at)};
		table->chains.emplace(change.handle, std::move(made));
	}
	table->chain_by_name[change.chain] = change.handle;
	if (unread != nullptr && change.base) unread->push_back({table->handle, change.handle, 0});
}

void Index::new_rule(const Change &change, const ChangeTime &at, std::vector<Target> *unread) {
	Table *table = alive_table(change.family, change.table);
	if (table == nullptr) return;
	const auto found = table->chain_by_name.find(change.chain);
	if (found == table->chain_by_name.end()) return;
	Chain &chain = table->chains.at(found->second);
	const auto [place, made] = table->rules.try_emplace(
	        change.handle, Rule{.handle = change.handle, .chain = chain.handle, .text = History(at)});
	Rule &rule = place->second;
	if (!made) {
		if (lost_ != nullptr) rule.text.changed(*lost_);
		if (lost_ != nullptr || unread != nullptr) rule.text.changed(at);
	}
	if (made || !rule.alive) {
		rule.alive = true;
		rule_count_++;
		if (unread != nullptr) chain.rules++; // a dump's chains come with the number
	}
	rule.seen = true;
	rule.implicit = 0;
	if (!change.implicit.empty()) {
		const auto implicit = table->chain_by_name.find(change.implicit);
		if (implicit != table->chain_by_name.end() && table->chains.at(implicit->second).binding) {
			rule.implicit = implicit->second;
			table->chains.at(implicit->second).bound_by = rule.handle;
		}
	}
	if (unread != nullptr) unread->push_back({table->handle, chain.handle, rule.handle});
}

std::vector<Target> Index::apply(const std::vector<Change> &commit, const ChangeTime &at) {
	std::vector<Target> unread;
	for (const Change &change : commit) {
		Table *table = alive_table(change.family, change.table);
		switch (change.kind) {
		case Change::Kind::kNewTable:
			new_table(change);
			break;
		case Change::Kind::kNewChain:
			new_chain(change, at, &unread);
			break;
		case Change::Kind::kNewRule:
			new_rule(change, at, &unread);
			rules_changed(table, change, at);
			break;
		case Change::Kind::kDelTable:
			if (table != nullptr && table->handle == change.handle) bury(*table);
			break;
		case Change::Kind::kDelChain:
			if (table == nullptr) break;
			if (Chain *chain = table->chain(change.handle); chain != nullptr) {
				// With a hook in it, it may tell of devices that a chain lost, and the chain stays
				// (nf_tables_delchain_hook): whoever reads its line finds out.
				if (change.base && chain->base) {
					table->changes++;
					chain->line.changed(at);
					unread.push_back({table->handle, chain->handle, 0});
				} else {
					bury(*table, *chain);
				}
			}
			break;
		case Change::Kind::kDelRule:
			if (table == nullptr) break;
			del_rule(*table, change, at);
			rules_changed(table, change, at);
			break;
		case Change::Kind::kGeneration:
			break;
		}
	}
	// `nft replace rule` is told as a deletion and an addition under one handle; should the deletion come last, the
	// rule is there all the same.
	for (const Target &target : unread) {
		if (target.rule == 0) continue;
		Table *table = this->table(target.table);
		if (table == nullptr || !table->alive) continue;
		Rule *rule = table->rule(target.rule);
		Chain *chain = table->chain(target.chain);
		if (rule == nullptr || rule->alive || chain == nullptr || !chain->alive) continue;
		rule->alive = true;
		rule->text.changed(at);
		rule_count_++;
		chain->rules++;
	}
	forget();
	return unread;
}

void Index::rules_changed(Table *table, const Change &change, const ChangeTime &at) {
	if (table == nullptr) return;
	if (const auto chain = table->chain_by_name.find(change.chain); chain != table->chain_by_name.end())
		table->chains.at(chain->second).rules_changed = at.generation;
}

void Index::del_rule(Table &table, const Change &change, const ChangeTime &at) {
	if (table.rule(change.handle) == nullptr) {
		// Never heard of so far: nobody can learn its text now, but the chain it stood in is known.
		const auto chain = table.chain_by_name.find(change.chain);
		if (chain == table.chain_by_name.end()) return;
		table.rules.try_emplace(change.handle, Rule{.handle = change.handle,
		                                            .chain = chain->second,
		                                            .text = History(with_rules_ ? at : since_)});
		rule_count_++;
	}
	bury(table, *table.rule(change.handle));
}

void Index::gone(const Target &target) {
	Table *table = this->table(target.table);
	if (table == nullptr) return;
	if (target.rule == 0) {
		if (Chain *chain = table->chain(target.chain); chain != nullptr && chain->alive) bury(*table, *chain);
	} else if (Rule *rule = table->rule(target.rule); rule != nullptr && rule->alive) {
		bury(*table, *rule);
	}
	forget();
}

void Index::bury(Table &table) {
	table.alive = false;
	by_name_.erase({table.family, table.name});
	for (Rule &rule : std::views::values(table.rules))
		if (rule.alive) bury(table, rule);
	for (Chain &chain : std::views::values(table.chains))
		if (chain.alive) bury(table, chain);
	// Stands for the table itself, which goes once nothing is left in it.
	deleted_.push_back({table.handle, 0, 0});
}

void Index::bury(Table &table, Chain &chain) {
	chain.alive = false;
	chain.line.ended();
	table.changes++;
	const auto named = table.chain_by_name.find(chain.name());
	if (named != table.chain_by_name.end() && named->second == chain.handle) table.chain_by_name.erase(named);
	deleted_.push_back({table.handle, chain.handle, 0});
}

void Index::bury(Table &table, Rule &rule) {
	if (!rule.alive) return;
	rule.alive = false;
	rule.text.ended();
	rule_count_--;
	if (Chain *chain = table.chain(rule.chain); chain != nullptr && chain->rules > 0) chain->rules--;
	deleted_.push_back({table.handle, rule.chain, rule.handle});
}

void Index::forget() {
	while (deleted_.size() > kKeepDeleted) {
		const Target target = deleted_.front();
		deleted_.pop_front();
		Table *table = this->table(target.table);
		if (table == nullptr) continue;
		if (Rule *rule = table->rule(target.rule); rule != nullptr && !rule->alive)
			table->rules.erase(target.rule);
		if (target.rule == 0) {
			if (Chain *chain = table->chain(target.chain); chain != nullptr && !chain->alive)
				table->chains.erase(target.chain);
		}
		if (!table->alive && table->rules.empty() && table->chains.empty()) tables_.erase(target.table);
	}
}

} // namespace nft_drops
