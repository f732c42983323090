// SPDX-License-Identifier: GPL-2.0-only
// Proves on this machine's libnftables that the narrow way (narrow_sendto.h) prints what the plain one prints.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_SELFCHECK_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_SELFCHECK_H

namespace nft_drops {

// Loads a small ruleset in a network namespace of its own and compares the text of every rule and chain; the calling
// thread is back in its namespace afterwards. Rendering a rule of the real ruleset the plain way would cost seconds
// where there are 100,000 rules or big sets; this takes about 3 ms. False as well where no such namespace can be made.
bool narrow_way_works();

} // namespace nft_drops

#endif
