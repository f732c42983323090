/* SPDX-License-Identifier: GPL-2.0-only */
/* The map nd_ignored of every probe template: ND_IGNORED_MAP of shared/self_test.h. For the files of maps. */
#ifndef NFT_DROPS_BPF_IGNORED_MAP_H
#define NFT_DROPS_BPF_IGNORED_MAP_H

#include "helpers.h"
#include "shared/self_test.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ND_IGNORED_SLOTS);
	__type(key, nd_u32);
	__type(value, nd_u64);
} nd_ignored SEC(".maps");

#endif
