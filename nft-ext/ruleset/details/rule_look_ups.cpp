// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/details/rule_look_ups.h"

#include <arpa/inet.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstring>
#include <memory>
#include <string_view>

namespace nft_drops {
namespace {

using Bytes = std::vector<uint8_t>;

struct RuleFree {
	void operator()(nftnl_rule *rule) const { nftnl_rule_free(rule); }
};

template <typename T> Bytes bytes_of(T value) {
	Bytes bytes(sizeof(value));
	memcpy(bytes.data(), &value, sizeof(value));
	return bytes;
}

Bytes name_bytes(const char (&name)[ND_IFNAME_BYTES]) {
	Bytes bytes(ND_IFNAME_BYTES);
	strncpy(reinterpret_cast<char *>(bytes.data()), name, bytes.size());
	return bytes;
}

// nft_meta_get_eval()
std::optional<Bytes> meta(uint32_t key, const nd_event &event, const nd_details &seen) {
	switch (key) {
	case NFT_META_PROTOCOL:
		return bytes_of(htons(event.protocol));
	case NFT_META_MARK:
		if ((seen.known & ND_KNOWN_MARK) == 0) return {};
		return bytes_of(seen.mark);
	case NFT_META_IIF:
		return bytes_of(event.iif);
	case NFT_META_OIF:
		return bytes_of(event.oif);
	case NFT_META_IIFNAME:
		return name_bytes(event.iifname);
	case NFT_META_OIFNAME:
		return name_bytes(event.oifname);
	case NFT_META_NFPROTO:
		return bytes_of(event.pf);
	case NFT_META_L4PROTO:
		if (const auto transport = transport_of(event)) return bytes_of(transport->protocol);
		return {};
	default:
		return {};
	}
}

// nft_ct_get_eval()
std::optional<Bytes> connection(uint32_t key, const nd_details &seen) {
	enum { kReply = 3, kUntracked = 7 }; // IP_CT_IS_REPLY, IP_CT_UNTRACKED
	const bool entry = (seen.known & ND_KNOWN_CT_ENTRY) != 0;
	if ((seen.known & ND_KNOWN_CT) == 0) return {};
	switch (key) {
	case NFT_CT_STATE:
		if (entry) return bytes_of(uint32_t{1} << (seen.ct_info % kReply + 1));
		return bytes_of(seen.ct_info == kUntracked ? uint32_t{1} << 6 : uint32_t{1});
	case NFT_CT_DIRECTION:
		if (entry) return bytes_of(static_cast<uint8_t>(seen.ct_info >= kReply));
		return {};
	case NFT_CT_MARK:
		if (seen.known & ND_KNOWN_CT_MARK) return bytes_of(seen.ct_mark);
		return {};
	default:
		return {};
	}
}

Bytes data_of(const nftnl_expr *e, uint16_t attribute) {
	uint32_t length = 0;
	const auto *data = static_cast<const uint8_t *>(
	        nftnl_expr_is_set(e, attribute) ? nftnl_expr_get(e, attribute, &length) : nullptr);
	return data ? Bytes(data, data + length) : Bytes();
}

class Walk {
public:
	Walk(const nd_event &event, const nd_details &seen) : event_(event), seen_(seen) {}

	void step(const nftnl_expr *e) {
		const std::string_view name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
		if (name == "payload" && nftnl_expr_is_set(e, NFTNL_EXPR_PAYLOAD_DREG)) {
			const uint32_t length = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_LEN);
			put(nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_DREG), length,
			    payload_of(event_, nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_BASE),
			               nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET), length));
		} else if (name == "meta" && nftnl_expr_is_set(e, NFTNL_EXPR_META_DREG)) {
			put(nftnl_expr_get_u32(e, NFTNL_EXPR_META_DREG), kLongest,
			    meta(nftnl_expr_get_u32(e, NFTNL_EXPR_META_KEY), event_, seen_));
		} else if (name == "ct" && nftnl_expr_is_set(e, NFTNL_EXPR_CT_DREG)) {
			put(nftnl_expr_get_u32(e, NFTNL_EXPR_CT_DREG), kLongest,
			    connection(nftnl_expr_get_u32(e, NFTNL_EXPR_CT_KEY), seen_));
		} else if (name == "bitwise") {
			bitwise(e);
		} else if (name == "byteorder") {
			byteorder(e);
		} else if (name == "immediate") {
			immediate(e);
		} else if (name == "lookup") {
			look_up(e);
		} else if (name == "objref" && nftnl_expr_is_set(e, NFTNL_EXPR_OBJREF_SET_NAME)) {
			add(nftnl_expr_get_str(e, NFTNL_EXPR_OBJREF_SET_NAME),
			    nftnl_expr_get_u32(e, NFTNL_EXPR_OBJREF_SET_SREG));
		} else if (name == "payload" || name == "meta" || name == "ct" ||
		           (name == "exthdr" && !nftnl_expr_is_set(e, NFTNL_EXPR_EXTHDR_DREG))) {
			forget_look_ups();
		} else if (!changes_nothing(name)) {
			// Some other expression may have written to any register.
			registers_.forget(NFT_REG_1, PacketRegisters::kBytes);
		}
	}

	RuleLookUps take() { return std::move(all_); }

private:
	static constexpr size_t kLongest = 16; // that meta and ct write, but for labels and secmarks

	static bool changes_nothing(std::string_view name) {
		for (const char *harmless :
		     {"cmp",     "range",     "counter", "log",    "limit",  "quota",  "reject",
		      "notrack", "connlimit", "last",    "objref", "dynset", "nat",    "masq",
		      "redir",   "queue",     "dup",     "fwd",    "match",  "target", "flow_offload"})
			if (name == harmless) return true;
		return false;
	}

	// The rule writes to the packet or to its marks: the event, which is of later, does not tell what the keys
	// were.
	void forget_look_ups() {
		for (LookUp &look_up : all_.look_ups)
			look_up.registers.forget(NFT_REG_1, PacketRegisters::kBytes);
	}

	void put(uint32_t reg, size_t length, const std::optional<Bytes> &value) {
		if (value)
			registers_.store(reg, *value);
		else
			registers_.forget(reg, length);
	}

	// nft_bitwise_eval_bool(); shifts are not followed.
	void bitwise(const nftnl_expr *e) {
		const uint32_t length = nftnl_expr_get_u32(e, NFTNL_EXPR_BITWISE_LEN);
		const uint32_t to = nftnl_expr_get_u32(e, NFTNL_EXPR_BITWISE_DREG);
		auto value = registers_.load(nftnl_expr_get_u32(e, NFTNL_EXPR_BITWISE_SREG), length);
		const Bytes mask = data_of(e, NFTNL_EXPR_BITWISE_MASK);
		const Bytes toggled = data_of(e, NFTNL_EXPR_BITWISE_XOR);
		const bool shift = nftnl_expr_is_set(e, NFTNL_EXPR_BITWISE_OP) &&
		                   nftnl_expr_get_u32(e, NFTNL_EXPR_BITWISE_OP) != NFT_BITWISE_BOOL;
		if (!value || shift || mask.size() != length || toggled.size() != length) {
			registers_.forget(to, length);
			return;
		}
		for (size_t i = 0; i < length; i++)
			(*value)[i] = static_cast<uint8_t>(((*value)[i] & mask[i]) ^ toggled[i]);
		registers_.store(to, *value);
	}

	// nft_byteorder_eval(): both operations turn each unit round on a little-endian machine.
	void byteorder(const nftnl_expr *e) {
		const uint32_t length = nftnl_expr_get_u32(e, NFTNL_EXPR_BYTEORDER_LEN);
		const uint32_t unit = nftnl_expr_get_u32(e, NFTNL_EXPR_BYTEORDER_SIZE);
		const uint32_t to = nftnl_expr_get_u32(e, NFTNL_EXPR_BYTEORDER_DREG);
		const auto value = registers_.load(nftnl_expr_get_u32(e, NFTNL_EXPR_BYTEORDER_SREG), length);
		if (!value || length != unit || (unit != 2 && unit != 4 && unit != 8)) {
			registers_.forget(to, length);
			return;
		}
		registers_.store(to, Bytes(value->rbegin(), value->rend()));
	}

	void immediate(const nftnl_expr *e) {
		const uint32_t to = nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_DREG);
		if (to != NFT_REG_VERDICT) {
			registers_.store(to, data_of(e, NFTNL_EXPR_IMM_DATA));
			return;
		}
		all_.verdict = static_cast<int32_t>(nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT));
		if (nftnl_expr_is_set(e, NFTNL_EXPR_IMM_CHAIN))
			all_.chain = nftnl_expr_get_str(e, NFTNL_EXPR_IMM_CHAIN);
	}

	void look_up(const nftnl_expr *e) {
		LookUp &look_up = add(nftnl_expr_get_str(e, NFTNL_EXPR_LOOKUP_SET),
		                      nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_SREG));
		look_up.negated = nftnl_expr_is_set(e, NFTNL_EXPR_LOOKUP_FLAGS) &&
		                  (nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0;
		if (!nftnl_expr_is_set(e, NFTNL_EXPR_LOOKUP_DREG)) return;
		const uint32_t to = nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_DREG);
		look_up.verdicts = to == NFT_REG_VERDICT;
		registers_.forget(to, PacketRegisters::kBytes); // the map's data
	}

	LookUp &add(const char *set, uint32_t source) {
		LookUp &look_up = all_.look_ups.emplace_back();
		look_up.set = set ? set : "";
		look_up.source = source;
		look_up.registers = registers_;
		return look_up;
	}

	const nd_event &event_;
	const nd_details &seen_;
	PacketRegisters registers_;
	RuleLookUps all_;
};

int step(nftnl_expr *e, void *walk) {
	static_cast<Walk *>(walk)->step(e);
	return 0;
}

} // namespace

std::optional<RuleLookUps> look_ups_of_rule(const nlmsghdr *message, const nd_event &event, const nd_details &seen) {
	if (message->nlmsg_type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWRULE)) return {};
	const std::unique_ptr<nftnl_rule, RuleFree> rule(nftnl_rule_alloc());
	if (!rule || nftnl_rule_nlmsg_parse(message, rule.get()) < 0) return {};
	Walk walk(event, seen);
	nftnl_expr_foreach(rule.get(), step, &walk);
	RuleLookUps all = walk.take();
	all.handle = nftnl_rule_get_u64(rule.get(), NFTNL_RULE_HANDLE);
	return all;
}

} // namespace nft_drops
