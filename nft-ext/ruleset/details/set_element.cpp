// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/details/set_element.h"

#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

namespace nft_drops {
namespace {

using Bytes = std::vector<uint8_t>;

struct SetFree {
	void operator()(nftnl_set *set) const { nftnl_set_free(set); }
};
using Set = std::unique_ptr<nftnl_set, SetFree>;

constexpr uint32_t kConcat = 0x80; // NFT_SET_CONCAT

Bytes bytes_of(const nftnl_set_elem *e, uint16_t attribute) {
	uint32_t length = 0;
	const auto *data = static_cast<const uint8_t *>(
	        nftnl_set_elem_is_set(e, attribute)
	                ? nftnl_set_elem_get(const_cast<nftnl_set_elem *>(e), attribute, &length)
	                : nullptr);
	return data ? Bytes(data, data + length) : Bytes();
}

// A list of type, length, value; the comment has type 0 (NFTNL_UDATA_SET_ELEM_COMMENT) and ends with a NUL.
std::string comment_in(const Bytes &user_data) {
	for (size_t at = 0; at + 2 <= user_data.size();) {
		const size_t length = user_data[at + 1];
		if (length > user_data.size() - at - 2) break;
		if (user_data[at] == 0) {
			const auto *text = reinterpret_cast<const char *>(user_data.data() + at + 2);
			return {text, strnlen(text, length)};
		}
		at += 2 + length;
	}
	return {};
}

SetElement element_of(const nftnl_set_elem *e) {
	SetElement element;
	element.first = bytes_of(e, NFTNL_SET_ELEM_KEY);
	element.last = bytes_of(e, NFTNL_SET_ELEM_KEY_END);
	auto *e_ = const_cast<nftnl_set_elem *>(e);
	if (nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_TIMEOUT))
		element.timeout_ms = nftnl_set_elem_get_u64(e_, NFTNL_SET_ELEM_TIMEOUT);
	if (nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_EXPIRATION))
		element.expires_ms = nftnl_set_elem_get_u64(e_, NFTNL_SET_ELEM_EXPIRATION);
	element.comment = comment_in(bytes_of(e, NFTNL_SET_ELEM_USERDATA));
	if (nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_VERDICT)) {
		element.has_verdict = true;
		element.verdict = static_cast<int32_t>(nftnl_set_elem_get_u32(e_, NFTNL_SET_ELEM_VERDICT));
		if (nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_CHAIN))
			element.chain = nftnl_set_elem_get_str(e_, NFTNL_SET_ELEM_CHAIN);
	}
	return element;
}

using Found = std::optional<std::optional<SetElement>>;

// The kernel's answer for one key; `flags` is NFT_SET_ELEM_INTERVAL_END for an interval's end. nullopt where there is
// no answer.
Found get(Query &query, uint8_t family, const std::string &table, const std::string &set, const Bytes &key,
          uint32_t flags) {
	const Set wanted(nftnl_set_alloc());
	nftnl_set_elem *e = nftnl_set_elem_alloc();
	if (!wanted || !e) return {};
	nftnl_set_set_str(wanted.get(), NFTNL_SET_TABLE, table.c_str());
	nftnl_set_set_str(wanted.get(), NFTNL_SET_NAME, set.c_str());
	nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, key.data(), static_cast<uint32_t>(key.size()));
	if (flags) nftnl_set_elem_set_u32(e, NFTNL_SET_ELEM_FLAGS, flags);
	nftnl_set_elem_add(wanted.get(), e);
	alignas(nlmsghdr) std::array<char, 2048> buffer{};
	nlmsghdr *message = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_GETSETELEM, family, NLM_F_ACK, 0);
	nftnl_set_elems_nlmsg_build_payload(message, wanted.get());
	Requests request;
	request.add(message);
	std::optional<SetElement> found;
	const auto outcome = query.ask(std::move(request), [&found](const nlmsghdr *answer) {
		const Set got(nftnl_set_alloc());
		if (!got || nftnl_set_elems_nlmsg_parse(answer, got.get()) < 0) return;
		nftnl_set_elems_iter *each = nftnl_set_elems_iter_create(got.get());
		if (const nftnl_set_elem *first = each ? nftnl_set_elems_iter_next(each) : nullptr)
			found = element_of(first);
		if (each) nftnl_set_elems_iter_destroy(each);
	});
	if (outcome && *outcome == Query::Outcome::kMissing) return std::optional<SetElement>();
	if (!outcome || *outcome != Query::Outcome::kDone) return {};
	return found;
}

// The key in front of this one; keys of intervals are big-endian.
Bytes before(Bytes key) {
	for (size_t i = key.size(); i-- > 0;)
		if (key[i]-- != 0) break;
	return key;
}

} // namespace

std::optional<SetInfo> read_set(Query &query, uint8_t family, const std::string &table, const std::string &set) {
	Requests request;
	request.get_set(family, table, set);
	request.acknowledge();
	std::optional<SetInfo> info;
	const auto outcome = query.ask(std::move(request), [&info](const nlmsghdr *answer) {
		const Set got(nftnl_set_alloc());
		if (!got || nftnl_set_nlmsg_parse(answer, got.get()) < 0) return;
		info.emplace();
		info->flags = nftnl_set_get_u32(got.get(), NFTNL_SET_FLAGS);
		info->key_type = nftnl_set_get_u32(got.get(), NFTNL_SET_KEY_TYPE);
		info->key_length = nftnl_set_get_u32(got.get(), NFTNL_SET_KEY_LEN);
		uint32_t length = 0;
		if (const auto *parts =
		            static_cast<const uint8_t *>(nftnl_set_get_data(got.get(), NFTNL_SET_DESC_CONCAT, &length)))
			info->parts.assign(parts, parts + length);
		while (!info->parts.empty() && info->parts.back() == 0)
			info->parts.pop_back();
	});
	if (!outcome || *outcome != Query::Outcome::kDone) return {};
	return info;
}

std::optional<std::optional<SetElement>> find_element(Query &query, uint8_t family, const std::string &table,
                                                      const std::string &set, const SetInfo &info, const Bytes &key) {
	auto found = get(query, family, table, set, key, 0);
	if (!found || !*found) return found;
	SetElement &element = **found;
	const bool interval = (info.flags & NFT_SET_INTERVAL) != 0;
	const bool parts = (info.flags & kConcat) != 0 || info.parts.size() > 1;
	if (!interval) element.last.clear();
	if (interval && !parts) {
		// nft_rbtree_get() gives the interval's two ends one by one; the end is the key behind the last one.
		// Where there is none, the interval reaches to the last key of all.
		const auto end = get(query, family, table, set, key, NFT_SET_ELEM_INTERVAL_END);
		if (!end) return {};
		element.last = *end && !(*end)->first.empty() ? before((*end)->first) : Bytes(key.size(), 0xff);
	}
	// Believed only where the key lies in it.
	const bool one = element.last.empty();
	const bool holds = element.first.size() == key.size() &&
	                   (one ? element.first == key : parts || (element.first <= key && key <= element.last));
	if (!holds) return {};
	return found;
}

} // namespace nft_drops
