// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/match/scratch.h"
#include "jit/base/table_family.h"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace nft_drops {
namespace {

constexpr const char *kTable = "m";
constexpr const char *kChain = "c";
constexpr const char *kWhat = "MATCH";

struct RuleFree {
	void operator()(nftnl_rule *r) const { nftnl_rule_free(r); }
};
struct SetFree {
	void operator()(nftnl_set *s) const { nftnl_set_free(s); }
};
using Set = std::unique_ptr<nftnl_set, SetFree>;

jit::MatchBytes bytes_of(const nftnl_set_elem *e, uint16_t attribute) {
	uint32_t length = 0;
	const auto *data = static_cast<const uint8_t *>(
	        nftnl_set_elem_is_set(e, attribute)
	                ? nftnl_set_elem_get(const_cast<nftnl_set_elem *>(e), attribute, &length)
	                : nullptr);
	return data ? jit::MatchBytes(data, data + length) : jit::MatchBytes();
}

void add_elements(const nftnl_set *from, AnonymousSet &to) {
	nftnl_set_elems_iter *each = nftnl_set_elems_iter_create(from);
	while (nftnl_set_elem *e = each ? nftnl_set_elems_iter_next(each) : nullptr) {
		const uint32_t flags = nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_FLAGS)
		                               ? nftnl_set_elem_get_u32(e, NFTNL_SET_ELEM_FLAGS)
		                               : 0;
		to.elements.push_back({bytes_of(e, NFTNL_SET_ELEM_KEY), bytes_of(e, NFTNL_SET_ELEM_KEY_END),
		                       (flags & NFT_SET_ELEM_INTERVAL_END) != 0});
	}
	if (each) nftnl_set_elems_iter_destroy(each);
}

std::string chain_of(uint8_t family) {
	const std::string_view name = family_name(family);
	return fmt::format("add table {0} {1}\nadd chain {0} {1} {2}\n", name, kTable, kChain);
}

} // namespace

Result<std::unique_ptr<Scratch>> Scratch::make(int netns) {
	const int home = netns >= 0 ? netns : open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	const bool privileged = unshare(CLONE_NEWNET) == 0;
	if (!privileged && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return unsupported(kWhat,
		                   fmt::format("no network namespace can be made to read it in: {}", strerror(errno)),
		                   "run it with sudo");
	std::unique_ptr<Scratch> s(new Scratch);
	s->socket_ = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!s->socket_ || mnl_socket_bind(s->socket_, 0, MNL_SOCKET_AUTOPID) < 0)
		return unsupported(kWhat, fmt::format("nf_tables cannot be asked: {}", strerror(errno)));
	s->nft_ = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!s->nft_ || nft_ctx_buffer_error(s->nft_) != 0 || nft_ctx_buffer_output(s->nft_) != 0)
		return usage_error(kWhat, "libnftables cannot be started");
	if (privileged && setns(home, CLONE_NEWNET) != 0)
		return usage_error(kWhat, fmt::format("its network namespace cannot be entered: {}", strerror(errno)));
	s->add_chains();
	return s;
}

Scratch::~Scratch() {
	if (nft_) nft_ctx_free(nft_);
	if (socket_) mnl_socket_close(socket_);
}

std::optional<std::string> Scratch::error_of(const std::string &commands) {
	if (nft_run_cmd_from_buffer(nft_, commands.c_str()) == 0) return std::nullopt;
	return nft_ctx_get_error_buffer(nft_); // and empties it
}

void Scratch::add_chains() {
	std::string all;
	for (const uint8_t family : kTriedFamilies)
		all += chain_of(family);
	if (!error_of(all)) return;
	// One transaction is all or nothing, and a kernel may lack a family. A rule of this family tells.
	for (const uint8_t family : kTriedFamilies)
		error_of(chain_of(family));
}

bool Scratch::add_rule(uint8_t family, std::string_view words, std::string &message) {
	const std::string prefix = fmt::format("add rule {} {} {} ", family_name(family), kTable, kChain);
	const auto error = error_of(prefix + std::string(words));
	if (error) message = without_prefix(*error, prefix);
	return !error;
}

bool Scratch::dump(uint16_t type, uint8_t family, const std::string &set,
                   const std::function<void(const void *)> &visit) {
	std::array<char, 4096> request{};
	auto *header = nftnl_nlmsg_build_hdr(request.data(), type, family, NLM_F_DUMP, ++sequence_);
	mnl_attr_put_strz(header, NFTA_RULE_TABLE, kTable);
	static_assert(NFTA_RULE_TABLE == 1 && NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1);
	static_assert(NFTA_SET_NAME == 2 && NFTA_SET_ELEM_LIST_SET == 2);
	if (!set.empty()) mnl_attr_put_strz(header, NFTA_SET_NAME, set.c_str());
	if (mnl_socket_sendto(socket_, header, header->nlmsg_len) < 0) return false;
	const auto each = [](const nlmsghdr *message, void *to) {
		(*static_cast<const std::function<void(const void *)> *>(to))(message);
		return MNL_CB_OK;
	};
	std::vector<char> answer(1 << 17); // the longest message: nla_len has 16 bits
	for (;;) {
		const ssize_t n = mnl_socket_recvfrom(socket_, answer.data(), answer.size());
		if (n < 0) return false;
		const int more =
		        mnl_cb_run(answer.data(), static_cast<size_t>(n), sequence_, mnl_socket_get_portid(socket_),
		                   each, const_cast<void *>(static_cast<const void *>(&visit)));
		if (more <= 0) return more == 0;
	}
}

std::expected<AnonymousSet, Refusal> Scratch::read_set(uint8_t family, const std::string &name) {
	AnonymousSet found;
	const auto describe = [&](const void *message) {
		const Set set(nftnl_set_alloc());
		if (!set || nftnl_set_nlmsg_parse(static_cast<const nlmsghdr *>(message), set.get()) < 0) return;
		if (name != nftnl_set_get_str(set.get(), NFTNL_SET_NAME)) return;
		found.flags = nftnl_set_get_u32(set.get(), NFTNL_SET_FLAGS);
		found.key_length = nftnl_set_get_u32(set.get(), NFTNL_SET_KEY_LEN);
		uint32_t length = 0;
		const auto *fields =
		        static_cast<const uint8_t *>(nftnl_set_get_data(set.get(), NFTNL_SET_DESC_CONCAT, &length));
		if (fields) found.field_lengths.assign(fields, fields + length);
		while (!found.field_lengths.empty() && found.field_lengths.back() == 0)
			found.field_lengths.pop_back();
	};
	const auto fill = [&](const void *message) {
		const Set set(nftnl_set_alloc());
		if (set && nftnl_set_elems_nlmsg_parse(static_cast<const nlmsghdr *>(message), set.get()) >= 0)
			add_elements(set.get(), found);
	};
	if (!dump(NFT_MSG_GETSET, family, "", describe) || !dump(NFT_MSG_GETSETELEM, family, name, fill))
		return std::unexpected(Refusal{fmt::format("a set that cannot be read: {}", strerror(errno))});
	return found;
}

std::expected<jit::MatchProgram, Refusal> Scratch::read_rule(uint8_t family, std::string_view words) {
	std::vector<std::unique_ptr<nftnl_rule, RuleFree>> rules;
	const auto keep = [&](const void *message) {
		std::unique_ptr<nftnl_rule, RuleFree> rule(nftnl_rule_alloc());
		if (rule && nftnl_rule_nlmsg_parse(static_cast<const nlmsghdr *>(message), rule.get()) >= 0)
			rules.push_back(std::move(rule));
	};
	if (!dump(NFT_MSG_GETRULE, family, "", keep))
		return std::unexpected(Refusal{fmt::format("the rule cannot be read back: {}", strerror(errno))});
	if (rules.size() != 1)
		return std::unexpected(Refusal{fmt::format("one rule is a MATCH, not {}", rules.size())});
	return translate(rules.front().get(), words, [&](const std::string &name) { return read_set(family, name); });
}

} // namespace nft_drops
