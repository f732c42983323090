// SPDX-License-Identifier: GPL-2.0-only
// nf_tables out of the kernel and into it again, as a firewall does that cleans up its modules when it ends.
#ifndef NFT_DROPS_TESTS_GUEST_MODULES_H
#define NFT_DROPS_TESTS_GUEST_MODULES_H

#include <string>

namespace nft_drops::guest {

// Whether nf_tables is a module here.
bool nf_tables_is_module();

// Flushes the ruleset of the present network namespace and of the first one, and unloads nf_tables with all modules
// that use it. What uses nf_tables for a moment, such as a network namespace that is being taken down, is waited for.
// Where something keeps it, the test fails (non-fatally), and is told by what.
bool unload_nf_tables();

// A ruleset that drops datagrams over lo to ports 20000 to 20999. Its rule's comment is "round N". Loaded after
// nf_tables was loaded anew, the rule has the handle of the round before.
std::string ruleset_of_round(int round);

} // namespace nft_drops::guest

#endif
