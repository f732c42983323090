// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads kernel memory: above all the running kernel's text as it is now, patched by alternatives, static keys and
 * ftrace. User space runs the programs with BPF_PROG_TEST_RUN; they need no kprobes and work under lockdown=integrity.
 * They are raw tracepoint programs that are attached to no tracepoint: of all program types that may read kernel
 * memory, only BPF_PROG_TYPE_RAW_TRACEPOINT can be run by BPF_PROG_TEST_RUN on Linux 5.10.
 */
#include "shared/reader.h"
#include "helpers.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	/* While a system call reads a map, the kernel skips the programs of kprobes on that processor. */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, nd_u32);
	__type(value, struct nd_reader_answer);
} nd_answer SEC(".maps");

SEC("raw_tp")
int nd_read(const struct nd_reader_request *request) {
	nd_u32 zero = 0;
	struct nd_reader_answer *answer = bpf_map_lookup_elem(&nd_answer, &zero);
	nd_u64 n = at_most(request->length, ND_READER_BYTES);

	if (!answer || !n) return 1;
	return bpf_probe_read_kernel(answer->bytes, (nd_u32)n, (void *)request->address) ? 2 : 0;
}

/* Writes the address of the calling thread's struct task_struct into the answer's first 8 bytes. */
SEC("raw_tp")
int nd_current(void *ctx __attribute__((unused))) {
	nd_u32 zero = 0;
	nd_u64 *answer = bpf_map_lookup_elem(&nd_answer, &zero);

	if (!answer) return 1;
	*answer = bpf_get_current_task();
	return 0;
}

const char nd_license[] SEC("license") = "GPL";
