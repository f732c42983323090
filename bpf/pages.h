/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the bytes of a page are. */
#ifndef NFT_DROPS_BPF_PAGES_H
#define NFT_DROPS_BPF_PAGES_H

#include "shared/site.h"

/*
 * Address of the first byte of a page, in the direct map: page_address(). `page` is a struct page * or a netmem_ref. 0:
 * the bytes cannot be read. The caller has asked for more->page_bits: where pages are not known, no fragment is looked
 * for.
 */
static __always_inline nd_u64 address_of_page(nd_u64 page, const struct nd_match_layout *more) {
	if (page & 1) return 0; /* netmem_is_net_iov(): memory of a device */
	return more->page_offset + ((page - more->vmemmap) >> more->page_shift << more->page_bits);
}

#endif
