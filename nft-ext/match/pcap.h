// SPDX-License-Identifier: GPL-2.0-only
// --pcap: libpcap's expressions, as libpcap compiles them for DLT_RAW. libpcap is loaded only when it is asked for.
#ifndef NFT_DROPS_NFT_EXT_MATCH_PCAP_H
#define NFT_DROPS_NFT_EXT_MATCH_PCAP_H

#include "jit/base/result.h"
#include "jit/match/program.h"

#include <string>
#include <vector>

namespace nft_drops {

// What libpcap refuses, link-level words among it, is an error with libpcap's own message. Fails with kMachine where
// there is no libpcap.
Result<std::vector<jit::PcapInstruction>> compile_pcap(const std::string &expression);

} // namespace nft_drops

#endif
