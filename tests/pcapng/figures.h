// SPDX-License-Identifier: GPL-2.0-only
// How many packets a large capture file holds, without keeping them.
#ifndef NFT_DROPS_TESTS_PCAPNG_FIGURES_H
#define NFT_DROPS_TESTS_PCAPNG_FIGURES_H

#include <cstdint>
#include <string>

namespace nft_drops::pcapng_test {

struct Figures {
	bool whole = false;   // nothing but whole blocks
	uint64_t packets = 0; // Enhanced Packet Blocks
	uint64_t dropped = 0; // isb_ifdrop of all Interface Statistics Blocks
};

Figures figures_of(const std::string &file);

} // namespace nft_drops::pcapng_test

#endif
