// SPDX-License-Identifier: GPL-2.0-only
// A child process that sends UDP datagrams over lo, for tests that compare figures with nft's own counters.
#ifndef NFT_DROPS_TESTS_GUEST_LOOPBACK_SENDER_H
#define NFT_DROPS_TESTS_GUEST_LOOPBACK_SENDER_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <netinet/in.h>
#include <sys/types.h>
#include <utility>

namespace nft_drops::guest {

sockaddr_in address(uint32_t ip, unsigned port); // of an IPv4 address in host byte order

struct Datagram {
	uint32_t from; // IPv4 address, in host byte order
	unsigned port;
};

// Sends `count` datagrams from one processor, with 1 to 50 bytes: `next` tells the n-th one, for which 127.0.0.1 is the
// destination. Now and then one goes to the child itself, at port `echo` plus the processor's number, which the ruleset
// has to accept. What comes back shows that all before it have arrived: the queue of a processor holds 1,000 packets,
// and what does not fit never gets to nft.
pid_t send_over_loopback(int cpu, unsigned count, unsigned echo, const std::function<Datagram(unsigned)> &next);
// The child ends, and has sent everything.
void ends_well(pid_t child);

// What nft's own counters say: packets and bytes, by the rule's handle.
std::map<uint64_t, std::pair<uint64_t, uint64_t>> nft_counters();
// The same in packets, by the number that is the rule's comment; rules of one number are added up.
std::map<size_t, uint64_t> counters_by_comment();

} // namespace nft_drops::guest

#endif
