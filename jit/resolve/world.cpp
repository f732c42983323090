// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/world.h"

#include <algorithm>

namespace nft_drops::jit {
namespace {

constexpr uint64_t kFakeEval = 0xffffffff'c7e5'1230; // no code is there: calls to it are ours to answer

// Hands out addresses with uneven gaps, so that no two of them differ by a plausible structure offset.
class Addresses {
public:
	explicit Addresses(unsigned salt)
	    : next_(0xffff8881'2000'0000 + uint64_t{salt} * 0x0100'0000), step_(salt * 7 + 3) {}
	uint64_t take(size_t size) {
		step_ = step_ * 1103515245 + 12345;
		const uint64_t at = next_ + 64 * (step_ >> 16 & 63);
		next_ = (at + size + 0x3ff) & ~uint64_t{0x3ff};
		return at;
	}

private:
	uint64_t next_;
	uint32_t step_;
};

void put(MachineState &s, uint64_t base, const nd_field &f, uint64_t value) {
	const Value at = Value::known(base + static_cast<uint64_t>(int64_t{static_cast<int16_t>(f.offset)}));
	if (!f.bits) {
		s.store(at, f.size, Value::known(value));
		return;
	}
	const uint64_t mask = ((uint64_t{1} << f.bits) - 1) << f.shift;
	const Value old = s.load(at, f.size); // known: heads of rules are cleared first
	s.store(at, f.size, Value::known((old.bits & ~mask) | (value << f.shift & mask)));
}

class Builder {
public:
	Builder(const Scenario &s, const Layout &layout, unsigned salt, MachineState &state)
	    : scenario_(s), probe_(layout.probe), lay_(layout.ruleset), salt_(salt), state_(state), free_(salt) {}

	World build() {
		packet();
		world_.eval = kFakeEval;
		world_.ops = operations(0, kFakeEval, 24);
		if (scenario_.special_ops) operations(scenario_.special_ops, kFakeEval, kSpecialBytes);
		for (size_t i = 0; i < scenario_.chains.size(); i++) {
			// The last byte too: a structure's end is not always where its last member ends.
			const size_t size = (i ? lay_.chain_size : lay_.base_chain_size) + 64;
			world_.chains.push_back(structure(size) + (i ? 0 : probe_.chain_in_base));
		}
		world_.base = world_.chains[0];
		put(state_, world_.base, probe_.base_policy, scenario_.policy);
		for (size_t i = 0; i < scenario_.chains.size(); i++)
			chain(static_cast<int>(i));
		return std::move(world_);
	}

private:
	static constexpr size_t kSpecialBytes = 64;

	// A structure of whose members nothing is known but what is put there: where the code looks at another one,
	// both ways are taken.
	uint64_t structure(size_t size) {
		const uint64_t at = free_.take(size);
		state_.map(at, size, Value::Kind::kOutside);
		return at;
	}
	// A rule's head, before its bit-fields are put there.
	void clear(uint64_t at, size_t size) { state_.fill(at, size, 0); }

	uint64_t operations(uint64_t at, uint64_t eval, size_t size) {
		const size_t bytes = std::max<size_t>(lay_.expr_ops_size.offset, lay_.expr_ops_eval.offset) + 8;
		if (at)
			state_.map(at, bytes, Value::Kind::kOutside);
		else
			at = structure(bytes);
		put(state_, at, lay_.expr_ops_eval, eval);
		put(state_, at, lay_.expr_ops_size, size);
		return at;
	}

	void packet() {
		const uint64_t net = structure(lay_.net_gencursor.offset + size_t{64});
		put(state_, net, lay_.net_gencursor, scenario_.second_generation);
		const uint64_t hook_state = structure(lay_.state_size);
		put(state_, hook_state, probe_.state_net, net);
		world_.pkt = structure(lay_.pkt_size);
		world_.skb = free_.take(512); // not mapped: opaque
		put(state_, world_.pkt, probe_.pkt_skb, world_.skb);
		put(state_, world_.pkt, probe_.pkt_state, hook_state);
	}

	// Ordinary expressions differ in size, so that rules differ in length.
	[[nodiscard]] size_t expr_bytes(const ExprPlace &p) const {
		if (special(p)) return kSpecialBytes;
		return 16 + 8 * ((static_cast<size_t>(p.rule) * 3 + static_cast<size_t>(p.expr) + salt_) % 4);
	}
	[[nodiscard]] bool special(const ExprPlace &p) const { return scenario_.is_special(p); }

	void expression(uint64_t at, const ExprPlace &p) {
		uint64_t ops = 0;
		if (special(p)) {
			state_.fill(at, kSpecialBytes, scenario_.fill);
			ops = scenario_.special_ops;
			if (!ops) ops = operations(0, scenario_.special_eval, kSpecialBytes);
		} else if (p == ExprPlace{}) {
			ops = world_.ops; // the one whose comparisons are watched
			put(state_, ops, lay_.expr_ops_size, expr_bytes(p));
		} else {
			ops = operations(0, kFakeEval, expr_bytes(p));
		}
		put(state_, at, lay_.expr_ops, ops);
		world_.exprs.emplace(at, p);
	}

	// The bytes of a rule's expressions.
	[[nodiscard]] size_t rule_bytes(int chain, int number) const {
		size_t n = 0;
		for (size_t e = 0; e < spec(chain)[static_cast<size_t>(number)].size(); e++)
			n += expr_bytes({chain, number, static_cast<int>(e)});
		return n;
	}
	[[nodiscard]] const ChainSpec &spec(int chain) const { return scenario_.chains[static_cast<size_t>(chain)]; }

	// Returns where it ends.
	uint64_t rule(uint64_t at, int chain, int number) {
		clear(at, lay_.rule_data.offset);
		put(state_, at, lay_.rule_dlen, rule_bytes(chain, number));
		put(state_, at, probe_.rule_handle,
		    100 + 16 * static_cast<uint64_t>(chain) + static_cast<uint64_t>(number));
		uint64_t expr = at + lay_.rule_data.offset;
		for (size_t e = 0; e < spec(chain)[static_cast<size_t>(number)].size(); e++) {
			const ExprPlace p{chain, number, static_cast<int>(e)};
			expression(expr, p);
			expr += expr_bytes(p);
		}
		return expr;
	}

	// Where a chain's rules are: see World.
	struct Places {
		std::vector<uint64_t> rules, resumes;
	};

	// The rules in one piece. The end marker follows them, and is not counted in the blob's size.
	uint64_t blob(int chain, Places &places) {
		const int rules = chain < 0 ? 0 : static_cast<int>(spec(chain).size());
		size_t bytes = 0;
		for (int r = 0; r < rules; r++)
			bytes += lay_.rule_data.offset + rule_bytes(chain, r);
		const uint64_t blob = structure(lay_.blob_data.offset + bytes + lay_.rule_size + 64);
		if (lay_.blob_size.size) put(state_, blob, lay_.blob_size, bytes);
		uint64_t at = blob + lay_.blob_data.offset;
		for (int r = 0; r < rules; r++) {
			places.rules.push_back(at);
			places.resumes.push_back(at);
			at = rule(at, chain, r);
		}
		places.resumes.push_back(at);
		last_rule(at);
		return blob;
	}

	// The rules apart, and an array of their addresses with NULL at its end.
	uint64_t array(int chain, Places &places) {
		const int rules = chain < 0 ? 0 : static_cast<int>(spec(chain).size());
		for (int r = 0; r < rules; r++) {
			places.rules.push_back(structure(lay_.rule_data.offset + rule_bytes(chain, r)));
			rule(places.rules.back(), chain, r);
		}
		const uint64_t array = structure(8 * (places.rules.size() + 1));
		for (size_t r = 0; r <= places.rules.size(); r++) {
			places.resumes.push_back(array + 8 * r);
			state_.store(Value::known(places.resumes.back()), 8,
			             Value::known(r < places.rules.size() ? places.rules[r] : 0));
		}
		return array;
	}

	// The rules of a chain, of none where `chain` is negative.
	uint64_t rules(int chain, Places &places) {
		return lay_.rule_array ? array(chain, places) : blob(chain, places);
	}

	void chain(int number) {
		Places places;
		const uint64_t here = world_.chains[static_cast<size_t>(number)];
		put(state_, here, lay_.chain_rules[scenario_.second_generation ? 1 : 0], rules(number, places));
		world_.rules.push_back(std::move(places.rules));
		world_.resumes.push_back(std::move(places.resumes));
		// The generation that is not current is empty, so that taking it is noticed.
		Places none;
		put(state_, here, lay_.chain_rules[scenario_.second_generation ? 0 : 1], rules(-1, none));
	}

	// The end marker (struct nft_rule_dp_last).
	void last_rule(uint64_t at) {
		clear(at, lay_.rule_size);
		if (lay_.rule_is_last.size) put(state_, at, lay_.rule_is_last, 1);
	}

	const Scenario &scenario_;
	const nd_layout &probe_;
	const RulesetLayout &lay_;
	unsigned salt_;
	MachineState &state_;
	Addresses free_;
	World world_;
};

} // namespace

std::optional<uint64_t> World::last_expression(const Outcome &o) const {
	if (o.evaluated.empty()) return std::nullopt;
	for (const auto &[address, place] : exprs)
		if (place == o.evaluated.back()) return address;
	return std::nullopt;
}

World World::build(const Scenario &s, const Layout &layout, unsigned salt, MachineState &state) {
	return Builder(s, layout, salt, state).build();
}

} // namespace nft_drops::jit
