// SPDX-License-Identifier: GPL-2.0-only
// The way from the base chain to the rule. The kernel's jump stack holds, for each jump, the rule that would come next:
// the one in front of it, in the chain's order at that time, is the one that jumped.
#include "nft-ext/ruleset/text/lookup.h"

#include "nft-ext/ruleset/netlink/attributes.h"
#include "nft-ext/ruleset/netlink/change.h"
#include "nft-ext/ruleset/netlink/references.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

namespace nft_drops {
namespace {

constexpr size_t kOrdersKept = 32;
constexpr int kAttempts = 3;

} // namespace

// nullptr where the chain has changed since that generation, or cannot be read.
const Lookup::Order *Lookup::order_of(Table &table, uint64_t chain_handle, uint32_t generation) {
	for (int attempt = 0; attempt < kAttempts; attempt++) {
		const Chain *chain = table.chain(chain_handle);
		if (chain == nullptr || !chain->alive || !generation_reached(generation, chain->rules_changed))
			return nullptr;
		const auto kept = std::ranges::find_if(
		        orders_, [&](const Order &o) { return o.table == table.handle && o.chain == chain_handle; });
		if (kept != orders_.end()) {
			if (generation_reached(kept->generation, chain->rules_changed)) return &*kept;
			orders_.erase(kept);
		}
		const auto before = query_.generation();
		if (!before || !catch_up(*before)) return nullptr;
		Order order{.table = table.handle, .chain = chain_handle, .generation = *before, .rules = {}};
		const std::string name = chain->name();
		Requests request;
		request.dump_rules(table.family, table.name, name);
		const auto outcome = query_.ask(std::move(request), [&](const nlmsghdr *message) {
			const auto rule = parse_change(message);
			if (rule && rule->chain == name)
				order.rules.push_back({rule->handle, references_of_rule(message).jump});
		});
		const auto after = query_.generation();
		if (!outcome || !after || !catch_up(*after)) return nullptr;
		// Changed in between, perhaps elsewhere: it is believed where nothing told of this chain.
		if (*outcome != Query::Outcome::kDone) continue;
		if (orders_.size() >= kOrdersKept) orders_.erase(orders_.begin());
		orders_.push_back(std::move(order));
	}
	return nullptr;
}

std::optional<JumpPath> Lookup::jump_path(const nd_event &event, const nd_path &path, const Attribution &attribution) {
	Table *table = index_.table(event.table_handle);
	if (event.cause != ND_CAUSE_RULE || path.depth > ND_JUMPS || event.generation == 0 || table == nullptr ||
	    attribution.chain.empty() || (event.netns != 0 && netns_ != 0 && event.netns != netns_))
		return {};
	JumpPath steps;
	for (uint32_t i = 0; i < path.depth; i++) {
		const nd_path::nd_jump &jump = path.jumps[i];
		uint64_t chain_handle = jump.chain;
		if (chain_handle == 0 && jump.next != 0) {
			const Rule *next = table->rule(jump.next);
			if (next == nullptr) next = find(*table, jump.next);
			if (next != nullptr) chain_handle = next->chain;
		}
		const Chain *chain = table->chain(chain_handle);
		if (chain == nullptr) return {};
		JumpStep &step = steps.emplace_back();
		step.chain = chain->name_at(event.generation);
		const Order *order = order_of(*table, chain_handle, event.generation);
		if (order == nullptr) continue;
		const auto next = jump.next == 0 ? order->rules.end()
		                                 : std::ranges::find(order->rules, jump.next, &Order::Entry::handle);
		if (next == order->rules.begin() || (jump.next != 0 && next == order->rules.end())) continue;
		step.handle = std::prev(next)->handle;
		step.target = std::prev(next)->jump;
	}
	return steps;
}

} // namespace nft_drops
