// SPDX-License-Identifier: GPL-2.0-only
// Netlink attributes, bounds-checked. (libmnl's mnl_attr_for_each macros do not compile as C++.)
#ifndef NFT_DROPS_NFT_EXT_RULESET_NETLINK_ATTRIBUTES_H
#define NFT_DROPS_NFT_EXT_RULESET_NETLINK_ATTRIBUTES_H

#include <libmnl/libmnl.h>

#include <arpa/inet.h>
#include <endian.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace nft_drops {

// Visits the attributes behind the message's fixed header of `header` bytes (nfgenmsg, ifinfomsg).
template <typename Visit> void for_each_attribute(const nlmsghdr *message, size_t header, Visit visit) {
	// mnl_nlmsg_get_payload_tail() rounds up: an attribute that ends there may reach beyond the message.
	const char *end = reinterpret_cast<const char *>(message) + message->nlmsg_len;
	for (const auto *attribute = static_cast<const nlattr *>(mnl_nlmsg_get_payload_offset(message, header));
	     mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char *>(attribute)));
	     attribute = mnl_attr_next(attribute))
		visit(attribute);
}

// Visits the attributes inside of a nest.
template <typename Visit> void for_each_nested(const nlattr *nest, Visit visit) {
	const auto *start = static_cast<const char *>(mnl_attr_get_payload(nest));
	const char *end = start + mnl_attr_get_payload_len(nest);
	for (const auto *attribute = reinterpret_cast<const nlattr *>(start);
	     mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char *>(attribute)));
	     attribute = mnl_attr_next(attribute))
		visit(attribute);
}

// Up to the first NUL, or to the attribute's end.
inline std::string text_of(const nlattr *attribute) {
	const auto *text = static_cast<const char *>(mnl_attr_get_payload(attribute));
	return {text, strnlen(text, mnl_attr_get_payload_len(attribute))};
}

// Numbers are big-endian in nf_tables messages; 0 where the attribute has another size.
inline uint32_t u32_of(const nlattr *attribute) {
	return mnl_attr_validate(attribute, MNL_TYPE_U32) == 0 ? ntohl(mnl_attr_get_u32(attribute)) : 0;
}

inline uint64_t u64_of(const nlattr *attribute) {
	return mnl_attr_validate(attribute, MNL_TYPE_U64) == 0 ? be64toh(mnl_attr_get_u64(attribute)) : 0;
}

} // namespace nft_drops

#endif
