// SPDX-License-Identifier: GPL-2.0-only
#include "jit/explain/explain.h"

#include "jit/machine/code.h"

#include <fmt/format.h>

#include <algorithm>

namespace nft_drops::jit {
namespace {

const char *cause_name(uint8_t cause) {
	switch (cause) {
	case ND_CAUSE_RULE:
		return "drop by a rule";
	case ND_CAUSE_POLICY:
		return "drop by policy";
	default:
		return "drop at the jump limit";
	}
}

std::string test_name(const PlannedSite &s, Machine machine) {
	switch (s.site.test) {
	case ND_TEST_VERDICT:
		return fmt::format("verdict in {} is NF_DROP", describe(s.site.verdict, machine));
	case ND_TEST_RETURN:
		return fmt::format("return value in {} is NF_DROP", describe(s.site.retval, machine));
	case ND_TEST_POLICY:
		return "the base chain's policy is NF_DROP";
	default:
		return "none needed: only dropped packets come here";
	}
}

} // namespace

std::string describe(const nd_locator &at, Machine machine) {
	if (at.where == ND_WHERE_NONE) return "nowhere";
	if (at.where == ND_WHERE_STACK) return fmt::format("stack slot sp+{:#x}", at.offset);
	if (at.where == ND_WHERE_AT_STACK) return fmt::format("where stack slot sp+{:#x} points", at.offset);
	if (at.where == ND_WHERE_AT_REGISTER)
		return fmt::format("where {} points", describe({ND_WHERE_REGISTER, at.offset}, machine));
	auto arch = Architecture::of(machine);
	for (int r = 0; arch && r < (*arch)->general_registers(); r++) {
		if ((*arch)->pt_regs_offset(r) == at.offset) return "register " + (*arch)->register_name(r);
	}
	return "an unknown register";
}

std::string explain(const Plan &plan, const Kernel &kernel, const ProbeForms &forms, std::string_view proof) {
	const Machine machine = kernel.image.machine;
	std::string out;
	const auto line = [&out](const std::string &text) { out += text + "\n"; };
	line(fmt::format("kernel {}", kernel.release));
	line(fmt::format("build-id vmlinux {}{}", kernel.core_build_id,
	                 kernel.module ? ", nf_tables " + kernel.nft_build_id : ", nf_tables built in"));
	const uint32_t known = kernel.layout.known;
	line(fmt::format("types: BTF of vmlinux{}", known ? "; nf_tables' own: known layout " + std::to_string(known)
	                                            : kernel.module ? " and nf_tables"
	                                                            : ""));
	if (known) line(fmt::format("  {}, {}", name_of_known_layout(known), proof));
	if (!kernel.running) line("not running: addresses are as if it had been loaded at some place");
	for (const CodeRange &r : kernel.image.ranges)
		line(fmt::format("code {} at {:#x}, {} bytes", r.name, r.address, r.bytes.size()));
	line(fmt::format("examined {} instructions, {} paths ({} end in a drop), {} static keys, jump limit {}",
	                 plan.instructions, plan.paths, plan.drop_paths, plan.static_keys, plan.jump_limit));
	line(fmt::format("dropped packets are freed {} nft_do_chain", plan.freed_inside ? "inside" : "after"));
	for (const PlannedSite &s : plan.sites) {
		std::string causes;
		for (uint8_t c : s.causes)
			causes += (causes.empty() ? "" : ", ") + std::string(cause_name(c));
		line("");
		line(fmt::format("site {}: {} ({:#x})", s.site.index, s.place, s.address));
		line(fmt::format("  sees     {}", causes));
		line(fmt::format("  test     {}", test_name(s, machine)));
		line(fmt::format("  packet   {} (struct nft_pktinfo *)", describe(s.site.pkt, machine)));
		if (s.site.rule.where)
			line(fmt::format("  rule     {} (struct {} *)", describe(s.site.rule, machine),
			                 kernel.layout.ruleset.rule_array ? "nft_rule" : "nft_rule_dp"));
		if (s.site.expr.where)
			line(fmt::format("  expr     {} (struct nft_expr *, gave the verdict)",
			                 describe(s.site.expr, machine)));
		if (s.site.stack.depth.where) {
			line(fmt::format("  jumps    {} of {} bytes, their number in {}{}",
			                 describe(s.site.stack.returns, machine), s.site.stack.step,
			                 describe(s.site.stack.depth, machine),
			                 s.site.stack.chain ? fmt::format(", chain at {:+}", s.site.stack.chain) : ""));
		}
		line(fmt::format("  chain    {} (base chain, struct nft_chain *)", describe(s.site.base, machine)));
		line(fmt::format("  verdict  {} (u32)", describe(s.site.verdict, machine)));
		const auto form = s.site.index < forms.size() ? forms[s.site.index] : std::nullopt;
		line(fmt::format("  probe    {}{}", s.jump ? "can become a jump" : "stays a breakpoint",
		                 !form                       ? ""
		                 : *form == ProbeForm::kJump ? "; the one here now is a jump"
		                                             : "; the one here now is a breakpoint"));
		for (const std::string &l : s.listing)
			line("    " + l);
	}
	return out;
}

std::string without_kernel_addresses(std::string_view text) {
	constexpr std::string_view kBegins = "0xffff";
	constexpr size_t kDigits = 16;
	std::string out;
	for (;;) {
		const size_t at = text.find(kBegins);
		out += text.substr(0, at);
		if (at == std::string_view::npos) return out;
		text.remove_prefix(at + 2);
		const size_t digits = std::min(text.find_first_not_of("0123456789abcdef"), text.size());
		out += digits == kDigits ? "0x(kernel)" : fmt::format("0x{}", text.substr(0, digits));
		text.remove_prefix(digits);
	}
}

} // namespace nft_drops::jit
