// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the kernel's lists of modules and of kprobes without reading all of /proc/kallsyms. Apart from the reader,
 * since its helper came later (Linux 5.16): where this program does not load, the slow way is taken.
 */
#include "helpers.h"
#include "shared/reader.h"

HELPER long (*const bpf_kallsyms_lookup_name)(const char *name, int size, int flags, nd_u64 *address) = (void *)179;

struct {
	MAP_INT(type, MAP_ARRAY);
	MAP_INT(max_entries, 1);
	MAP_TYPE(key, nd_u32);
	MAP_TYPE(value, struct nd_well_known);
} nd_found SEC(".maps");

/* LIST_HEAD(modules) of kernel/module/main.c; kprobe_table[] of kernel/kprobes.c, which a kernel may lack. */
static const char modules[] = "modules";
static const char kprobe_table[] = "kprobe_table";

SEC("syscall")
int nd_find(void *ctx __attribute__((unused))) {
	nd_u32 zero = 0;
	struct nd_well_known *found = bpf_map_lookup_elem(&nd_found, &zero);

	if (!found || bpf_kallsyms_lookup_name(modules, sizeof(modules), 0, &found->modules)) return 1;
	bpf_kallsyms_lookup_name(kprobe_table, sizeof(kprobe_table), 0, &found->kprobe_table);
	return 0;
}

const char nd_license[] SEC("license") = "GPL";
