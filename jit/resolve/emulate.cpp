// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/emulate.h"

#include "jit/machine/helper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace nft_drops::jit {
namespace {

constexpr int kMostSteps = 20'000; // the longest way so far has 5,000
constexpr int kTracersCall = 3;    // the last step at which ftrace's call is made: arm64's bti, mov x9, x30, bl

std::unexpected<Error> not_understood(const std::string &why) {
	return cannot("nft_do_chain", why,
	              "this kernel's code is not understood; please report it with the output of `nft-drops probe`");
}

} // namespace

Emulator::Emulator(const Code &code, const Architecture &arch, const Layout &layout)
    : code_(code), arch_(arch), layout_(layout), thunk_(return_thunk(code)) {
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
unsigned salt_of(const Way &way) {
	unsigned sum = way.flipped_keys * 31;
	for (char c : way.scenario->name)
		sum = sum * 33 + static_cast<unsigned char>(c);
	return sum % 200;
}

} // namespace

Emulator::Start &Emulator::start_of(const Way &way) const {
	if (start_ && start_->flipped_keys == way.flipped_keys && start_->scenario == *way.scenario) return *start_;
	start_.reset();
	Start start{.scenario = *way.scenario, .flipped_keys = way.flipped_keys, .world = {}, .state = {}};
	MachineState &state = start.state;
	state.map(MachineState::kStackTop - MachineState::kStackBytes, MachineState::kStackBytes,
	          Value::Kind::kUnknown);
	for (const SwitchTable &t : code_.image().switches) {
		state.map(t.address, t.targets.size() * sizeof(uint64_t), Value::Kind::kOutside);
		for (size_t i = 0; i < t.targets.size(); i++)
			state.store(Value::known(t.address + i * sizeof(uint64_t)), sizeof(uint64_t),
			            Value::known(t.targets[i]));
	}
	start.world = World::build(start.scenario, layout_, salt_of(way), state);
	state.watched = {start.world.ops, start.world.eval};
	arch_.prepare_entry(state);
	return start_.emplace(std::move(start));
}

class Emulator::Run {
public:
	Run(const Emulator &e, const Way &way, int jump_limit, const Observer &observe)
	    : e_(e), way_(way), jump_limit_(jump_limit), observe_(observe), state_(e.start_of(way).state),
	      world_(e.start_->world) {
		path_.way = way;
		path_.regs = way.regs;
		path_.visits.resize(e.code_.all().size());
		path_.visits_with_drop.resize(e.code_.all().size());
		path_.late.resize(e.code_.all().size());
	}

	Result<Path> go() {
		begin();
		const Instruction *at = e_.code_.at(e_.code_.image().entry());
		for (int step = 0; at && step < kMostSteps; step++) {
			const size_t index = e_.code_.index_of(*at);
			path_.visits[index]++;
			path_.visits_with_drop[index] += drop_decided_;
			if (freed_) path_.late[index] = true;
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
				decided_since_fork_ = false;
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
			if (at->flow == Flow::kBranch && s.kind != Step::Kind::kFork) decided_since_fork_ = true;
			if (at->flow != Flow::kNone) note_arguments();
			const Instruction *to = goes_to == next ? e_.code_.after(*at) : e_.code_.at(goes_to);
			// Behind a call that does not return (a failed stack check), or a BUG.
			const bool may_end_here = at->flow == Flow::kCall || at->flow == Flow::kTrap;
			if (!to && !path_.forks.empty() && may_end_here) return dead_end(!decided_since_fork_);
			if (!to)
				return not_understood(
				        fmt::format("{} leads out of the function", e_.code_.place(at->address)));
			at = to;
		}
		// A loop that something unknown ends, taken to go on for ever.
		if (!path_.forks.empty()) return dead_end(false);
		return not_understood("it does not come to an end");
	}

private:
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
		const bool jumps = at.flow == Flow::kJump;
		const bool flipped = (way_.flipped_keys >> s.key & 1) != 0;
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

	Path dead_end(bool by_last_fork) {
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
		evaluated_.push_back(p);
		const Effect &effect = s.chains[static_cast<size_t>(p.chain)][static_cast<size_t>(p.rule)]
		                               [static_cast<size_t>(p.expr)];
		if (effect.code == kContinue) return;
		drop_decided_ |= (effect.code & kVerdictMask) == kDrop;
		const RulesetLayout &lay = e_.layout_.ruleset;
		state_.store(Value::known(regs + lay.regs_code.offset), 4, Value::known(effect.code));
		if (effect.chain >= 0) {
			state_.store(Value::known(regs + lay.regs_chain.offset), 8,
			             Value::known(world_.chains[static_cast<size_t>(effect.chain)]));
		}
	}

	// Tracing, statistics, freeing. Only expressions write the verdict; a structure on the stack that is handed out
	// (struct nft_traceinfo) may be written.
	void other_call() {
		const uint64_t regs = entry_sp_ + static_cast<uint64_t>(path_.regs);
		for (size_t i = 0; i < kArguments; i++) {
			const Value a = argument(i);
			if (!a.is_known()) continue;
			if (a.bits == world_.skb) freed_ = true;
			const bool is_regs =
			        path_.regs && a.bits >= regs && a.bits < regs + e_.layout_.ruleset.regs_size;
			if (!MachineState::on_stack(a.bits) || a.bits >= entry_sp_ || is_regs) continue;
			if (!is_argument(i, a)) continue;
			handed_out_.insert(a.bits);
			state_.forget(a.bits,
			              std::min<uint64_t>(e_.layout_.ruleset.traceinfo_size, entry_sp_ - a.bits));
		}
	}

	// How many arguments a call has is not known, and a register may still hold an address that it was needed for
	// earlier. Arguments are made right before the call, but for what may be made once for several calls.
	[[nodiscard]] bool is_argument(size_t i, const Value &a) const {
		return i == 0 || !a.same(before_[i]) || handed_out_.contains(a.bits);
	}

	void note_arguments() {
		for (size_t i = 0; i < kArguments; i++)
			before_[i] = argument(i);
	}

	Result<Path> finish(const Value &returns_to) {
		if (!returns_to.same(kReturnAddress) || !caller_is_restored()) {
			return not_understood(
			        fmt::format("\"{}\" does not return to its caller as it should", way_.scenario->name));
		}
		path_.compared = std::move(state_.compared);
		const Value returned = reg(e_.arch_.return_value());
		const Outcome *o = &expected_;
		if (evaluated_ != expected_.evaluated) {
			o = &expected_if_breaks_;
			path_.way.special_breaks = true;
		}
		if (evaluated_ != o->evaluated) {
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
		const bool dropped = low == kDrop || (low == kStolen && freed_);
		const bool right = o->cause ? dropped : !freed_ && path_.return_value == o->verdict;
		if (!right) {
			return not_understood(
			        fmt::format("\"{}\" returns {:#x}", way_.scenario->name, path_.return_value));
		}
		return std::move(path_);
	}

	const Emulator &e_;
	const Way &way_;
	int jump_limit_;
	const Observer &observe_;
	MachineState &state_;
	const World &world_;
	uint64_t entry_sp_ = 0;
	Outcome expected_;
	Outcome expected_if_breaks_;
	std::vector<ExprPlace> evaluated_;
	std::array<Value, kArguments> before_{}; // contents of argument registers after the last branch or call
	std::set<uint64_t> handed_out_;          // structures on the stack
	bool freed_ = false;
	bool drop_decided_ = false;
	bool decided_since_fork_ = true;
	Path path_;
};

Result<Path> Emulator::run(const Way &way, int jump_limit, const Observer &observe) const {
	MachineState &state = start_of(way).state;
	return state.attempt([&] { return Run(*this, way, jump_limit, observe).go(); });
}

} // namespace nft_drops::jit
