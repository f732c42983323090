// SPDX-License-Identifier: GPL-2.0-only
// The compiled BPF side, as read-only data of this program.
	.macro embed name, file
	.globl \name, \name\()_end
	.hidden \name, \name\()_end
	.balign 16
\name:
	.incbin "\file"
\name\()_end:
	.endm

	.section .rodata
	embed nd_probe_bitcode, ND_PROBE
	embed nd_probe_plain_loads_bitcode, ND_PROBE_PLAIN_LOADS
	embed nd_probe_plain_calls_bitcode, ND_PROBE_PLAIN_CALLS
	embed nd_count_bitcode, ND_COUNT
	embed nd_flows_bitcode, ND_FLOWS
	embed nd_reader_object, ND_READER
	embed nd_finder_object, ND_FINDER
	embed nd_sockets_object, ND_SOCKETS
	.section .note.GNU-stack, "", %progbits
