// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/facts.h"

#include <algorithm>

namespace nft_drops::jit {

nd_locator Places::locator(size_t place, const Architecture &arch) {
	if (place < kRegisters) return {ND_WHERE_REGISTER, arch.pt_regs_offset(static_cast<int>(place))};
	return {ND_WHERE_STACK, static_cast<int>(4 * (place - kRegisters))};
}

Value Places::content(size_t place, unsigned bytes, const MachineState &state, const Architecture &arch) {
	if (place < kRegisters) {
		if (place >= static_cast<size_t>(arch.general_registers())) return Value::unknown();
		return state.registers[place];
	}
	const Value &sp = state.registers[static_cast<size_t>(arch.stack_pointer())];
	if (!sp.is_known()) return Value::unknown();
	const uint64_t at = sp.bits + 4 * (place - kRegisters);
	if (bytes == 8 && at % 8) return Value::unknown();
	return state.load(Value::known(at), bytes);
}

namespace {

// Keeps the places that hold `right` in their low `bytes` bytes.
void keep(Places::Set &set, uint64_t right, unsigned bytes, const Moment &m, const Architecture &arch) {
	for (size_t p = set._Find_first(); p < Places::kAll; p = set._Find_next(p)) {
		const Value v = Places::content(p, bytes, m.state, arch);
		if (!v.is_known() || (v.bits & mask_of(bytes)) != (right & mask_of(bytes))) set.reset(p);
	}
}

// Keeps the places that hold an address at which there is `right`.
void keep_slots(Places::Set &set, uint64_t right, const Moment &m, const Architecture &arch) {
	for (size_t p = set._Find_first(); p < Places::kAll; p = set._Find_next(p)) {
		if (!m.state.load(Places::content(p, 8, m.state, arch), 8).is(right)) set.reset(p);
	}
}

bool tells_cause(uint8_t cause, uint32_t verdict) {
	if (verdict == kContinue || verdict == kReturn) return cause == ND_CAUSE_POLICY;
	if (verdict == kJump) return cause == ND_CAUSE_JUMP_LIMIT;
	return cause == ND_CAUSE_RULE;
}

class Gatherer {
public:
	Gatherer(const Architecture &arch, const ExecutionPaths &paths, const Layout &layout, bool by_verdict)
	    : arch_(arch), layout_(layout), regs_(paths.regs), by_verdict_(by_verdict) {}

	void look(Facts &f, const ExecutionPath &path, const Moment &m) const {
		const Outcome &o = path.outcome;
		const uint64_t code_at =
		        m.entry_stack_pointer + static_cast<uint64_t>(regs_) + layout_.ruleset.regs_code.offset;
		const Value verdict = m.state.load(Value::known(code_at), 4);
		const bool decided = verdict.is_known() && (verdict.bits & kVerdictMask) == kDrop;
		const bool drop = o.cause != 0 && (!by_verdict_ || decided);
		if (verdict.is_known()) {
			keep(f.verdict, verdict.bits, 4, m, arch_);
			f.verdict_tells &= decided == drop;
			if (drop) f.verdict_tells_cause &= tells_cause(o.cause, static_cast<uint32_t>(verdict.bits));
		} else {
			f.verdict.reset();
		}
		keep(f.retval, path.return_value, 4, m, arch_);
		f.retval_tells &= ((path.return_value & kVerdictMask) == kDrop) == drop;
		f.policy_tells &= (path.way.scenario->policy == kDrop) == drop;
		if (!drop) {
			f.other_packets = true;
			return;
		}
		f.causes |= 1U << o.cause;
		keep(f.pkt, m.world.pkt, 8, m, arch_);
		keep(f.base, m.world.base, 8, m, arch_);
		if (auto rule = m.world.rule_of(o)) {
			keep(f.rule, *rule, 8, m, arch_);
			keep_slots(f.rule_slot, *rule, m, arch_);
		}
		if (o.cause == ND_CAUSE_RULE) look_at_rule_drop(f, o, m);
	}

private:
	void look_at_rule_drop(Facts &f, const Outcome &o, const Moment &m) const {
		if (auto expr = m.world.last_expression(o)) keep(f.expr, *expr, 8, m, arch_);
		keep(f.depth, o.stack.size(), 4, m, arch_);
		f.deepest = std::max(f.deepest, o.stack.size());
		for (size_t i = 0; i < std::min(o.stack.size(), f.returns.size()); i++) {
			keep(f.returns[i], m.world.resume_at(o.stack[i]), 8, m, arch_);
			keep(f.chains[i], m.world.chains[static_cast<size_t>(o.stack[i].chain)], 8, m, arch_);
		}
	}

	const Architecture &arch_;
	const Layout &layout_;
	int64_t regs_;
	bool by_verdict_;
};

} // namespace

Result<std::map<size_t, Facts>> gather_facts(const std::vector<size_t> &instructions, bool by_verdict, const Code &code,
                                             const Architecture &arch, const Emulator &emulator,
                                             const ExecutionPaths &paths, const Layout &layout) {
	std::map<size_t, Facts> facts;
	std::vector<Facts *> by_instruction(code.all().size(), nullptr);
	for (size_t i : instructions) {
		Facts &f = facts[i];
		for (Places::Set *set :
		     {&f.pkt, &f.base, &f.rule, &f.rule_slot, &f.verdict, &f.retval, &f.expr, &f.depth})
			set->set();
		f.returns.assign(static_cast<size_t>(paths.jump_limit), Places::Set().set());
		f.chains = f.returns;
		by_instruction[i] = &f;
	}
	const Gatherer gatherer(arch, paths, layout, by_verdict);
	for (const ExecutionPath &path : paths.all) {
		if (std::ranges::none_of(instructions, [&](size_t i) { return path.visits[i] != 0; })) continue;
		const Observer look = [&](const Moment &m) {
			if (Facts *f = by_instruction[code.index_of(m.instruction)]) gatherer.look(*f, path, m);
		};
		const bool all_later = std::ranges::none_of(
		        instructions, [&](size_t i) { return Emulator::before_decision(path, i); });
		auto run = all_later ? emulator.run_from_decision(path, paths.jump_limit, look)
		                     : emulator.run(path.way, paths.jump_limit, look);
		if (!run) return std::unexpected(run.error());
	}
	return facts;
}

} // namespace nft_drops::jit
