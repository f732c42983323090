// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads kernel memory: the running kernel's text as it is now, patched by alternatives, static keys and ftrace.
 * Run with BPF_PROG_TEST_RUN; needs no kprobes and works under lockdown=integrity. A raw tracepoint's program, though
 * there is no tracepoint: of all types that may read memory, that one can be run like this since Linux 5.10.
 */
#include "shared/reader.h"
#include "helpers.h"

struct {
	MAP_INT(type, MAP_ARRAY);
	MAP_INT(max_entries, 1);
	MAP_TYPE(key, nd_u32);
	MAP_TYPE(value, struct nd_reader_answer);
} nd_answer SEC(".maps");

SEC("raw_tp")
int nd_read(const struct nd_reader_request *request) {
	nd_u32 zero = 0;
	struct nd_reader_answer *answer = bpf_map_lookup_elem(&nd_answer, &zero);
	nd_u64 n = at_most(request->length, ND_READER_BYTES);

	if (!answer || !n) return 1;
	return bpf_probe_read_kernel(answer->bytes, (nd_u32)n, (void *)request->address) ? 2 : 0;
}

/* Of the thread that runs it: the address of its struct task_struct, in the answer's first bytes. */
SEC("raw_tp")
int nd_current(void *ctx __attribute__((unused))) {
	nd_u32 zero = 0;
	nd_u64 *answer = bpf_map_lookup_elem(&nd_answer, &zero);

	if (!answer) return 1;
	*answer = bpf_get_current_task();
	return 0;
}

const char nd_license[] SEC("license") = "GPL";
