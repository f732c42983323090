// SPDX-License-Identifier: GPL-2.0-only
#include "ruleset.h"

#include <array>
#include <cstring>
#include <fmt/format.h>

namespace nft_drops::jit_test {
namespace {

constexpr uint32_t kDrop = 0;
constexpr uint32_t kAccept = 1;
constexpr uint32_t kStolen = 2;
constexpr uint32_t kQueue = 3;
constexpr uint32_t kJump = 0xfffffffd;
constexpr uint32_t kGoto = 0xfffffffc;
constexpr uint32_t kReturn = 0xfffffffb;

class Maker {
public:
	explicit Maker(std::mt19937_64 &random) : random_(random) {}

	Ruleset make() {
		Ruleset r;
		r.policy = chance(2) ? kDrop : kAccept;
		r.second_generation = chance(2);
		r.traced = chance(3);
		r.packet.resize(below(24));
		for (uint8_t &byte : r.packet)
			byte = static_cast<uint8_t>(below(3));
		// Some rulesets are ladders, so that the limit of nested jumps is met, and just not met.
		const bool ladder = chance(6);
		const int chains = static_cast<int>(ladder ? 16 + below(4) : 1 + below(6));
		for (int c = 0; c < chains; c++)
			r.chains.push_back(chain(c, chains, ladder));
		return r;
	}

private:
	uint64_t below(uint64_t n) { return random_() % n; }
	bool chance(uint64_t one_in) { return below(one_in) == 0; }
	uint8_t a_register() { return static_cast<uint8_t>(kFirstRegister + below(kRegisters - kFirstRegister)); }

	std::vector<Rule> chain(int number, int chains, bool ladder) {
		std::vector<Rule> rules(ladder ? chance(16) : below(5));
		for (Rule &r : rules)
			r = rule(number, chains, false);
		if (ladder && number + 1 < chains) rules.push_back(rule(number, chains, true));
		if (ladder && chance(2)) rules.push_back(rule(number, chains, false));
		return rules;
	}

	Rule rule(int number, int chains, bool rung) {
		Rule r{.handle = random_() & ((uint64_t{1} << 42) - 1), .exprs = {}};
		if (rung) {
			r.exprs = {{.kind = Kind::kNothing}, verdict(kJump, number + 1)};
			return r;
		}
		for (uint64_t n = below(4); n; n--)
			r.exprs.push_back(expression());
		if (chance(6)) return r; // without a verdict: a counter, say
		r.exprs.push_back(final(number, chains));
		if (chance(5)) r.exprs.push_back(expression()); // not reached unless the one before falls through
		return r;
	}

	Expr expression() {
		Expr e{.function = static_cast<uint8_t>(below(3)), .padding = static_cast<uint32_t>(8 * below(3))};
		switch (below(8)) {
		case 0:
		case 1:
			break;
		case 2:
			e.kind = chance(3) ? Kind::kMismatch : Kind::kNothing;
			break;
		case 3:
			e.kind = Kind::kSet;
			e.a = static_cast<uint32_t>(below(4));
			break;
		case 4:
		case 5:
			e.kind = Kind::kCompare;
			e.a = 3;
			e.b = chance(4) ? 1 : 0;
			e.inverted = chance(3);
			break;
		case 6:
			e.kind = Kind::kBitwise;
			e.a = static_cast<uint32_t>(random_());
			e.b = static_cast<uint32_t>(below(3));
			break;
		default:
			e.kind = Kind::kPayload;
			e.a = 1U << below(3);
			e.b = static_cast<uint32_t>(below(20));
			break;
		}
		e.sreg = a_register();
		e.dreg = a_register();
		return e;
	}

	Expr verdict(uint32_t code, int chain = -1) {
		return {.kind = Kind::kVerdict,
		        .a = code,
		        .chain = chain,
		        .function = static_cast<uint8_t>(below(3)),
		        .padding = static_cast<uint32_t>(8 * below(2))};
	}

	Expr final(int number, int chains) {
		// Calls lead to later chains only: nft refuses loops.
		if (number + 1 < chains && chance(2)) {
			const int to = number + 1 + static_cast<int>(below(static_cast<uint64_t>(chains - number - 1)));
			return verdict(chance(3) ? kGoto : kJump, to);
		}
		switch (below(10)) {
		case 0:
			return verdict(kAccept);
		case 1:
			return verdict(kReturn);
		case 2:
			return verdict(kQueue | static_cast<uint32_t>(below(65536)) << 16);
		case 3:
			return verdict(kStolen);
		case 4:
			return verdict(kDrop | 1U << 16); // with an errno, as NF_DROP_ERR() makes it
		case 5:
		case 6:
			return verdict(kDrop);
		default:
			return {.kind = Kind::kMismatch, .function = static_cast<uint8_t>(below(3))};
		}
	}

	std::mt19937_64 &random_;
};

// How a rule ends: no verdict of its own, or one.
struct Verdict {
	uint32_t code;
	int chain;
};

class Interpreter {
public:
	Interpreter(const Ruleset &r, unsigned jump_limit) : ruleset_(r), limit_(jump_limit) {}

	Meaning go() {
		if (run_chain(0, 0)) return result_;
		result_.verdict = ruleset_.policy;
		if (ruleset_.policy == kDrop) result_.cause = Cause::kPolicy;
		return result_;
	}

private:
	// True where the packet's fate is decided; false where the chain came to its end or returned. A goto is the end
	// of its own chain: what comes after the chain it leads to is what would have come after this one.
	bool run_chain(size_t number, unsigned depth) {
		const auto &rules = ruleset_.chains[number];
		for (size_t i = 0; i < rules.size(); i++) {
			const std::optional<Verdict> v = run_rule(rules[i]);
			if (!v) continue;
			switch (v->code) {
			case kReturn:
				return false;
			case kGoto:
				return run_chain(static_cast<size_t>(v->chain), depth);
			case kJump:
				if (depth == limit_) return decided(Cause::kJumpLimit, v->code, number, i);
				result_.stack.push_back({static_cast<int>(number), static_cast<int>(i) + 1});
				if (run_chain(static_cast<size_t>(v->chain), depth + 1)) return true;
				result_.stack.pop_back();
				break;
			default:
				return decided((v->code & 0xff) == kDrop ? Cause::kRule : Cause::kNone, v->code, number,
				               i);
			}
		}
		return false;
	}

	bool decided(Cause cause, uint32_t code, size_t chain, size_t rule) {
		result_.cause = cause;
		result_.verdict = code;
		result_.chain = static_cast<int>(chain);
		result_.rule = static_cast<int>(rule);
		return true;
	}

	std::optional<Verdict> run_rule(const Rule &rule) {
		for (const Expr &e : rule.exprs) {
			bool applies = true;
			switch (e.kind) {
			case Kind::kNothing:
				result_.evaluations++;
				break;
			case Kind::kMismatch:
				result_.evaluations++;
				applies = false;
				break;
			case Kind::kSet:
				result_.evaluations++;
				registers_[e.dreg] = e.a;
				break;
			case Kind::kVerdict:
				result_.evaluations++;
				result_.expr = static_cast<int>(&e - rule.exprs.data());
				return Verdict{e.a, e.chain};
			case Kind::kCompare:
				applies = ((registers_[e.sreg] & e.a) == e.b) != e.inverted;
				break;
			case Kind::kBitwise:
				registers_[e.dreg] = (registers_[e.sreg] & e.a) ^ e.b;
				break;
			case Kind::kPayload:
				if (e.b + e.a > ruleset_.packet.size()) {
					result_.evaluations++;
					applies = false;
					break;
				}
				registers_[e.dreg] = 0;
				memcpy(&registers_[e.dreg], ruleset_.packet.data() + e.b, e.a);
				break;
			}
			if (!applies) return std::nullopt;
		}
		return std::nullopt;
	}

	const Ruleset &ruleset_;
	unsigned limit_;
	std::array<uint32_t, kRegisters> registers_{};
	Meaning result_;
};

std::string describe(const Expr &e) {
	switch (e.kind) {
	case Kind::kNothing:
		return fmt::format("nothing{}", e.function);
	case Kind::kMismatch:
		return fmt::format("mismatch{}", e.function);
	case Kind::kSet:
		return fmt::format("r{}={}", e.dreg, e.a);
	case Kind::kVerdict:
		return fmt::format("verdict{}({:#x}->{})", e.function, e.a, e.chain);
	case Kind::kCompare:
		return fmt::format("r{}&{:#x}{}{}", e.sreg, e.a, e.inverted ? "!=" : "==", e.b);
	case Kind::kBitwise:
		return fmt::format("r{}=r{}&{:#x}^{}", e.dreg, e.sreg, e.a, e.b);
	case Kind::kPayload:
		return fmt::format("r{}=packet[{}+{}]", e.dreg, e.b, e.a);
	}
	return {};
}

} // namespace

Ruleset random_ruleset(std::mt19937_64 &random) {
	return Maker(random).make();
}

Meaning meaning_of(const Ruleset &r, unsigned jump_limit) {
	return Interpreter(r, jump_limit).go();
}

std::string describe(const Ruleset &r) {
	std::string text = fmt::format("policy {} generation {} packet of {}{}\n", r.policy,
	                               r.second_generation ? 1 : 0, r.packet.size(), r.traced ? " traced" : "");
	for (size_t c = 0; c < r.chains.size(); c++) {
		text += fmt::format("chain {}:\n", c);
		for (const Rule &rule : r.chains[c]) {
			text += fmt::format("  handle {}:", rule.handle);
			for (const Expr &e : rule.exprs)
				text += " " + describe(e);
			text += "\n";
		}
	}
	return text;
}

} // namespace nft_drops::jit_test
