// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/netlink/requests.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cstring>
#include <utility>

namespace nft_drops {
namespace {

constexpr size_t kMessageMax = 2048; // header, three names of at most 256 bytes, a handle

uint16_t nft_type(uint16_t type) {
	return static_cast<uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type);
}

// Visits the header of every message in the buffer.
template <typename Visit> void for_each_message(std::vector<char> &bytes, Visit visit) {
	for (size_t at = 0; at < bytes.size();) {
		nlmsghdr header{};
		memcpy(&header, bytes.data() + at, sizeof(header));
		const size_t length = NLMSG_ALIGN(header.nlmsg_len);
		visit(header, at + length >= bytes.size());
		memcpy(bytes.data() + at, &header, sizeof(header));
		at += length;
	}
}

} // namespace

void Requests::append(uint16_t type, uint16_t flags, uint8_t family,
                      const std::vector<std::pair<uint16_t, std::string>> &names, uint16_t handle_attribute,
                      uint64_t handle) {
	alignas(nlmsghdr) std::array<char, kMessageMax> buffer{};
	nlmsghdr *message = mnl_nlmsg_put_header(buffer.data());
	message->nlmsg_type = nft_type(type);
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	auto *generic = static_cast<nfgenmsg *>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
	generic->nfgen_family = family;
	generic->version = NFNETLINK_V0;
	generic->res_id = 0;
	for (const auto &[attribute, name] : names)
		if (!mnl_attr_put_strz_check(message, buffer.size(), attribute, name.c_str())) return;
	if (handle_attribute != 0) mnl_attr_put_u64(message, handle_attribute, htobe64(handle));
	bytes_.insert(bytes_.end(), buffer.data(), buffer.data() + NLMSG_ALIGN(message->nlmsg_len));
}

void Requests::get_table(uint8_t family, const std::string &table) {
	append(NFT_MSG_GETTABLE, 0, family, {{NFTA_TABLE_NAME, table}});
}

void Requests::get_chain(uint8_t family, const std::string &table, const std::string &chain) {
	append(NFT_MSG_GETCHAIN, 0, family, {{NFTA_CHAIN_TABLE, table}, {NFTA_CHAIN_NAME, chain}});
}

void Requests::get_set(uint8_t family, const std::string &table, const std::string &set) {
	append(NFT_MSG_GETSET, 0, family, {{NFTA_SET_TABLE, table}, {NFTA_SET_NAME, set}});
}

void Requests::get_rule(uint8_t family, const std::string &table, const std::string &chain, uint64_t handle) {
	append(NFT_MSG_GETRULE, 0, family, {{NFTA_RULE_TABLE, table}, {NFTA_RULE_CHAIN, chain}}, NFTA_RULE_HANDLE,
	       handle);
}

void Requests::dump(uint16_t type) {
	append(type, NLM_F_DUMP, NFPROTO_UNSPEC, {});
}

void Requests::dump_rules(uint8_t family, const std::string &table, const std::string &chain) {
	if (chain.empty())
		append(NFT_MSG_GETRULE, NLM_F_DUMP, family, {{NFTA_RULE_TABLE, table}});
	else
		append(NFT_MSG_GETRULE, NLM_F_DUMP, family, {{NFTA_RULE_TABLE, table}, {NFTA_RULE_CHAIN, chain}});
}

void Requests::get_generation() {
	append(NFT_MSG_GETGEN, 0, 0, {});
}

void Requests::add(const nlmsghdr *message) {
	const auto *bytes = reinterpret_cast<const char *>(message);
	bytes_.insert(bytes_.end(), bytes, bytes + message->nlmsg_len);
	bytes_.resize(NLMSG_ALIGN(bytes_.size()));
}

void Requests::add_nothing() {
	// Control messages are skipped but acknowledged (netlink_rcv_skb).
	nlmsghdr nothing{};
	nothing.nlmsg_len = sizeof(nothing);
	nothing.nlmsg_type = NLMSG_NOOP;
	nothing.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	bytes_.resize(bytes_.size() + sizeof(nothing));
	memcpy(bytes_.data() + bytes_.size() - sizeof(nothing), &nothing, sizeof(nothing));
}

void Requests::acknowledge() {
	if (bytes_.empty()) add_nothing();
	for_each_message(bytes_, [](nlmsghdr &header, bool last) {
		if (last) header.nlmsg_flags |= NLM_F_ACK;
	});
}

void Requests::number(uint32_t sequence) {
	for_each_message(bytes_, [sequence](nlmsghdr &header, bool) { header.nlmsg_seq = sequence; });
}

} // namespace nft_drops
