// SPDX-License-Identifier: GPL-2.0-only
// How nft's options -n, -p, -S and -N change a packet's words: as they change the words of a rule.
#ifndef NFT_DROPS_NFT_EXT_PACKET_WORD_STYLE_H
#define NFT_DROPS_NFT_EXT_PACKET_WORD_STYLE_H

#include "nft-ext/packet/packet.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace nft_drops {

struct WordStyle {
	bool numeric_protocols = false; // -p, -n: `ip protocol 47`
	bool numeric_symbols = false;   // -n: `icmp type 8`, `tcp flags 0x2`, `ether type 0x88a8`
	// -S: the name of a port; an empty name: the port has none. Null: ports are numbers.
	std::function<std::string(uint16_t port)> service;
	// -N: the name of an address, as far as it is known now; an empty name: the address is shown. Null: no names.
	// The name may come from a name server: it is escaped.
	std::function<std::string(const Address &)> host;
};

// The style of nft without options.
extern const WordStyle kNftsStyle;

// The style for letters of nft's options ("nS"); letters that change no word of a packet have no effect. Ports are
// named as /etc/services has them now; addresses by getnameinfo(3), which nobody waits for: a packet of a new address
// shows the address, and later packets the name.
WordStyle style_for(std::string_view letters);

} // namespace nft_drops

#endif
