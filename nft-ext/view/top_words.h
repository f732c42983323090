// SPDX-License-Identifier: GPL-2.0-only
// Rules and flows in words, one line each, safe for a terminal (escape.h).
#ifndef NFT_DROPS_NFT_EXT_VIEW_TOP_WORDS_H
#define NFT_DROPS_NFT_EXT_VIEW_TOP_WORDS_H

#include "nft-ext/history/row.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace nft_drops {

// "inet filter input tcp dport 10000 drop # handle 7": family, table, chain and the line of `nft -a list` that dropped,
// whole. Another namespace than the caller's follows: `netns "red"`.
std::string rule_words(const CulpritWords &culprit);
// What such a line begins with, "inet filter input", and the rest of it.
std::string place_words(const CulpritWords &culprit);
std::string text_words(const CulpritWords &culprit);

// "tcp 10000", "icmp echo-request", "arp request", "0x88cc": protocol and port.
std::string port_words(const FlowWords &flow);
// Empty where the packet does not tell.
std::string address_words(const Address &address);
// `iif "eth0" oif "eth1"`, as far as there are devices.
std::string device_words(const FlowWords &flow);

// "14:02:11", in local time. "-" for 0.
std::string time_of_day(int64_t nanoseconds_since_epoch);
// "0", "0.4", "12.5", "1,204".
std::string rate_words(double rate);

} // namespace nft_drops

#endif
