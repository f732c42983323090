/* SPDX-License-Identifier: GPL-2.0-only */
/* How user space asks the reader program (bpf/reader.bpf.c) for kernel memory, and what bpf/finder.bpf.c answers. */
#ifndef NFT_DROPS_BPF_SHARED_READER_H
#define NFT_DROPS_BPF_SHARED_READER_H

#include "event.h"

#define ND_READER_BYTES 32768

/* The program's context. It returns 0, or not 0 where the address could not be read. */
struct nd_reader_request {
	nd_u64 address;
	nd_u64 length; /* 1 to ND_READER_BYTES; the bytes are then in element 0 of the program's array */
};

struct nd_reader_answer {
	nd_u8 bytes[ND_READER_BYTES];
};

/* Addresses of kernel symbols; 0: there is none. */
struct nd_well_known {
	nd_u64 modules;
	nd_u64 kprobe_table;
	nd_u64 vmemmap_base;
	nd_u64 page_offset_base;
	nd_u64 vmcoreinfo_data;
};

#endif
