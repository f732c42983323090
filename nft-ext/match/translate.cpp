// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/match/translate.h"

#include "jit/match/keys.h"

#include <fmt/format.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>

#include <initializer_list>
#include <memory>

namespace nft_drops {
namespace {

constexpr const char *kNotAlone = "cannot be decided about a packet alone";
constexpr const char *kStatement = "is a statement, no match";

// An expression that is refused by its own name: the words that it may stand for in a rule, and why.
struct Refused {
	const char *expression;
	std::initializer_list<const char *> words;
	const char *why;
};
const Refused kRefused[] = {
        {"limit", {"limit"}, kNotAlone},
        {"quota", {"quota"}, kNotAlone},
        {"connlimit", {"count"}, kNotAlone},
        {"numgen", {"numgen"}, kNotAlone},
        {"hash", {"jhash", "symhash"}, kNotAlone},
        {"fib", {"fib"}, kNotAlone},
        {"socket", {"socket"}, kNotAlone},
        {"osf", {"osf"}, kNotAlone},
        {"rt", {"rt"}, "is not known to be taken"},
        {"xfrm", {"ipsec"}, kNotAlone},
        {"last", {"last"}, kNotAlone},
        {"tunnel", {"tunnel"}, "is not known to be taken"},
        {"inner", {"vxlan", "geneve", "gre", "gretap"}, "is not known to be taken"},
        {"counter", {"counter"}, kStatement},
        {"log", {"log"}, kStatement},
        {"nat", {"snat", "dnat"}, kStatement},
        {"masq", {"masquerade"}, kStatement},
        {"redir", {"redirect"}, kStatement},
        {"reject", {"reject"}, kStatement},
        {"queue", {"queue"}, kStatement},
        {"tproxy", {"tproxy"}, kStatement},
        {"synproxy", {"synproxy"}, kStatement},
        {"notrack", {"notrack"}, kStatement},
        {"dup", {"dup"}, kStatement},
        {"fwd", {"fwd"}, kStatement},
        {"objref",
         {"counter", "quota", "limit", "helper", "timeout", "expectation", "synproxy", "secmark"},
         kStatement},
        {"dynset", {"add", "update", "delete", "set", "meter"}, kStatement},
        {"flow_offload", {"flow"}, kStatement},
};

class Translator {
public:
	Translator(std::string_view words, const FindSet &find_set) : words_(words), find_set_(find_set) {}

	jit::MatchProgram program;
	Refusal refusal;

	bool add(const nftnl_expr *e) {
		e_ = e;
		const std::string name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
		if (name == "payload") return payload();
		if (name == "meta") return meta();
		if (name == "ct") return ct();
		if (name == "exthdr") return exthdr();
		if (name == "cmp") return compare();
		if (name == "range") return range();
		if (name == "bitwise") return bitwise();
		if (name == "byteorder") return byteorder();
		if (name == "lookup") return lookup();
		if (name == "immediate") return immediate();
		for (const Refused &r : kRefused)
			if (name == r.expression) return refuse(r.words, r.why);
		return refuse({name.c_str()}, "is not known to be taken");
	}

private:
	// By the first of these words that stands in what was typed.
	bool refuse(std::initializer_list<const char *> words, const char *why) {
		for (const char *word : words) {
			refusal = refuse_word(words_, word, fmt::format("{}: {}", word, why));
			if (refusal.length) return false;
		}
		refusal = {fmt::format("{}: {}", *words.begin(), why)};
		return false;
	}

	[[nodiscard]] bool has(uint16_t attribute) const { return nftnl_expr_is_set(e_, attribute); }
	[[nodiscard]] uint32_t number(uint16_t attribute) const { return nftnl_expr_get_u32(e_, attribute); }
	[[nodiscard]] jit::MatchBytes bytes(uint16_t attribute) const {
		uint32_t length = 0;
		const auto *data = static_cast<const uint8_t *>(nftnl_expr_get(e_, attribute, &length));
		return data ? jit::MatchBytes(data, data + length) : jit::MatchBytes();
	}

	// NFT_REG_1 to NFT_REG_4 are four of 32 bits each; NFT_REG32_00 and so on are those. False where `length`
	// bytes do not fit behind.
	bool find_register(uint16_t attribute, size_t length, uint32_t &reg) {
		const uint32_t n = number(attribute);
		if (n >= NFT_REG_1 && n <= NFT_REG_4)
			reg = (n - NFT_REG_1) * 4;
		else if (n >= NFT_REG32_00 && n <= NFT_REG32_15)
			reg = n - NFT_REG32_00;
		else
			return strange("register");
		return (length != 0 && reg * 4 + length <= jit::kMatchRegisters * 4) || strange("length");
	}
	bool strange(const char *what) {
		refusal = {
		        fmt::format("{}: an unknown {} of nf_tables", nftnl_expr_get_str(e_, NFTNL_EXPR_NAME), what)};
		return false;
	}
	bool push(jit::MatchOperation op) {
		program.push_back(std::move(op));
		return true;
	}

	bool payload() {
		if (has(NFTNL_EXPR_PAYLOAD_SREG)) return refuse({"set"}, kStatement);
		jit::MatchPayload op{number(NFTNL_EXPR_PAYLOAD_BASE), number(NFTNL_EXPR_PAYLOAD_OFFSET),
		                     number(NFTNL_EXPR_PAYLOAD_LEN), 0};
		if (op.base > NFT_PAYLOAD_TRANSPORT_HEADER) return refuse({"ih", "@ih"}, "is not known to be taken");
		if (op.offset > UINT16_MAX) return strange("offset");
		return find_register(NFTNL_EXPR_PAYLOAD_DREG, op.length, op.to) && push(op);
	}
	bool meta() {
		const jit::MatchKey *key = jit::meta_key(number(NFTNL_EXPR_META_KEY));
		if (has(NFTNL_EXPR_META_SREG)) return refuse({"set"}, kStatement);
		if (!key) return strange("key");
		if (!key->function) return refuse({key->name}, "is not known to be taken");
		jit::MatchMeta op{key->key, 0};
		return find_register(NFTNL_EXPR_META_DREG, key->length, op.to) && push(op);
	}
	bool ct() {
		const jit::MatchKey *key = jit::ct_key(number(NFTNL_EXPR_CT_KEY));
		if (has(NFTNL_EXPR_CT_SREG)) return refuse({"set"}, kStatement);
		if (!key) return strange("key");
		if (!key->function) return refuse({key->name}, "is not known to be taken");
		jit::MatchCt op{key->key,
		                has(NFTNL_EXPR_CT_DIR) ? uint32_t{nftnl_expr_get_u8(e_, NFTNL_EXPR_CT_DIR)}
		                                       : jit::MatchCt::kNoDirection,
		                0};
		return find_register(NFTNL_EXPR_CT_DREG, key->length, op.to) && push(op);
	}
	bool exthdr() {
		// `reset tcp option` has no register.
		if (has(NFTNL_EXPR_EXTHDR_SREG) || !has(NFTNL_EXPR_EXTHDR_DREG))
			return refuse({"set", "reset"}, kStatement);
		const uint32_t kind =
		        has(NFTNL_EXPR_EXTHDR_OP) ? number(NFTNL_EXPR_EXTHDR_OP) : uint32_t{NFT_EXTHDR_OP_IPV6};
		if (kind != NFT_EXTHDR_OP_IPV6 && kind != NFT_EXTHDR_OP_TCPOPT)
			return refuse({"option", "chunk"}, "is not known to be taken");
		jit::MatchExthdr op{};
		op.kind = kind;
		op.type = nftnl_expr_get_u8(e_, NFTNL_EXPR_EXTHDR_TYPE);
		op.offset = number(NFTNL_EXPR_EXTHDR_OFFSET);
		op.length = number(NFTNL_EXPR_EXTHDR_LEN);
		op.present = has(NFTNL_EXPR_EXTHDR_FLAGS) && (number(NFTNL_EXPR_EXTHDR_FLAGS) & NFT_EXTHDR_F_PRESENT);
		if (op.offset > UINT8_MAX) return strange("offset");
		return find_register(NFTNL_EXPR_EXTHDR_DREG, op.present ? 1 : op.length, op.to) && push(op);
	}
	bool compare() {
		jit::MatchCompare op{0, number(NFTNL_EXPR_CMP_OP), bytes(NFTNL_EXPR_CMP_DATA)};
		if (op.op > NFT_CMP_GTE) return strange("operation");
		return find_register(NFTNL_EXPR_CMP_SREG, op.value.size(), op.from) && push(std::move(op));
	}
	bool range() {
		jit::MatchRange op{0, number(NFTNL_EXPR_RANGE_OP) == NFT_RANGE_NEQ, bytes(NFTNL_EXPR_RANGE_FROM_DATA),
		                   bytes(NFTNL_EXPR_RANGE_TO_DATA)};
		if (op.lower.size() != op.upper.size()) return strange("length");
		return find_register(NFTNL_EXPR_RANGE_SREG, op.lower.size(), op.from) && push(std::move(op));
	}
	bool bitwise() {
		jit::MatchBitwise op{};
		op.length = number(NFTNL_EXPR_BITWISE_LEN);
		const uint32_t how =
		        has(NFTNL_EXPR_BITWISE_OP) ? number(NFTNL_EXPR_BITWISE_OP) : uint32_t{NFT_BITWISE_BOOL};
		if (!find_register(NFTNL_EXPR_BITWISE_SREG, op.length, op.from) ||
		    !find_register(NFTNL_EXPR_BITWISE_DREG, op.length, op.to))
			return false;
		if (how == NFT_BITWISE_BOOL) {
			op.kind = jit::MatchBitwise::Kind::kMask;
			op.mask = bytes(NFTNL_EXPR_BITWISE_MASK);
			op.flip = bytes(NFTNL_EXPR_BITWISE_XOR);
			return op.mask.size() == op.length && op.flip.size() == op.length ? push(std::move(op))
			                                                                  : strange("length");
		}
		if (how != NFT_BITWISE_LSHIFT && how != NFT_BITWISE_RSHIFT) return strange("operation");
		op.kind = how == NFT_BITWISE_LSHIFT ? jit::MatchBitwise::Kind::kShiftLeft
		                                    : jit::MatchBitwise::Kind::kShiftRight;
		const jit::MatchBytes by = bytes(NFTNL_EXPR_BITWISE_DATA);
		for (size_t i = 0; i < by.size() && i < 4; i++)
			op.shift |= static_cast<uint32_t>(by[i]) << 8 * i;
		return op.shift >= 1 && op.shift <= 31 ? push(std::move(op)) : strange("shift");
	}
	bool byteorder() {
		jit::MatchByteorder op{};
		op.length = number(NFTNL_EXPR_BYTEORDER_LEN);
		op.size = number(NFTNL_EXPR_BYTEORDER_SIZE);
		// Of several numbers of two bytes, kernels differ in what they turn around.
		const bool known = (op.size == 2 && op.length == 2) || (op.size == 4 && op.length % 4 == 0) ||
		                   (op.size == 8 && op.length % 8 == 0);
		if (!known) return strange("size");
		return find_register(NFTNL_EXPR_BYTEORDER_SREG, op.length, op.from) &&
		       find_register(NFTNL_EXPR_BYTEORDER_DREG, op.length, op.to) && push(op);
	}
	bool lookup() {
		if (has(NFTNL_EXPR_LOOKUP_DREG)) return refuse({"vmap", "map"}, "is a map, no match");
		jit::MatchLookup op{};
		auto set = find_set_(nftnl_expr_get_str(e_, NFTNL_EXPR_LOOKUP_SET));
		if (!set) {
			refusal = set.error();
			return false;
		}
		auto elements = ranges_of(*set);
		if (!elements) {
			refusal = elements.error();
			return false;
		}
		op.elements = std::move(*elements);
		op.outside = has(NFTNL_EXPR_LOOKUP_FLAGS) && (number(NFTNL_EXPR_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV);
		return find_register(NFTNL_EXPR_LOOKUP_SREG, set->key_length, op.from) && push(std::move(op));
	}
	bool immediate() {
		if (has(NFTNL_EXPR_IMM_VERDICT))
			return refuse({"accept", "drop", "continue", "return", "jump", "goto"},
			              "is a verdict: a MATCH is what stands in front of it");
		return refuse({"set", "dup", "fwd"}, kStatement);
	}

	std::string_view words_;
	const FindSet &find_set_;
	const nftnl_expr *e_ = nullptr;
};

struct IteratorFree {
	void operator()(nftnl_expr_iter *i) const { nftnl_expr_iter_destroy(i); }
};

} // namespace

std::expected<jit::MatchProgram, Refusal> translate(const nftnl_rule *rule, std::string_view words,
                                                    const FindSet &find_set) {
	if (nftnl_rule_is_set(rule, NFTNL_RULE_USERDATA))
		return std::unexpected(refuse_word(words, "comment", "comment: is no part of a match"));
	Translator t(words, find_set);
	const std::unique_ptr<nftnl_expr_iter, IteratorFree> each(nftnl_expr_iter_create(rule));
	while (const nftnl_expr *e = each ? nftnl_expr_iter_next(each.get()) : nullptr)
		if (!t.add(e)) return std::unexpected(t.refusal);
	if (t.program.empty()) return std::unexpected(Refusal{"nothing in it asks for anything"});
	return std::move(t.program);
}

} // namespace nft_drops
