// SPDX-License-Identifier: GPL-2.0-only
#include "jit/selftest/trial_ruleset.h"

#include <netinet/in.h> // before the kernel's headers, which else define the same

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace nft_drops::jit {
namespace {

constexpr const char *kMap = "verdicts";
constexpr uint32_t kMapId = 1;
constexpr const char *kNone = "none"; // a set without elements
constexpr uint32_t kNoneId = 2;
constexpr const char *kAll = "all"; // one that takes what comes
constexpr uint32_t kAllId = 3;

template <auto Free> struct Freed {
	void operator()(auto *p) const { Free(p); }
};
template <typename T, auto Free> using Owned = std::unique_ptr<T, Freed<Free>>;
using TableObject = Owned<nftnl_table, nftnl_table_free>;
using ChainObject = Owned<nftnl_chain, nftnl_chain_free>;
using RuleObject = Owned<nftnl_rule, nftnl_rule_free>;
using SetObject = Owned<nftnl_set, nftnl_set_free>;

int verdict_of(Verb verb) {
	switch (verb) {
	case Verb::kAccept:
		return NF_ACCEPT;
	case Verb::kReturn:
		return NFT_RETURN;
	case Verb::kJump:
		return NFT_JUMP;
	case Verb::kGoto:
		return NFT_GOTO;
	default:
		return NF_DROP;
	}
}

// Messages that the kernel takes as one transaction.
class Batch {
public:
	Batch() : batch_(mnl_nlmsg_batch_start(buffer_.data(), buffer_.size() / 2)) {
		nftnl_batch_begin(here(), sequence_++);
		next();
	}
	Batch(const Batch &) = delete;
	Batch &operator=(const Batch &) = delete;
	~Batch() { mnl_nlmsg_batch_stop(batch_); }

	void add(uint16_t type, uint8_t family, uint16_t flags, const std::function<void(nlmsghdr *)> &fill) {
		fill(nftnl_nlmsg_build_hdr(here(), type, family, static_cast<uint16_t>(NLM_F_CREATE | flags),
		                           sequence_++));
		next();
	}

	// 0, or an errno: then nothing of it is in force.
	int commit(mnl_socket *socket) {
		nftnl_batch_end(here(), sequence_++);
		next();
		if (mnl_socket_sendto(socket, mnl_nlmsg_batch_head(batch_), mnl_nlmsg_batch_size(batch_)) < 0)
			return errno;
		// All is done when sendto() returns: what there is to be said has been said.
		char answer[8192];
		for (;;) {
			const ssize_t n = recv(mnl_socket_get_fd(socket), answer, sizeof(answer), MSG_DONTWAIT);
			if (n < 0) return errno == EAGAIN ? 0 : errno;
			if (mnl_cb_run(answer, static_cast<size_t>(n), 0, 0, nullptr, nullptr) < 0) return errno;
		}
	}

private:
	char *here() { return static_cast<char *>(mnl_nlmsg_batch_current(batch_)); }
	void next() { mnl_nlmsg_batch_next(batch_); }

	std::vector<char> buffer_ = std::vector<char>(128 * 1024);
	mnl_nlmsg_batch *batch_;
	uint32_t sequence_ = 1;
};

void add_table(Batch &batch, uint8_t family, const char *name) {
	const TableObject table(nftnl_table_alloc());
	nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, name);
	batch.add(NFT_MSG_NEWTABLE, family, 0, [&](nlmsghdr *h) { nftnl_table_nlmsg_build_payload(h, table.get()); });
}

void add_chain(Batch &batch, const TrialTable &table, const TrialChain &spec) {
	const ChainObject chain(nftnl_chain_alloc());
	nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, table.name);
	nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, spec.name);
	if (spec.hook >= 0) {
		nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_HOOKNUM, static_cast<uint32_t>(spec.hook));
		nftnl_chain_set_s32(chain.get(), NFTNL_CHAIN_PRIO, table.family == NFPROTO_INET ? 10 : 0);
		nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_POLICY, spec.policy_drop ? NF_DROP : NF_ACCEPT);
		if (spec.device) nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_DEV, spec.device);
	}
	batch.add(NFT_MSG_NEWCHAIN, table.family, 0,
	          [&](nlmsghdr *h) { nftnl_chain_nlmsg_build_payload(h, chain.get()); });
}

SetObject port_set(const TrialTable &table, const char *name, uint32_t id, uint32_t flags) {
	SetObject set(nftnl_set_alloc());
	nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, table.name);
	nftnl_set_set_str(set.get(), NFTNL_SET_NAME, name);
	nftnl_set_set_u32(set.get(), NFTNL_SET_FAMILY, table.family);
	nftnl_set_set_u32(set.get(), NFTNL_SET_ID, id);
	nftnl_set_set_u32(set.get(), NFTNL_SET_FLAGS, flags);
	nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_TYPE, 0);
	nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_LEN, sizeof(uint16_t));
	return set;
}

void add_set(Batch &batch, const TrialTable &table, const nftnl_set *set) {
	batch.add(NFT_MSG_NEWSET, table.family, 0, [&](nlmsghdr *h) {
		nftnl_set_nlmsg_build_payload(h, const_cast<nftnl_set *>(set)); // it only reads
	});
}

// The verdict map and what is in it.
void add_map(Batch &batch, const TrialTable &table) {
	const SetObject set = port_set(table, kMap, kMapId, NFT_SET_MAP);
	nftnl_set_set_u32(set.get(), NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
	nftnl_set_set_u32(set.get(), NFTNL_SET_DATA_LEN, 0);
	add_set(batch, table, set.get());
	for (const TrialElement &spec : table.elements) {
		nftnl_set_elem *element = nftnl_set_elem_alloc();
		const uint16_t port = htons(spec.port);
		nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, &port, sizeof(port));
		nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_VERDICT, static_cast<uint32_t>(verdict_of(spec.verb)));
		if (spec.target) nftnl_set_elem_set_str(element, NFTNL_SET_ELEM_CHAIN, spec.target);
		nftnl_set_elem_add(set.get(), element);
	}
	batch.add(NFT_MSG_NEWSETELEM, table.family, 0,
	          [&](nlmsghdr *h) { nftnl_set_elems_nlmsg_build_payload(h, set.get()); });
}

// The destination port in a UDP header, or the operation in an ARP packet.
void add_port(nftnl_rule *rule) {
	const bool arp = nftnl_rule_get_u32(rule, NFTNL_RULE_FAMILY) == NFPROTO_ARP;
	nftnl_expr *e = nftnl_expr_alloc("payload");
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, arp ? NFT_PAYLOAD_NETWORK_HEADER : NFT_PAYLOAD_TRANSPORT_HEADER);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, arp ? 6 : 2);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, sizeof(uint16_t));
	nftnl_rule_add_expr(rule, e);
}

void add_match(nftnl_rule *rule, const TrialMatch &match) {
	add_port(rule);
	const uint16_t port = htons(match.port);
	nftnl_expr *e = nftnl_expr_alloc("cmp");
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, match.but ? NFT_CMP_NEQ : NFT_CMP_EQ);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, &port, sizeof(port));
	nftnl_rule_add_expr(rule, e);
}

void add_verdict(nftnl_rule *rule, const TrialRule &spec) {
	nftnl_expr *e = nullptr;
	if (spec.verb == Verb::kMap) {
		add_port(rule);
		e = nftnl_expr_alloc("lookup");
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
		nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, kMap);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, kMapId);
	} else if (spec.verb == Verb::kQueue) {
		e = nftnl_expr_alloc("queue");
		nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_NUM, 0);
		nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_TOTAL, 1);
	} else if (spec.verb == Verb::kReject) {
		e = nftnl_expr_alloc("reject");
		nftnl_expr_set_u32(e, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_TCP_RST);
	} else {
		e = nftnl_expr_alloc("immediate");
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, static_cast<uint32_t>(verdict_of(spec.verb)));
		if (spec.target) nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, spec.target);
	}
	nftnl_rule_add_expr(rule, e);
}

RuleObject new_rule(const TrialTable &table, const char *chain) {
	RuleObject rule(nftnl_rule_alloc());
	nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, table.family);
	nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, table.name);
	nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, chain);
	return rule;
}

void add_expression(nftnl_rule *rule, const char *kind, std::initializer_list<std::pair<uint16_t, uint32_t>> numbers,
                    std::initializer_list<std::pair<uint16_t, std::span<const uint8_t>>> data = {}) {
	nftnl_expr *e = nftnl_expr_alloc(kind);
	for (const auto &[attribute, value] : numbers)
		nftnl_expr_set_u32(e, attribute, value);
	for (const auto &[attribute, bytes] : data)
		nftnl_expr_set(e, attribute, bytes.data(), static_cast<uint32_t>(bytes.size()));
	nftnl_rule_add_expr(rule, e);
}

// A rule that every packet passes and none matches for good. nft_do_chain evaluates many kinds of expressions itself,
// each in a place of its own: whoever looked there instead would be seen.
void add_every_kind(Batch &batch, const TrialTable &table, const char *chain) {
	static constexpr uint8_t kZero[8] = {};
	static constexpr uint8_t kHighest[2] = {0xff, 0xff};
	const std::span<const uint8_t> zero2(kZero, 2);
	const std::span<const uint8_t> zero4(kZero, 4);
	const std::span<const uint8_t> zero8(kZero, 8);
	const SetObject none = port_set(table, kNone, kNoneId, 0);
	add_set(batch, table, none.get());
	const SetObject all = port_set(table, kAll, kAllId, NFT_SET_EVAL);
	nftnl_set_set_u32(all.get(), NFTNL_SET_DESC_SIZE, 1024);
	add_set(batch, table, all.get());

	const RuleObject rule = new_rule(table, chain);
	nftnl_rule *r = rule.get();
	add_expression(r, "meta", {{NFTNL_EXPR_META_KEY, NFT_META_LEN}, {NFTNL_EXPR_META_DREG, NFT_REG_1}});
	add_expression(r, "payload",
	               {{NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER},
	                {NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1},
	                {NFTNL_EXPR_PAYLOAD_OFFSET, 0},
	                {NFTNL_EXPR_PAYLOAD_LEN, sizeof(kZero)}});
	add_expression(r, "bitwise",
	               {{NFTNL_EXPR_BITWISE_SREG, NFT_REG_1},
	                {NFTNL_EXPR_BITWISE_DREG, NFT_REG_1},
	                {NFTNL_EXPR_BITWISE_LEN, sizeof(kZero)}},
	               {{NFTNL_EXPR_BITWISE_MASK, zero8}, {NFTNL_EXPR_BITWISE_XOR, zero8}});
	for (const uint32_t op : {NFT_CMP_EQ, NFT_CMP_GTE}) {
		add_expression(r, "cmp", {{NFTNL_EXPR_CMP_SREG, NFT_REG_1}, {NFTNL_EXPR_CMP_OP, op}},
		               {{NFTNL_EXPR_CMP_DATA, zero8}});
	}
	add_expression(r, "immediate", {{NFTNL_EXPR_IMM_DREG, NFT_REG_2}}, {{NFTNL_EXPR_IMM_DATA, zero4}});
	add_expression(r, "bitwise",
	               {{NFTNL_EXPR_BITWISE_SREG, NFT_REG_2},
	                {NFTNL_EXPR_BITWISE_DREG, NFT_REG_2},
	                {NFTNL_EXPR_BITWISE_LEN, sizeof(uint32_t)}},
	               {{NFTNL_EXPR_BITWISE_MASK, zero4}, {NFTNL_EXPR_BITWISE_XOR, zero4}});
	add_port(r);
	add_expression(r, "byteorder",
	               {{NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1},
	                {NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1},
	                {NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_NTOH},
	                {NFTNL_EXPR_BYTEORDER_LEN, sizeof(uint16_t)},
	                {NFTNL_EXPR_BYTEORDER_SIZE, sizeof(uint16_t)}});
	add_expression(r, "range", {{NFTNL_EXPR_RANGE_SREG, NFT_REG_1}, {NFTNL_EXPR_RANGE_OP, NFT_RANGE_EQ}},
	               {{NFTNL_EXPR_RANGE_FROM_DATA, zero2}, {NFTNL_EXPR_RANGE_TO_DATA, kHighest}});
	nftnl_expr *e = nftnl_expr_alloc("lookup");
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, kNone);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, kNoneId);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	nftnl_rule_add_expr(r, e);
	add_expression(r, "counter", {});
	add_expression(r, "rt", {{NFTNL_EXPR_RT_KEY, NFT_RT_NEXTHOP4}, {NFTNL_EXPR_RT_DREG, NFT_REG_2}});
	e = nftnl_expr_alloc("dynset");
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_ADD);
	nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, kAll);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SET_ID, kAllId);
	nftnl_rule_add_expr(r, e);
	batch.add(NFT_MSG_NEWRULE, table.family, NLM_F_APPEND,
	          [&](nlmsghdr *h) { nftnl_rule_nlmsg_build_payload(h, r); });
}

// Its number is kept as the rule's user data, so that its handle can be found.
void add_rule(Batch &batch, const TrialTable &table, uint8_t number) {
	const TrialRule &spec = table.rules[number];
	const RuleObject rule = new_rule(table, spec.chain);
	nftnl_rule_set_data(rule.get(), NFTNL_RULE_USERDATA, &number, sizeof(number));
	if (spec.match.port != 0 && spec.verb != Verb::kMap) add_match(rule.get(), spec.match);
	if (spec.counter) nftnl_rule_add_expr(rule.get(), nftnl_expr_alloc("counter"));
	add_verdict(rule.get(), spec);
	batch.add(NFT_MSG_NEWRULE, table.family, NLM_F_APPEND,
	          [&](nlmsghdr *h) { nftnl_rule_nlmsg_build_payload(h, rule.get()); });
}

// 0, or an errno.
int load_table(mnl_socket *socket, const TrialTable &table) {
	if (table.module && access((std::string("/sys/module/") + table.module).c_str(), F_OK) != 0) return EOPNOTSUPP;
	Batch batch;
	add_table(batch, table.family, table.name);
	for (const TrialChain &chain : table.chains)
		add_chain(batch, table, chain);
	if (!table.elements.empty()) add_map(batch, table);
	if (table.every_kind) add_every_kind(batch, table, table.every_kind);
	for (size_t i = 0; i < table.rules.size(); i++)
		add_rule(batch, table, static_cast<uint8_t>(i));
	return batch.commit(socket);
}

// Hands each answer to one request to `each`.
bool ask(mnl_socket *socket, uint16_t type, uint8_t family, bool dump, std::function<void(const nlmsghdr *)> each) {
	std::vector<char> buffer(64 * 1024);
	nlmsghdr *request = nftnl_nlmsg_build_hdr(buffer.data(), type, family, dump ? NLM_F_DUMP : NLM_F_ACK, 0);
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0) return false;
	const auto on_message = [](const nlmsghdr *message, void *to) {
		(*static_cast<std::function<void(const nlmsghdr *)> *>(to))(message);
		return MNL_CB_OK;
	};
	for (int more = MNL_CB_OK; more != MNL_CB_STOP;) {
		const ssize_t n = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
		if (n <= 0) return false;
		more = mnl_cb_run(buffer.data(), static_cast<size_t>(n), 0, 0, on_message, &each);
		if (more == MNL_CB_ERROR) return false;
	}
	return true;
}

bool is(const char *name, const char *wanted) {
	return name && std::string_view(name) == wanted;
}

// The table of the trials with this family and name; kTrialTables: there is none.
size_t table_number(uint32_t family, const char *name) {
	const auto found = std::ranges::find_if(trial_tables(), [&](const TrialTable &table) {
		return table.family == family && name && std::string_view(name) == table.name;
	});
	return static_cast<size_t>(found - trial_tables().begin());
}

// Reads the handles of the tables, chains and rules of all families.
bool read_handles(mnl_socket *socket, TrialHandles &h) {
	const auto on_table = [&](const nlmsghdr *message) {
		const TableObject o(nftnl_table_alloc());
		if (nftnl_table_nlmsg_parse(message, o.get()) != 0) return;
		const size_t t = table_number(nftnl_table_get_u32(o.get(), NFTNL_TABLE_FAMILY),
		                              nftnl_table_get_str(o.get(), NFTNL_TABLE_NAME));
		if (t != kTrialTables) h.table[t] = nftnl_table_get_u64(o.get(), NFTNL_TABLE_HANDLE);
	};
	const auto on_chain = [&](const nlmsghdr *message) {
		const ChainObject o(nftnl_chain_alloc());
		if (nftnl_chain_nlmsg_parse(message, o.get()) != 0) return;
		const size_t t = table_number(nftnl_chain_get_u32(o.get(), NFTNL_CHAIN_FAMILY),
		                              nftnl_chain_get_str(o.get(), NFTNL_CHAIN_TABLE));
		if (t == kTrialTables) return;
		const auto &chains = trial_tables()[t].chains;
		for (size_t i = 0; i < chains.size(); i++) {
			if (is(nftnl_chain_get_str(o.get(), NFTNL_CHAIN_NAME), chains[i].name))
				h.chain[t][i] = nftnl_chain_get_u64(o.get(), NFTNL_CHAIN_HANDLE);
		}
	};
	const auto on_rule = [&](const nlmsghdr *message) {
		const RuleObject o(nftnl_rule_alloc());
		uint32_t size = 0;
		if (nftnl_rule_nlmsg_parse(message, o.get()) != 0) return;
		const size_t t = table_number(nftnl_rule_get_u32(o.get(), NFTNL_RULE_FAMILY),
		                              nftnl_rule_get_str(o.get(), NFTNL_RULE_TABLE));
		if (t == kTrialTables) return;
		const auto *number =
		        static_cast<const uint8_t *>(nftnl_rule_get_data(o.get(), NFTNL_RULE_USERDATA, &size));
		if (number && size == 1 && *number < trial_tables()[t].rules.size())
			h.rule[t][*number] = nftnl_rule_get_u64(o.get(), NFTNL_RULE_HANDLE);
	};
	return ask(socket, NFT_MSG_GETTABLE, NFPROTO_UNSPEC, true, on_table) &&
	       ask(socket, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, true, on_chain) &&
	       ask(socket, NFT_MSG_GETRULE, NFPROTO_UNSPEC, true, on_rule);
}

bool read_generation(mnl_socket *socket, TrialHandles &h) {
	return ask(socket, NFT_MSG_GETGEN, NFPROTO_UNSPEC, false, [&](const nlmsghdr *message) {
		const auto on_attribute = [](const nlattr *attribute, void *to) {
			if (mnl_attr_get_type(attribute) == NFTA_GEN_ID)
				*static_cast<uint32_t *>(to) = ntohl(mnl_attr_get_u32(attribute));
			return MNL_CB_OK;
		};
		mnl_attr_parse(message, sizeof(nfgenmsg), on_attribute, &h.generation);
	});
}

std::unexpected<Error> failed(const char *what, int error) {
	return unsupported("self-test", fmt::format("{}: {}", what, strerror(error)),
	                   "a kernel with nf_tables for IPv4 or inet is needed");
}

} // namespace

Result<TrialHandles> load_trial_ruleset() {
	const Owned<mnl_socket, mnl_socket_close> socket(mnl_socket_open(NETLINK_NETFILTER));
	if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
		return failed("no netfilter netlink", errno);
	TrialHandles handles;
	// Tables that only use up the first handles; in commits of their own, so that the generation, which begins with
	// 1, is never the number of tables.
	for (const char *name : {"nd-self-test-spare1", "nd-self-test-spare2"}) {
		Batch spare;
		add_table(spare, trial_tables()[0].family, name);
		spare.commit(socket.get());
	}

	int error = 0;
	bool any = false;
	for (const TrialTable &table : trial_tables()) {
		const int refused = load_table(socket.get(), table);
		if (table.optional) continue;
		any = any || refused == 0;
		if (refused == EAFNOSUPPORT || refused == EOPNOTSUPP)
			error = refused;
		else if (refused)
			return failed("its ruleset is refused", refused);
	}
	if (!any) return failed("its ruleset is refused", error);
	if (!read_handles(socket.get(), handles)) return failed("its ruleset cannot be read back", errno);
	if (!read_generation(socket.get(), handles)) return failed("no ruleset generation", errno);
	return handles;
}

} // namespace nft_drops::jit
