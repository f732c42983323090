/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What proof_test.cpp and guest.c tell each other over pipes: a setup, then runs of the function that it names, each
 * with the content of the arena behind it and answered by a guest_result. A setup may follow at any time.
 */
#ifndef NFT_DROPS_TESTS_UNIT_JIT_MACHINE_AARCH64_GUEST_PROTOCOL_H
#define NFT_DROPS_TESTS_UNIT_JIT_MACHINE_AARCH64_GUEST_PROTOCOL_H

#include "bpf/shared/event.h"

enum { GUEST_SETUP = 1, GUEST_RUN = 2 };
enum { GUEST_SITES = 8, GUEST_HITS = 8, GUEST_STACK_BYTES = 2048, GUEST_ARENA_BYTES = 256 * 1024 };
/* The same on both sides: what the test lays out there is what the guest finds there. */
#define GUEST_ARENA 0x0a000000

struct guest_request {
	nd_u32 kind;
	nd_u32 count; /* of sites; of bytes of the arena */
	/* of a setup */
	nd_u64 function;
	nd_u64 layout; /* the function's struct fixture_layout */
	nd_u64 sites[GUEST_SITES];
	nd_u32 keys; /* that are switched on */
	nd_u32 pad;
	/* of a run */
	nd_u64 pkt, base;
};

struct guest_hit {
	nd_u32 site;
	nd_u32 freed;    /* the packet was freed before */
	nd_u64 regs[33]; /* as in the kernel's struct pt_regs: x0 to x30, sp, pc */
	unsigned char stack[GUEST_STACK_BYTES];
};

struct guest_result {
	nd_u32 returned;
	int evaluations;
	int freed;
	nd_u32 hits; /* more than GUEST_HITS are counted only */
	nd_u64 freed_what;
	struct guest_hit hit[GUEST_HITS];
};

#endif
