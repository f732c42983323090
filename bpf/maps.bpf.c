// SPDX-License-Identifier: GPL-2.0-only
/*
 * The maps of probe.bpf.c, its licence and its variable. They are in a file of their own because libbpf knows maps by
 * their debug information (BTF), and the code compiles faster at run time without any. The build links the two files.
 */
#include "helpers.h"
#include "ignored_map.h"
#include "pieces.h"
#include "shared/select.h"
#include "shared/site.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* the loader sets the true size */
} nd_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, struct nd_of_cpu);
} nd_here SEC(".maps");

/* The loader makes the next two small where nobody asks for an audit. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ND_IN_HAND);
	__type(key, nd_u64);
	__type(value, nd_u32);
} nd_in_hand SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, struct nd_netfilter_code);
} nd_netfilter SEC(".maps");

/* The loader makes this one only where the user gave a SELECTOR. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, struct nd_selected);
} nd_selected SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, struct nd_pieces);
} nd_pieces SEC(".maps");

volatile struct nd_watched nd_watched = {0};

const char nd_license[] SEC("license") = "GPL";

#include "types_inside.h"
