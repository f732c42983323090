// SPDX-License-Identifier: GPL-2.0-only
// What the kernel of this machine can do, so that a test asks for no more, and hides nothing that could be tried. Told
// by the kernel's own types, or by what `nft-drops probe` found in its code; never by its version.
#ifndef NFT_DROPS_TESTS_GUEST_ABILITIES_H
#define NFT_DROPS_TESTS_GUEST_ABILITIES_H

namespace nft_drops::guest {

// kfree_skb() is told a reason, and one of the reasons is a netfilter drop: `--audit` can work.
bool tells_netfilter_drops();

// The family netdev has the hook egress (enum nf_dev_hooks).
bool has_egress();

// The probe knows which expression of a rule gave the verdict, at every site that sees rules, and the kernel's types
// tell the expression's name: JSON's "by" and the note "dropped by".
bool names_expressions();

// The kernel tells which functions its hooks have (nfnetlink_hook). nft asks the same.
bool tells_hooks();

} // namespace nft_drops::guest

#endif
