// SPDX-License-Identifier: GPL-2.0-only
// The entries of a netfilter hook in the kernel's own order: what `nft list hooks` reads (nfnetlink_hook, Linux 5.14).
#ifndef NFT_DROPS_NFT_EXT_RULESET_DETAILS_HOOK_ORDER_H
#define NFT_DROPS_NFT_EXT_RULESET_DETAILS_HOOK_ORDER_H

#include "nft-ext/ruleset/details/details.h"
#include "nft-ext/ruleset/netlink/netlink.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops {

// More entries are not shown: a hostile namespace may register any number of chains (the kernel allows 1024 per hook).
inline constexpr size_t kMostHookEntries = 64;

// One message of the kernel's answer. nullopt where it is no entry of a hook.
std::optional<HookEntry> hook_entry_of(const nlmsghdr *message);

// All entries of the hook in this network namespace. `pf` and `hook` are nd_event.pf and nd_event.hook; `device` is the
// name of the device for hooks of netdev, else empty. Empty where the kernel does not tell them.
std::vector<HookEntry> read_hook(Query &query, uint8_t pf, uint8_t hook, const std::string &device);

// The dropper among the entries: the nf_tables chain of that family, table and name. nullopt where the kernel does not
// list exactly one such chain (it lists no NAT chains: nf_nat calls them).
std::optional<HookOrder> order_with_dropper(std::vector<HookEntry> entries, std::string_view family,
                                            std::string_view table, std::string_view chain);

} // namespace nft_drops

#endif
