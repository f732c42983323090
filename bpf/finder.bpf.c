// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the kernel's lists of modules and of kprobes, and what tells where the kernel keeps its pages, without reading
 * all of /proc/kallsyms. The program is not part of reader.bpf.c because bpf_kallsyms_lookup_name() came later (Linux
 * 5.16): if this program does not load, user space reads /proc/kallsyms.
 */
#include "helpers.h"
#include "shared/reader.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, struct nd_well_known);
} nd_found SEC(".maps");

/* LIST_HEAD(modules) of kernel/module/main.c; kprobe_table[] of kernel/kprobes.c, which a kernel may lack:
 * CONFIG_KPROBES. */
static const char modules[] = "modules";
static const char kprobe_table[] = "kprobe_table";
/* Variables of arch/x86/mm/kaslr.c; other processors have none. */
static const char vmemmap_base[] = "vmemmap_base";
static const char page_offset_base[] = "page_offset_base";
/* A variable of kernel/vmcore_info.c, once kernel/crash_core.c. */
static const char vmcoreinfo_data[] = "vmcoreinfo_data";

SEC("syscall")
int nd_find(void *ctx __attribute__((unused))) {
	nd_u32 zero = 0;
	struct nd_well_known *found = bpf_map_lookup_elem(&nd_found, &zero);

	if (!found || bpf_kallsyms_lookup_name(modules, sizeof(modules), 0, &found->modules)) return 1;
	bpf_kallsyms_lookup_name(kprobe_table, sizeof(kprobe_table), 0, &found->kprobe_table);
	bpf_kallsyms_lookup_name(vmemmap_base, sizeof(vmemmap_base), 0, &found->vmemmap_base);
	bpf_kallsyms_lookup_name(page_offset_base, sizeof(page_offset_base), 0, &found->page_offset_base);
	/* A name that is looked up costs a walk through all symbols before Linux 6.2. */
	if (!found->vmemmap_base)
		bpf_kallsyms_lookup_name(vmcoreinfo_data, sizeof(vmcoreinfo_data), 0, &found->vmcoreinfo_data);
	return 0;
}

const char nd_license[] SEC("license") = "GPL";
