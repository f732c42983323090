// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include "runtime.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <sys/mman.h>

namespace nft_drops::jit_test {

Arena::Arena(uint64_t address)
    : base_(static_cast<char *>(mmap(reinterpret_cast<void *>(address), // NOLINT(performance-no-int-to-ptr)
                                     kBytes, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | (address ? MAP_FIXED_NOREPLACE : 0), -1, 0))) {
	if (base_ == MAP_FAILED) abort();
}

Arena::~Arena() {
	munmap(base_, kBytes);
}

void Arena::reset(std::mt19937_64 &random) {
	// What was used is what the next ruleset will lie in.
	for (size_t i = 0; i + 8 <= used_; i += 8) {
		const uint64_t rubbish = random();
		memcpy(base_ + i, &rubbish, sizeof(rubbish));
	}
	used_ = 64;
}

char *Arena::take(size_t bytes, std::mt19937_64 &random) {
	used_ = (used_ + 8 * (random() % 9) + 7) & ~size_t{7};
	char *at = base_ + used_;
	used_ += bytes;
	if (used_ + 64 > kBytes) {
		fprintf(stderr, "unit_jit: a ruleset is too large for its memory\n");
		abort();
	}
	return at;
}

namespace {

constexpr size_t kExprHead = sizeof(void *);
constexpr size_t kOtherBytes = kExprHead + sizeof(fixture_other);

void put(char *base, const nd_field &f, uint64_t value) {
	char *at = base + static_cast<int16_t>(f.offset);
	if (f.bits) {
		uint64_t old = 0;
		memcpy(&old, at, f.size);
		const uint64_t mask = ((uint64_t{1} << f.bits) - 1) << f.shift;
		value = (old & ~mask) | (value << f.shift & mask);
	}
	memcpy(at, &value, f.size);
}

void point(char *base, const nd_field &f, const void *pointer) {
	put(base, f, reinterpret_cast<uint64_t>(pointer));
}

class Builder {
public:
	Builder(const Ruleset &r, const fixture_layout &layout, Arena &arena, std::mt19937_64 &random,
	        const Named &named)
	    : ruleset_(r), lay_(layout), arena_(arena), random_(random), named_(named) {}

	World build() {
		packet();
		for (size_t i = 0; i < ruleset_.chains.size(); i++) {
			char *at = take(i ? lay_.chain_size : lay_.base_chain_size);
			chains_.push_back(i ? at : at + lay_.chain_in_base);
		}
		world_.base = chains_[0];
		world_.chains = chains_;
		put(world_.base, lay_.base_policy, ruleset_.policy);
		for (size_t i = 0; i < ruleset_.chains.size(); i++) {
			std::vector<char *> places;
			std::vector<std::vector<char *>> exprs;
			char *rules = make_rules(ruleset_.chains[i], places, exprs);
			world_.rules.push_back(std::move(places));
			world_.exprs.push_back(std::move(exprs));
			// The other generation's rules drop at once.
			std::vector<char *> none;
			std::vector<std::vector<char *>> no_exprs;
			char *other = make_rules({{.handle = 1, .exprs = {{.kind = Kind::kVerdict, .a = 0}}}}, none,
			                         no_exprs);
			point(chains_[i], lay_.chain_rules_0, ruleset_.second_generation ? other : rules);
			point(chains_[i], lay_.chain_rules_1, ruleset_.second_generation ? rules : other);
		}
		return std::move(world_);
	}

private:
	char *take(size_t bytes) { return arena_.take(bytes, random_); }

	void packet() {
		char *net = take(lay_.net_size);
		put(net, lay_.net_gencursor, ruleset_.second_generation);
		char *state = take(lay_.state_size);
		point(state, lay_.state_net, net);
		constexpr size_t kHeadroom = 32;
		char *head = take(kHeadroom + ruleset_.packet.size());
		if (!ruleset_.packet.empty()) memcpy(head + kHeadroom, ruleset_.packet.data(), ruleset_.packet.size());
		world_.skb = take(lay_.skb_size);
		point(world_.skb, lay_.skb_head, head);
		put(world_.skb, lay_.skb_network_header, kHeadroom);
		put(world_.skb, lay_.skb_tail, kHeadroom + ruleset_.packet.size());
		put(world_.skb, lay_.skb_traced, ruleset_.traced);
		world_.pkt = take(lay_.pkt_size);
		point(world_.pkt, lay_.pkt_skb, world_.skb);
		point(world_.pkt, lay_.pkt_state, state);
	}

	static size_t size_of(const Expr &e) {
		switch (e.kind) {
		case Kind::kCompare:
			return fixture_cmp_fast.size;
		case Kind::kBitwise:
			return fixture_bitwise_fast.size;
		case Kind::kPayload:
			return fixture_payload_fast.size;
		default:
			return kOtherBytes + e.padding;
		}
	}

	template <typename T> static void fill(char *at, uint64_t ops, const T &data) {
		memcpy(at, &ops, sizeof(ops));
		memcpy(at + kExprHead, &data, sizeof(data));
	}

	void make_expr(char *at, const Expr &e) {
		switch (e.kind) {
		case Kind::kCompare:
			fill(at, named_.cmp, fixture_cmp{e.b, e.a, e.sreg, e.inverted});
			return;
		case Kind::kBitwise:
			fill(at, named_.bitwise, fixture_bitwise{e.a, e.b, e.sreg, e.dreg});
			return;
		case Kind::kPayload:
			fill(at, named_.payload,
			     fixture_payload{static_cast<nd_u16>(e.b), static_cast<nd_u8>(e.a), e.dreg});
			return;
		default:
			break;
		}
		fixture_other data{.code = kLeaveAlone, .value = e.a, .chain = nullptr, .dreg = 0};
		if (e.kind == Kind::kSet) data.dreg = e.dreg;
		if (e.kind == Kind::kMismatch) data.code = 0xfffffffe;
		if (e.kind == Kind::kVerdict) data.code = e.a;
		if (e.kind == Kind::kVerdict && e.chain >= 0) data.chain = chains_[static_cast<size_t>(e.chain)];
		char *ops = take(sizeof(fixture_ops));
		const fixture_ops value{nullptr, nullptr, static_cast<nd_u32>(size_of(e)), nullptr};
		memcpy(ops, &value, sizeof(value));
		memcpy(ops + offsetof(fixture_ops, eval), &named_.eval[e.function], sizeof(uint64_t));
		fill(at, reinterpret_cast<uint64_t>(ops), data);
	}

	[[nodiscard]] size_t bytes_of(const Rule &r) const {
		size_t bytes = lay_.rule_data.offset;
		for (const Expr &e : r.exprs)
			bytes += size_of(e);
		return bytes;
	}

	// Returns where it ends.
	char *make_rule(char *at, const Rule &r, std::vector<char *> &exprs) {
		char *expr = at + lay_.rule_data.offset;
		for (const Expr &e : r.exprs) {
			make_expr(expr, e);
			exprs.push_back(expr);
			expr += size_of(e);
		}
		put(at, lay_.rule_dlen, static_cast<uint64_t>(expr - at) - lay_.rule_data.offset);
		put(at, lay_.rule_handle, r.handle);
		put(at, lay_.rule_is_last, 0);
		return expr;
	}

	char *make_blob(const std::vector<Rule> &rules, std::vector<char *> &places,
	                std::vector<std::vector<char *>> &exprs) {
		size_t bytes = 0;
		for (const Rule &r : rules)
			bytes += bytes_of(r);
		char *blob = take(lay_.blob_data.offset + bytes + lay_.rule_size);
		// What does not count for this kernel says something wrong.
		put(blob, lay_.blob_size, lay_.ends_by_size ? bytes : bytes / 2);
		char *at = blob + lay_.blob_data.offset;
		for (const Rule &r : rules) {
			places.push_back(at);
			at = make_rule(at, r, exprs.emplace_back());
		}
		places.push_back(at);
		put(at, lay_.rule_is_last, lay_.ends_by_size ? 0 : 1);
		put(at, lay_.rule_dlen, 0);
		return blob;
	}

	char *make_array(const std::vector<Rule> &rules, std::vector<char *> &places,
	                 std::vector<std::vector<char *>> &exprs) {
		for (const Rule &r : rules) {
			places.push_back(take(bytes_of(r)));
			make_rule(places.back(), r, exprs.emplace_back());
		}
		// Behind the end there are addresses, too.
		std::vector<char *> array = places;
		array.push_back(nullptr);
		array.insert(array.end(), places.rbegin(), places.rend());
		char *at = take(array.size() * sizeof(char *));
		memcpy(at, array.data(), array.size() * sizeof(char *));
		places.push_back(nullptr);
		return at;
	}

	char *make_rules(const std::vector<Rule> &rules, std::vector<char *> &places,
	                 std::vector<std::vector<char *>> &exprs) {
		return lay_.rule_array ? make_array(rules, places, exprs) : make_blob(rules, places, exprs);
	}

	const Ruleset &ruleset_;
	const fixture_layout &lay_;
	Arena &arena_;
	std::mt19937_64 &random_;
	const Named &named_;
	std::vector<char *> chains_;
	World world_;
};

} // namespace

Named own_named() {
	const auto address = [](auto *object) { return reinterpret_cast<uint64_t>(object); };
	return {{address(kEvalFunctions[0]), address(kEvalFunctions[1]), address(kEvalFunctions[2])},
	        address(&fixture_cmp_fast),
	        address(&fixture_bitwise_fast),
	        address(&fixture_payload_fast)};
}

World lay_out(const Ruleset &r, const fixture_layout &layout, Arena &arena, std::mt19937_64 &random,
              const Named &named) {
	return Builder(r, layout, arena, random, named).build();
}

} // namespace nft_drops::jit_test
