// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/emulate.h"

#include "jit/machine/helper.h"
#include "jit/machine/instrumentation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace nft_drops::jit {
namespace {

constexpr int kMostSteps = 20'000; // the longest way so far has 5,000
constexpr int kTracersCall = 3;    // the last step at which ftrace's call is made: arm64's bti, mov x9, x30, bl

// Of BranchChoice::flipped_keys and ExecutionPath::keys_met, which have no room for more than 32 keys.
uint32_t key_bit(size_t key) {
	return key < 32 ? 1U << key : 0;
}

std::unexpected<Error> not_understood(const std::string &why) {
	return unsupported(
	        "nft_do_chain", why,
	        "this kernel's code is not understood; please report it with the output of `nft-drops probe`");
}

} // namespace

Emulator::Emulator(const Code &code, const Architecture &arch, const Layout &layout)
    : code_(code), arch_(arch), layout_(layout), thunk_(return_thunk(code)), shadow_offset_(shadow_offset(code, arch)) {
	for (const JumpLabel &l : code.image().labels) {
		if (std::ranges::find(keys_, l.key) == keys_.end()) keys_.push_back(l.key);
	}
	switches_.resize(code.all().size());
	for (const JumpLabel &l : code.image().labels) {
		const Instruction *at = code.at(l.code);
		if (!at || switches_[code.index_of(*at)].label) continue;
		const auto key = std::ranges::find(keys_, l.key) - keys_.begin();
		switches_[code.index_of(*at)] = {&l, static_cast<size_t>(key)};
	}
	for (size_t i = 0; i < kArguments; i++)
		arguments_[i] = static_cast<size_t>(arch.argument(static_cast<int>(i)));
}

namespace {

// Different addresses in each scenario: what is equal in all of them is no accident.
unsigned salt_of(const Scenario &scenario) {
	unsigned sum = 0;
	for (char c : scenario.name)
		sum = sum * 33 + static_cast<unsigned char>(c);
	return sum % 200;
}

} // namespace

Emulator::Start &Emulator::start_of(const Scenario &scenario) const {
	const auto known = std::ranges::find(starts_, scenario, &Start::scenario);
	if (known != starts_.end()) return *known;
	if (starts_.size() == kMostStarts) starts_.pop_back();
	Start start{.scenario = scenario, .world = {}, .state = {}};
	MachineState &state = start.state;
	state.map(MachineState::kStackTop - MachineState::kStackBytes, MachineState::kStackBytes,
	          Value::Kind::kUnknown);
	for (const SwitchTable &t : code_.image().switches) {
		state.map(t.address, t.targets.size() * sizeof(uint64_t), Value::Kind::kOutside);
		for (size_t i = 0; i < t.targets.size(); i++)
			state.store(Value::known(t.address + i * sizeof(uint64_t)), sizeof(uint64_t),
			            Value::known(t.targets[i]));
	}
	start.world = World::build(start.scenario, layout_, salt_of(scenario), state);
	if (shadow_offset_) state.map_shadow(*shadow_offset_);
	state.watched = {start.world.ops, start.world.eval};
	arch_.prepare_entry(state);
	return starts_.emplace_front(std::move(start));
}

// What a run knows of what it has seen, but for the state of the machine.
struct Progress {
	std::vector<ExprPlace> evaluated;
	std::array<Value, 4> before{}; // contents of argument registers after the last branch or call
	std::set<uint64_t> handed_out; // structures on the stack
	bool freed = false;
	bool drop_decided = false;
	bool decided_since_fork = true;
};

struct ExecutionPath::Decision {
	const Instruction *next = nullptr;
	int step = 0;
	Progress progress;
	MachineState::Difference state;
	// Of the path so far.
	std::vector<uint16_t> visits;
	std::vector<size_t> forks;
	int64_t regs = 0;
};

class Emulator::Run {
public:
	Run(const Emulator &e, Start &start, const BranchChoice &way, int jump_limit, const Observer &observe)
	    : e_(e), way_(way), jump_limit_(jump_limit), observe_(observe), state_(start.state), world_(start.world) {
		path_.way = way;
		path_.regs = way.regs;
		path_.visits.resize(e.code_.all().size());
		path_.visits_with_drop.resize(e.code_.all().size());
		path_.late.resize(e.code_.all().size());
	}

	Result<ExecutionPath> go() {
		begin();
		return go_on(e_.code_.at(e_.code_.image().entry()), 0);
	}

	Result<ExecutionPath> go_on_from(const ExecutionPath::Decision &decision) {
		begin();
		state_.apply(decision.state);
		progress_ = decision.progress;
		path_.forks = decision.forks;
		path_.regs = decision.regs;
		return go_on(decision.next, decision.step);
	}

private:
	Result<ExecutionPath> go_on(const Instruction *at, int first_step) {
		for (int step = first_step; at && step < kMostSteps; step++) {
			const size_t index = e_.code_.index_of(*at);
			path_.visits[index]++;
			path_.visits_with_drop[index] += progress_.drop_decided;
			if (progress_.freed) path_.late[index] = true;
			if (observe_) observe_({*at, state_, world_, entry_sp_});
			Step s = switched(*at, index);
			if (state_.lost()) {
				return not_understood(fmt::format("{}: it stores at a place that is not known",
				                                  e_.code_.place(at->address)));
			}
			const uint64_t next = at->address + at->size;
			uint64_t goes_to = next;
			switch (s.kind) {
			case Step::Kind::kNext:
			case Step::Kind::kTrap:
				break;
			case Step::Kind::kUnclear:
				return not_understood(fmt::format("{}: {}", e_.code_.place(at->address), s.why));
			case Step::Kind::kFork:
				if (decide(index)) goes_to = s.target.bits;
				progress_.decided_since_fork = false;
				break;
			case Step::Kind::kGoto:
				if (!s.target.is_known()) {
					return not_understood(
					        fmt::format("{}: an indirect jump", e_.code_.place(at->address)));
				}
				goes_to = s.target.bits;
				if (!e_.code_.at(goes_to)) return finish(e_.arch_.returns_to(state_));
				break;
			case Step::Kind::kCall:
				if (!is_tracers(step)) call(s.target);
				break;
			case Step::Kind::kReturn:
				return finish(s.target);
			}
			if (at->flow == Flow::kBranch && s.kind != Step::Kind::kFork)
				progress_.decided_since_fork = true;
			if (at->flow != Flow::kNone) note_arguments();
			const Instruction *to = goes_to == next ? e_.code_.after(*at) : e_.code_.at(goes_to);
			// Behind a call that does not return (a failed stack check), or a BUG.
			const bool may_end_here = at->flow == Flow::kCall || at->flow == Flow::kTrap;
			if (!to && !path_.forks.empty() && may_end_here) return dead_end(!progress_.decided_since_fork);
			if (!to)
				return not_understood(
				        fmt::format("{} leads out of the function", e_.code_.place(at->address)));
			at = to;
			if (may_be_decided_) note_decision(at, step + 1);
		}
		// A loop that something unknown ends, taken to go on for ever.
		if (!path_.forks.empty()) return dead_end(false);
		return not_understood("it does not come to an end");
	}

	void begin() {
		entry_sp_ = state_.registers[static_cast<size_t>(e_.arch_.stack_pointer())].bits;
		reg(e_.arch_.argument(0)) = Value::known(world_.pkt);
		reg(e_.arch_.argument(1)) = Value::known(world_.base);
		for (int r = 0; r < e_.arch_.general_registers(); r++) {
			if (e_.arch_.survives_calls(r)) reg(r) = callers(r);
		}
		expected_ = meaning(*way_.scenario, jump_limit_, false);
		if (way_.scenario->special_ops || way_.scenario->special_eval)
			expected_if_breaks_ = meaning(*way_.scenario, jump_limit_, true);
	}

	// What nft_do_chain's caller has in a register that must survive.
	static Value callers(int number) { return Value::opaque(0x1000 + static_cast<uint64_t>(number)); }

	// The stack and the caller's registers are as at entry: this is a return, and no jump into parts that we cannot
	// see.
	[[nodiscard]] bool caller_is_restored() {
		bool ok = reg(e_.arch_.stack_pointer()).is(entry_sp_);
		for (int r = 0; r < e_.arch_.general_registers(); r++)
			ok &= !e_.arch_.survives_calls(r) || reg(r).same(callers(r));
		return ok;
	}

	Value &reg(int number) { return state_.registers[static_cast<size_t>(number)]; }
	[[nodiscard]] const Value &argument(size_t i) const { return state_.registers[e_.arguments_[i]]; }

	// A place of a static key jumps or does not, as this way has it.
	Step switched(const Instruction &at, size_t index) {
		const Switch &s = e_.switches_[index];
		if (!s.label) return e_.arch_.execute(at, state_);
		path_.keys_met |= key_bit(s.key);
		const bool jumps = at.flow == Flow::kJump;
		const bool flipped = (way_.flipped_keys & key_bit(s.key)) != 0;
		if (jumps != flipped) return {.kind = Step::Kind::kGoto, .target = Value::known(s.label->target)};
		return {};
	}

	bool decide(size_t index) {
		if (const auto only = way_.always.find(index); only != way_.always.end()) return only->second;
		const size_t n = path_.forks.size();
		path_.forks.push_back(index);
		path_.last_taken = (way_.all_taken || way_.taken.contains(index)) != (way_.once == n);
		return path_.last_taken;
	}

	ExecutionPath dead_end(bool by_last_fork) {
		path_.dead_end = true;
		path_.by_last_fork = by_last_fork;
		return std::move(path_);
	}

	// A nop of ftrace's while somebody traces the function, be it by BPF or a kprobe at its entry: the function has
	// saved nothing yet, so that this call cannot be its own. It leaves all registers as they are.
	[[nodiscard]] bool is_tracers(int step) {
		return step < kTracersCall && reg(e_.arch_.stack_pointer()).is(entry_sp_);
	}

	// Expressions are evaluated by calls with (expression, registers, packet), whatever is called: a thunk, a
	// function through a pointer, a compiler's direct copy.
	void call(const Value &function) {
		const Value expr = argument(0);
		const Value regs = argument(1);
		auto found = expr.is_known() ? world_.exprs.find(expr.bits) : world_.exprs.end();
		if (found != world_.exprs.end() && regs.is_known() && MachineState::on_stack(regs.bits)) {
			path_.regs = static_cast<int64_t>(regs.bits - entry_sp_);
			evaluate(found->second, regs.bits);
		} else {
			Value answer = Value::unknown();
			if (function.is_known() && e_.code_.image().checks.contains(function.bits)) {
				e_.arch_.clobber_by_call(state_);
				return;
			}
			if (function.is_known())
				answer = answer_of_helper(e_.code_.helpers(), e_.arch_, state_, function.bits,
				                          e_.thunk_);
			other_call();
			e_.arch_.clobber_by_call(state_);
			reg(e_.arch_.return_value()) = answer;
			return;
		}
		e_.arch_.clobber_by_call(state_);
	}

	void evaluate(const ExprPlace &p, uint64_t regs) {
		const Scenario &s = *way_.scenario;
		if (s.is_special(p)) return; // does nothing when called
		progress_.evaluated.push_back(p);
		may_be_decided_ = ends_in_a_drop(expected_) || ends_in_a_drop(expected_if_breaks_);
		const Effect &effect = s.chains[static_cast<size_t>(p.chain)][static_cast<size_t>(p.rule)]
		                               [static_cast<size_t>(p.expr)];
		if (effect.code == kContinue) return;
		progress_.drop_decided |= (effect.code & kVerdictMask) == kDrop;
		const RulesetLayout &lay = e_.layout_.ruleset;
		state_.store(Value::known(regs + lay.regs_code.offset), 4, Value::known(effect.code));
		if (effect.chain >= 0) {
			state_.store(Value::known(regs + lay.regs_chain.offset), 8,
			             Value::known(world_.chains[static_cast<size_t>(effect.chain)]));
		}
	}

	// As far as it was evaluated: these are all of its expressions.
	[[nodiscard]] bool ends_in_a_drop(const Outcome &o) const {
		return o.cause && o.evaluated.size() == progress_.evaluated.size();
	}

	void note_decision(const Instruction *next, int step) {
		may_be_decided_ = false;
		auto decision = std::make_shared<ExecutionPath::Decision>();
		decision->next = next;
		decision->step = step;
		decision->progress = progress_;
		decision->state = state_.difference();
		decision->visits = path_.visits;
		decision->forks = path_.forks;
		decision->regs = path_.regs;
		path_.decision = std::move(decision);
	}

	// Tracing, statistics, freeing. Only expressions write the verdict; a structure on the stack that is handed out
	// (struct nft_traceinfo) may be written.
	void other_call() {
		const uint64_t regs = entry_sp_ + static_cast<uint64_t>(path_.regs);
		for (size_t i = 0; i < kArguments; i++) {
			const Value a = argument(i);
			if (!a.is_known()) continue;
			if (a.bits == world_.skb) progress_.freed = true;
			const bool is_regs =
			        path_.regs && a.bits >= regs && a.bits < regs + e_.layout_.ruleset.regs_size;
			if (!MachineState::on_stack(a.bits) || a.bits >= entry_sp_ || is_regs) continue;
			if (!is_argument(i, a)) continue;
			progress_.handed_out.insert(a.bits);
			state_.forget(a.bits,
			              std::min<uint64_t>(e_.layout_.ruleset.traceinfo_size, entry_sp_ - a.bits));
		}
	}

	// How many arguments a call has is not known, and a register may still hold an address that it was needed for
	// earlier. Arguments are made right before the call, but for what may be made once for several calls.
	[[nodiscard]] bool is_argument(size_t i, const Value &a) const {
		return i == 0 || !a.same(progress_.before[i]) || progress_.handed_out.contains(a.bits);
	}

	void note_arguments() {
		for (size_t i = 0; i < kArguments; i++)
			progress_.before[i] = argument(i);
	}

	Result<ExecutionPath> finish(const Value &returns_to) {
		if (!returns_to.same(kReturnAddress) || !caller_is_restored()) {
			return not_understood(
			        fmt::format("\"{}\" does not return to its caller as it should", way_.scenario->name));
		}
		path_.compared = std::move(state_.compared);
		const Value returned = reg(e_.arch_.return_value());
		const Outcome *o = &expected_;
		if (progress_.evaluated != expected_.evaluated) {
			o = &expected_if_breaks_;
			path_.way.special_breaks = true;
		}
		if (progress_.evaluated != o->evaluated) {
			return not_understood(fmt::format("\"{}\" evaluates other expressions than nf_tables does",
			                                  way_.scenario->name));
		}
		if (!returned.is_known()) {
			return not_understood(fmt::format("\"{}\" returns something unknown", way_.scenario->name));
		}
		path_.outcome = *o;
		path_.return_value = returned.bits & 0xffffffff;
		const uint64_t low = path_.return_value & kVerdictMask;
		// Dropped: NF_DROP for the caller to free, or freed here and "stolen" (since 6.7 and its backports).
		const bool dropped = low == kDrop || (low == kStolen && progress_.freed);
		const bool right = o->cause ? dropped : !progress_.freed && path_.return_value == o->verdict;
		if (!right) {
			return not_understood(
			        fmt::format("\"{}\" returns {:#x}", way_.scenario->name, path_.return_value));
		}
		return std::move(path_);
	}

	const Emulator &e_;
	const BranchChoice &way_;
	int jump_limit_;
	const Observer &observe_;
	MachineState &state_;
	const World &world_;
	uint64_t entry_sp_ = 0;
	Outcome expected_;
	Outcome expected_if_breaks_;
	Progress progress_;
	bool may_be_decided_ = false; // by the call that was just made
	ExecutionPath path_;
};

Result<ExecutionPath> Emulator::run(const BranchChoice &way, int jump_limit, const Observer &observe) const {
	Start &start = start_of(*way.scenario);
	return start.state.attempt([&] { return Run(*this, start, way, jump_limit, observe).go(); });
}

Result<ExecutionPath> Emulator::run_from_decision(const ExecutionPath &path, int jump_limit,
                                                  const Observer &observe) const {
	Start &start = start_of(*path.way.scenario);
	return start.state.attempt(
	        [&] { return Run(*this, start, path.way, jump_limit, observe).go_on_from(*path.decision); });
}

bool Emulator::before_decision(const ExecutionPath &path, size_t instruction) {
	return !path.decision || path.decision->visits[instruction] != 0;
}

} // namespace nft_drops::jit
