// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/choose.h"

#include "jit/resolve/facts.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

namespace nft_drops::jit {
namespace {

// What one thing costs more than another, in this order: packets that are not dropped pay for the probe; one more
// probe; an int3 in place of a jump; an instruction that the kernel must emulate.
constexpr int kCostOtherPackets = 1000;
constexpr int kCostSite = 100;
constexpr int kCostNoJump = 10;
constexpr int kCostEmulated = 2;
constexpr size_t kMostSites = 6;

// Instructions that the same paths come to. What counts as coming is every visit, or (`by_verdict`) only visits with a
// verdict of NF_DROP in force: the instruction that tests the verdict is passed by every jump and return, too.
struct Group {
	std::vector<size_t> instructions; // cheapest first
	std::vector<bool> drops;          // by number of the drop path: comes here (once)
	bool by_verdict = false;
	bool other_packets = false; // there are visits that do not count, or that do not end in a drop
	int cost = 0;
};

class Chooser {
public:
	Chooser(const Code &code, const Architecture &arch, const Emulator &emulator, const ExecutionPaths &paths,
	        const Layout &layout)
	    : code_(code), arch_(arch), emulator_(emulator), paths_(paths), layout_(layout) {
		for (const Instruction &i : code.all()) {
			if (i.flow != Flow::kNone && i.target && !i.indirect) targets_.insert(i.target);
			if (i.flow == Flow::kJump && i.indirect) unknown_jumps_.insert(code.range_of(i.address));
		}
		for (const JumpLabel &l : code.image().labels)
			targets_.insert(l.target);
		for (const SwitchTable &t : code.image().switches)
			targets_.insert(t.targets.begin(), t.targets.end());
		for (const ExecutionPath &p : paths.all) {
			if (p.outcome.cause)
				drops_.push_back(&p);
			else
				others_.push_back(&p);
		}
	}

	Result<std::vector<PlannedSite>> go() {
		auto groups = make_groups();
		// Facts are gathered for the groups of the best cover only; those that lack one are struck out.
		for (;;) {
			std::vector<const Group *> best = cover(groups);
			if (best.empty()) break;
			std::vector<PlannedSite> sites;
			const Group *unfit = nullptr;
			for (const Group *g : best) {
				auto site = fit(*g);
				if (!site) return std::unexpected(site.error());
				if (!site->address) {
					unfit = g;
					break;
				}
				sites.push_back(std::move(*site));
			}
			if (!unfit) return number(std::move(sites));
			std::erase_if(groups, [&](const Group &g) { return &g == unfit; });
		}
		return unsupported(
		        "nft_do_chain",
		        "no set of instructions sees every drop once with rule, packet and base chain at hand",
		        "please report it with the output of `nft-drops probe`");
	}

private:
	// A kprobe is possible: no place that the kernel patches, no trap.
	[[nodiscard]] bool probeable(const Instruction &i) const {
		if (i.flow == Flow::kTrap || i.address == code_.image().entry()) return false;
		if (!i.probeable || in_exclusive(i)) return false;
		if (!code_.image().labels_known && i.nop) return false;
		return std::ranges::none_of(code_.image().labels,
		                            [&](const JumpLabel &l) { return l.code == i.address; });
	}

	// Between an exclusive load and its store (is_probed_address_atomic() of
	// arch/arm64/kernel/probes/decode-insn.c).
	[[nodiscard]] bool in_exclusive(const Instruction &i) const {
		constexpr uint64_t kLooksBack = 32;
		for (uint64_t n = 1; n <= kLooksBack; n++) {
			const Instruction *before = code_.at(i.address - n * i.size);
			if (!before || before->ends_exclusive) return false;
			if (before->begins_exclusive) return true;
		}
		return false;
	}

	// The kernel can put a jump there: enough bytes of instructions that can be moved, none of them jumped to, in a
	// function without jumps to addresses that only the processor knows (can_optimize() and
	// copy_optimized_instructions() of arch/x86/kernel/kprobes/opt.c).
	[[nodiscard]] bool jump_fits(const Instruction &first) const {
		const unsigned need = arch_.jump_bytes();
		if (!need || unknown_jumps_.contains(code_.range_of(first.address))) return false;
		unsigned have = 0;
		for (const Instruction *i = &first; i; i = code_.at(i->address + i->size)) {
			if (!i->movable || !probeable(*i)) return false;
			if (i != &first && targets_.contains(i->address)) return false;
			have += i->size;
			if (have >= need) return true;
		}
		return false;
	}

	[[nodiscard]] int cost_of(const Instruction &i) const {
		return (arch_.jump_bytes() && !jump_fits(i) ? kCostNoJump : 0) +
		       (i.flow != Flow::kNone ? kCostEmulated : 0);
	}

	using GroupsByPaths = std::map<std::vector<bool>, Group>;

	// Every path that passes one of the two passes the other one next, and nothing happens between them.
	[[nodiscard]] bool passed_together(size_t i, size_t next) const {
		const Instruction &first = code_.all()[i];
		const Instruction &second = code_.all()[next];
		return first.flow == Flow::kNone && first.address + first.size == second.address &&
		       !targets_.contains(second.address);
	}

	// Returns the instruction's group; null where a probe there is of no use.
	Group *add_to_groups(size_t i, bool by_verdict, GroupsByPaths &groups) const {
		std::vector<bool> key(drops_.size() + others_.size() + 1); // the last one: by_verdict
		bool useful = false;
		bool other = false;
		for (size_t n = 0; n < drops_.size(); n++) {
			const ExecutionPath &p = *drops_[n];
			const int hits = by_verdict ? p.visits_with_drop[i] : p.visits[i];
			if (hits > 1 || p.late[i]) return nullptr;
			useful |= hits != 0;
			other |= hits != p.visits[i];
			if (hits) key[n] = true;
		}
		if (!useful) return nullptr;
		std::vector<bool> drops(key.begin(), key.begin() + static_cast<ptrdiff_t>(drops_.size()));
		for (size_t n = 0; n < others_.size(); n++) {
			if (!others_[n]->visits[i]) continue;
			key[drops_.size() + n] = true;
			other = true;
		}
		key.back() = by_verdict;
		if (by_verdict && !other) return nullptr; // nothing gained
		Group &g = groups[key];
		g.drops = std::move(drops);
		g.by_verdict = by_verdict;
		g.other_packets |= other;
		g.instructions.push_back(i);
		return &g;
	}

	std::vector<Group> make_groups() const {
		GroupsByPaths by_paths;
		std::array<Group *, 2> before{}; // of the instruction before
		for (size_t i = 0; i < code_.all().size(); i++) {
			if (!probeable(code_.all()[i])) continue;
			const bool alike = i > 0 && probeable(code_.all()[i - 1]) && passed_together(i - 1, i);
			for (const bool by_verdict : {false, true}) {
				Group *&group = before[by_verdict];
				if (!alike)
					group = add_to_groups(i, by_verdict, by_paths);
				else if (group)
					group->instructions.push_back(i);
			}
		}
		std::vector<Group> groups;
		for (auto &[key, g] : by_paths) {
			std::ranges::stable_sort(g.instructions, {},
			                         [this](size_t i) { return cost_of(code_.all()[i]); });
			g.cost = kCostSite + cost_of(code_.all()[g.instructions.front()]) +
			         (g.other_packets ? kCostOtherPackets : 0);
			groups.push_back(std::move(g));
		}
		std::ranges::stable_sort(groups, {}, &Group::cost);
		return groups;
	}

	// The cheapest disjoint groups that cover all drop paths: exact cover, by depth-first search with a bound.
	[[nodiscard]] std::vector<const Group *> cover(const std::vector<Group> &groups) const {
		std::vector<const Group *> best;
		std::vector<const Group *> taken;
		int best_cost = INT32_MAX;
		std::vector<bool> covered(drops_.size());
		search(groups, covered, taken, 0, best, best_cost);
		return best;
	}

	void search(const std::vector<Group> &groups, std::vector<bool> &covered, std::vector<const Group *> &taken,
	            int cost, std::vector<const Group *> &best, int &best_cost) const {
		if (cost >= best_cost) return;
		const auto open = std::ranges::find(covered, false);
		if (open == covered.end()) {
			best = taken;
			best_cost = cost;
			return;
		}
		if (taken.size() == kMostSites) return;
		const auto path = static_cast<size_t>(open - covered.begin());
		for (const Group &g : groups) {
			if (!g.drops[path] || cost + g.cost >= best_cost) continue;
			bool disjoint = true;
			for (size_t i = 0; i < covered.size() && disjoint; i++)
				disjoint = !(covered[i] && g.drops[i]);
			if (!disjoint) continue;
			std::vector<bool> more = covered;
			for (size_t i = 0; i < more.size(); i++)
				more[i] = more[i] || g.drops[i];
			taken.push_back(&g);
			search(groups, more, taken, cost + g.cost, best, best_cost);
			taken.pop_back();
		}
	}

	// The group's cheapest instruction with every fact at hand; address 0 where it has none.
	Result<PlannedSite> fit(const Group &g) {
		const std::pair key(g.instructions.front(), g.by_verdict);
		if (const auto known = fitted_.find(key); known != fitted_.end()) return known->second;
		auto site = find_fitting(g);
		if (site) fitted_.emplace(key, *site);
		return site;
	}

	[[nodiscard]] Result<PlannedSite> find_fitting(const Group &g) const {
		auto facts = gather_facts(g.instructions, g.by_verdict, code_, arch_, emulator_, paths_, layout_);
		if (!facts) return std::unexpected(facts.error());
		for (size_t i : g.instructions) {
			if (auto site = site_from(facts->at(i))) {
				const Instruction &at = code_.all()[i];
				site->address = at.address;
				site->place = code_.place(at.address);
				site->jump = jump_fits(at);
				return std::move(*site);
			}
		}
		return PlannedSite{};
	}

	// Registers that survive calls hold what the function keeps; others may hold a copy that just has not been
	// overwritten on the examined paths. Those come last.
	[[nodiscard]] nd_locator first_of(const Places::Set &set) const {
		const auto lasts = [this](size_t p) {
			return p >= Places::kRegisters || arch_.survives_calls(static_cast<int>(p));
		};
		for (bool lasting : {true, false}) {
			for (size_t p = 0; p < Places::kAll; p++) {
				if (set[p] && lasts(p) == lasting) return Places::locator(p, arch_);
			}
		}
		return {ND_WHERE_NONE, 0};
	}

	[[nodiscard]] static nd_locator at_address_in(nd_locator place) {
		place.where = place.where == ND_WHERE_REGISTER ? ND_WHERE_AT_REGISTER : ND_WHERE_AT_STACK;
		return place;
	}

	[[nodiscard]] std::optional<PlannedSite> site_from(const Facts &f) const {
		PlannedSite s;
		nd_site &n = s.site;
		n.stack_pointer = static_cast<nd_u32>(arch_.pt_regs_offset(arch_.stack_pointer()));
		const bool rules_come = (f.causes & ~(1U << ND_CAUSE_POLICY)) != 0;
		if (f.pkt.none() || f.base.none()) return std::nullopt;
		if (rules_come && f.rule.none() && f.rule_slot.none()) return std::nullopt;
		n.pkt = first_of(f.pkt);
		n.base = first_of(f.base);
		if (rules_come) n.rule = f.rule.any() ? first_of(f.rule) : at_address_in(first_of(f.rule_slot));
		if (f.causes >> ND_CAUSE_RULE & 1) {
			n.expr = first_of(f.expr);
			n.stack = stack_from(f);
		}
		n.verdict = first_of(f.verdict);

		if (f.other_packets) {
			if (f.verdict_tells && f.verdict.any()) {
				n.test = ND_TEST_VERDICT;
			} else if (f.retval_tells && f.retval.any()) {
				n.test = ND_TEST_RETURN;
				n.retval = first_of(f.retval);
			} else if (f.policy_tells) {
				n.test = ND_TEST_POLICY;
			} else {
				return std::nullopt;
			}
		}
		for (uint8_t c : {ND_CAUSE_RULE, ND_CAUSE_POLICY, ND_CAUSE_JUMP_LIMIT}) {
			if (f.causes >> c & 1) s.causes.push_back(c);
		}
		if (s.causes.size() == 1)
			n.cause = s.causes.front();
		else if (f.verdict.none() || !f.verdict_tells_cause)
			return std::nullopt;
		s.drops_only = !f.other_packets;
		return s;
	}

	// The slots of the same array, one for each jump, that were right at every visit; all of them have been seen.
	[[nodiscard]] nd_stack stack_from(const Facts &f) const {
		const size_t limit = f.returns.size();
		if (f.depth.none() || limit != ND_JUMPS || f.deepest != limit) return {};
		const auto all_right = [limit](const std::vector<Places::Set> &sets, size_t first, size_t step) {
			for (size_t i = 0; i < limit; i++) {
				if (first + i * step >= Places::kAll || !sets[i][first + i * step]) return false;
			}
			return true;
		};
		constexpr size_t kMostWords = 8; // of one jump
		for (size_t first = Places::kRegisters; first < Places::kAll; first++) {
			for (size_t step = 2; step <= 2 * kMostWords; step += 2) {
				if (!all_right(f.returns, first, step)) continue;
				nd_stack s{.depth = first_of(f.depth),
				           .returns = layout_.ruleset.rule_array
				                              ? at_address_in(Places::locator(first, arch_))
				                              : Places::locator(first, arch_),
				           .step = static_cast<int>(4 * step),
				           .chain = 0};
				for (size_t at = first < Places::kRegisters + step ? Places::kRegisters : first - step;
				     at < first + step; at++) {
					if (at != first && all_right(f.chains, at, step))
						s.chain = 4 * (static_cast<int>(at) - static_cast<int>(first));
				}
				return s;
			}
		}
		return {};
	}

	[[nodiscard]] std::vector<PlannedSite> number(std::vector<PlannedSite> sites) const {
		std::ranges::sort(sites, {}, &PlannedSite::address);
		for (size_t i = 0; i < sites.size(); i++)
			sites[i].site.index = static_cast<nd_u32>(i);
		share_programs(sites, arch_);
		return sites;
	}

	const Code &code_;
	const Architecture &arch_;
	const Emulator &emulator_;
	const ExecutionPaths &paths_;
	const Layout &layout_;
	std::set<uint64_t> targets_;
	std::set<const CodeRange *> unknown_jumps_;
	std::vector<const ExecutionPath *> drops_;
	std::vector<const ExecutionPath *> others_;
	std::map<std::pair<size_t, bool>, PlannedSite> fitted_; // an instruction is in one group only, of each kind
};

} // namespace

Result<std::vector<PlannedSite>> choose_sites(const Code &code, const Architecture &arch, const Emulator &emulator,
                                              const ExecutionPaths &paths, const Layout &layout) {
	return Chooser(code, arch, emulator, paths, layout).go();
}

void share_programs(std::span<PlannedSite> sites, const Architecture &arch) {
	std::map<nd_u32, nd_u32> alike; // sites with the same bits
	for (PlannedSite &planned : sites) {
		nd_site &site = planned.site;
		const uint64_t counter = arch.program_counter_at_probe(planned.address);
		site.program_counter = static_cast<nd_u32>(arch.pt_regs_program_counter());
		site.counter_bits = static_cast<nd_u32>(counter & ((1U << ND_COUNTER_BITS) - 1));
		site.program = alike[site.counter_bits]++;
	}
}

} // namespace nft_drops::jit
