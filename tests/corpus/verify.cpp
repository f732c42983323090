// SPDX-License-Identifier: GPL-2.0-only
#include "verify.h"
#include "jit/explain/explain.h"

#include "jit/resolve/explore.h"

#include <algorithm>
#include <fmt/format.h>
#include <initializer_list>

namespace nft_drops::corpus {
namespace {

using jit::Value;

// One fact at one site.
struct Subject {
	Comparison result;
	nd_locator at{};
	std::vector<Dwarf_Op> expression;
	bool structure = false; // the variable is no pointer but `regs` itself: its verdict code is meant
	bool of_rule = false;   // only where a rule decided
	bool same = true;
	bool equal = true;
	bool evaluated = true;
};

class Verifier {
public:
	Verifier(const jit::Kernel &kernel, const jit::Plan &plan, Dwarf &dwarf)
	    : kernel_(kernel), plan_(plan), dwarf_(dwarf) {}

	Result<std::vector<Comparison>> go() {
		auto arch = jit::Architecture::of(kernel_.image.machine);
		if (!arch) return std::unexpected(arch.error());
		arch_ = arch->get();
		auto code = jit::Code::decode(kernel_.image, *arch_);
		if (!code) return std::unexpected(code.error());
		const jit::Emulator emulator(*code, *arch_, kernel_.layout);
		auto paths = jit::explore(emulator);
		if (!paths) return std::unexpected(paths.error());
		std::vector<Comparison> all;
		for (const jit::PlannedSite &site : plan_.sites) {
			auto compared = at_site(site, *code, emulator, *paths);
			if (!compared) return std::unexpected(compared.error());
			all.insert(all.end(), compared->begin(), compared->end());
		}
		return all;
	}

private:
	Result<std::vector<Comparison>> at_site(const jit::PlannedSite &site, const jit::Code &code,
	                                        const jit::Emulator &emulator, const jit::ExecutionPaths &paths) {
		auto pc = dwarf_pc(site.address);
		if (!pc) return usage_error(site.place, "not in the file with DWARF");
		std::vector<Subject> subjects;
		// What the variables are called in net/netfilter/nf_tables_core.c, since 5.10.
		subjects.push_back(subject(site, "packet", site.site.pkt, {"pkt"}, *pc));
		if (site.site.rule.where) subjects.push_back(subject(site, "rule", site.site.rule, {"rule"}, *pc));
		subjects.push_back(subject(site, "chain", site.site.base, {"basechain", "priv"}, *pc));
		if (site.site.verdict.where)
			subjects.push_back(subject(site, "verdict", site.site.verdict, {"regs"}, *pc));
		const size_t index = code.index_of(*code.at(site.address));
		for (const jit::ExecutionPath &path : paths.all) {
			if (!path.outcome.cause || !path.visits[index]) continue;
			auto run = emulator.run(path.way, paths.jump_limit, [&](const jit::Moment &m) {
				if (m.instruction.address != site.address || !is_drop(site.site, m)) return;
				for (Subject &s : subjects)
					look(s, m, path, *pc);
			});
			if (!run) return std::unexpected(run.error());
		}
		std::vector<Comparison> results;
		for (Subject &s : subjects)
			results.push_back(judged(s));
		return results;
	}

	Subject subject(const jit::PlannedSite &site, const char *fact, const nd_locator &at,
	                std::initializer_list<const char *> variables, uint64_t pc) {
		Subject s;
		s.result.site = site.site.index;
		s.result.fact = fact;
		s.result.plan = jit::describe(at, kernel_.image.machine);
		s.at = at;
		s.of_rule = s.result.fact == "rule";
		s.structure = s.result.fact == "verdict";
		for (const char *name : variables) {
			s.expression = dwarf_.expression(name, pc);
			if (s.expression.empty()) continue;
			s.result.dwarf = fmt::format("{} in {}", name, Dwarf::text(s.expression, *arch_));
			break;
		}
		return s;
	}

	// The same instruction in DWARF's file.
	[[nodiscard]] std::optional<uint64_t> dwarf_pc(uint64_t address) const {
		for (const jit::CodeRange &r : kernel_.image.ranges) {
			if (address - r.address >= r.bytes.size()) continue;
			if (auto start = dwarf_.address_of(r.name)) return *start + (address - r.address);
		}
		return std::nullopt;
	}

	// Where other packets come too, the probe looks at the verdict.
	[[nodiscard]] bool is_drop(const nd_site &site, const jit::Moment &m) const {
		if (site.test != ND_TEST_VERDICT) return true;
		const Value v = content(site.verdict, m);
		return v.is_known() && (v.bits & jit::kVerdictMask) == jit::kDrop;
	}

	[[nodiscard]] std::optional<int> register_of(const nd_locator &at) const {
		for (int r = 0; at.where == ND_WHERE_REGISTER && r < arch_->general_registers(); r++) {
			if (arch_->pt_regs_offset(r) == at.offset) return r;
		}
		return std::nullopt;
	}

	[[nodiscard]] uint64_t slot(const nd_locator &at, const jit::Moment &m) const {
		return m.state.registers[static_cast<size_t>(arch_->stack_pointer())].bits +
		       static_cast<uint64_t>(int64_t{at.offset});
	}

	// 8 bytes; of the verdict 4 are looked at.
	[[nodiscard]] Value content(const nd_locator &at, const jit::Moment &m, unsigned bytes = 8) const {
		if (at.where == ND_WHERE_AT_REGISTER)
			return m.state.load(content({ND_WHERE_REGISTER, at.offset}, m), bytes);
		if (at.where == ND_WHERE_AT_STACK) return m.state.load(content({ND_WHERE_STACK, at.offset}, m), bytes);
		if (auto r = register_of(at)) return m.state.registers[static_cast<size_t>(*r)];
		return m.state.load(Value::known(slot(at, m)), bytes);
	}

	void look(Subject &s, const jit::Moment &m, const jit::ExecutionPath &path, uint64_t pc) {
		if (s.of_rule && !m.world.rule_of(path.outcome)) return;
		s.result.visits++;
		const auto frame = dwarf_.frame_at(pc, *arch_, m.state);
		const Machine machine{*arch_, m.state, frame.value_or(0), {m.world.pkt, m.world.base}};
		auto location = s.expression.empty() || !frame ? std::nullopt : dwarf_.evaluate(s.expression, machine);
		if (!location) {
			s.evaluated = false;
			return;
		}
		const unsigned bytes = s.structure ? 4 : 8;
		if (s.structure) {
			// `regs` is in memory; the verdict's code within it.
			if (!location->in_memory) {
				s.evaluated = false;
				return;
			}
			*location->in_memory += kernel_.layout.ruleset.regs_code.offset;
			location->value = m.state.load(Value::known(*location->in_memory), bytes);
		}
		const auto reg = register_of(s.at);
		s.same &= reg ? location->in_register == reg
		              : s.at.where == ND_WHERE_STACK && location->in_memory == slot(s.at, m);
		const Value plan = content(s.at, m, bytes);
		const uint64_t mask = jit::mask_of(bytes);
		s.equal &= plan.is_known() && location->value.is_known() &&
		           (plan.bits & mask) == (location->value.bits & mask);
	}

	static Comparison judged(Subject &s) {
		if (s.result.dwarf.empty()) s.result.dwarf = "no location";
		if (s.result.visits == 0 || !s.evaluated || s.expression.empty())
			s.result.agreement = Agreement::kSilent;
		else if (!s.equal)
			s.result.agreement = Agreement::kDiffers;
		else
			s.result.agreement = s.same ? Agreement::kSamePlace : Agreement::kEqualCopy;
		return s.result;
	}

	const jit::Kernel &kernel_;
	const jit::Plan &plan_;
	Dwarf &dwarf_;
	jit::Architecture *arch_ = nullptr;
};

} // namespace

Result<std::vector<Comparison>> compare_with_dwarf(const jit::Kernel &kernel, const jit::Plan &plan, Dwarf &dwarf) {
	return Verifier(kernel, plan, dwarf).go();
}

} // namespace nft_drops::corpus
