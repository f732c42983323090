// SPDX-License-Identifier: GPL-2.0-only
// Requests to nf_tables, as the bytes of one sendto(2): several messages may follow each other in it, the kernel
// answers them in order (netlink_rcv_skb).
#ifndef NFT_DROPS_NFT_EXT_RULESET_NETLINK_REQUESTS_H
#define NFT_DROPS_NFT_EXT_RULESET_NETLINK_REQUESTS_H

#include <libmnl/libmnl.h>

#include <cstdint>
#include <string>
#include <vector>

namespace nft_drops {

class Requests {
public:
	// One object by name, without a dump. `family` is NFPROTO_*.
	void get_table(uint8_t family, const std::string &table);
	void get_chain(uint8_t family, const std::string &table, const std::string &chain);
	void get_set(uint8_t family, const std::string &table, const std::string &set);
	void get_rule(uint8_t family, const std::string &table, const std::string &chain, uint64_t handle);
	// Everything of one kind, of all families. `type` is NFT_MSG_GET*.
	void dump(uint16_t type);
	// The rules of one table, or where `chain` is not empty of one chain.
	void dump_rules(uint8_t family, const std::string &table, const std::string &chain);
	void get_generation();
	// A message that somebody else made, with its header.
	void add(const nlmsghdr *message);

	// Asks for an acknowledgement after the last message; where there is none yet, one that does nothing is added.
	void acknowledge();
	// Adds a message that does nothing but is acknowledged.
	void add_nothing();
	// Every message gets this sequence number.
	void number(uint32_t sequence);

	[[nodiscard]] const std::vector<char> &bytes() const { return bytes_; }
	[[nodiscard]] bool empty() const { return bytes_.empty(); }

private:
	void append(uint16_t type, uint16_t flags, uint8_t family,
	            const std::vector<std::pair<uint16_t, std::string>> &names, uint16_t handle_attribute = 0,
	            uint64_t handle = 0);

	std::vector<char> bytes_;
};

} // namespace nft_drops

#endif
