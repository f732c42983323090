// SPDX-License-Identifier: GPL-2.0-only
// Every chain type's hook has a function of its own (nft_do_chain_ipv4(), nft_do_chain_bridge(), ...:
// net/netfilter/nft_chain_filter.c and nft_chain_route.c), which calls nft_do_chain(). A compiler may inline
// nft_do_chain() into one of these functions instead. The inlined copy has no symbol, and would have no probe.
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_CALLERS_H
#define NFT_DROPS_JIT_KERNEL_LIVE_CALLERS_H

#include "jit/base/result.h"
#include "jit/kernel/live/symbols.h"
#include "jit/machine/image.h"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace nft_drops::jit {

constexpr std::array<std::string_view, 9> kCallers{
        "nft_do_chain_ipv4",         "nft_do_chain_ipv6",    "nft_do_chain_inet",
        "nft_do_chain_inet_ingress", "nft_do_chain_arp",     "nft_do_chain_bridge",
        "nft_do_chain_netdev",       "nf_route_table_hook4", "nf_route_table_hook6"};

// Reads so many bytes of code.
using ReadCode = std::function<Result<std::vector<uint8_t>>(uint64_t address, size_t size)>;

// Whether the code at `address` has a branch to the beginning of a function: x86-64's call, jmp or jcc with 32 bits;
// arm64's b or bl.
bool branches_to(Machine machine, std::span<const uint8_t> code, uint64_t address, uint64_t function);

// Fails with kMachine, naming it, where a caller among `symbols` has no branch to `entry`, nor to another caller (a
// linker puts equal functions together). Parts that a compiler split off ("nft_do_chain_inet.part.0") count as the
// caller. A caller whose symbol is missing is not in this kernel, or cannot be judged.
Result<void> check_callers(Machine machine, std::span<const Symbol> symbols, const Symbol &entry, const ReadCode &read);

} // namespace nft_drops::jit

#endif
