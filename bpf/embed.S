// SPDX-License-Identifier: GPL-2.0-only
// The compiled BPF side, as read-only data of this program.
	.section .rodata
	.balign 16
	.globl nd_probe_bitcode, nd_probe_bitcode_end, nd_count_bitcode, nd_count_bitcode_end, nd_flows_bitcode, nd_flows_bitcode_end, nd_reader_object, nd_reader_object_end, nd_finder_object, nd_finder_object_end, nd_sockets_object, nd_sockets_object_end
	.hidden nd_probe_bitcode, nd_probe_bitcode_end, nd_count_bitcode, nd_count_bitcode_end, nd_flows_bitcode, nd_flows_bitcode_end, nd_reader_object, nd_reader_object_end, nd_finder_object, nd_finder_object_end, nd_sockets_object, nd_sockets_object_end
nd_probe_bitcode:
	.incbin ND_PROBE_BITCODE
nd_probe_bitcode_end:
	.balign 16
nd_count_bitcode:
	.incbin ND_COUNT_BITCODE
nd_count_bitcode_end:
	.balign 16
nd_flows_bitcode:
	.incbin ND_FLOWS_BITCODE
nd_flows_bitcode_end:
	.balign 16
nd_reader_object:
	.incbin ND_READER_OBJECT
nd_reader_object_end:
	.balign 16
nd_finder_object:
	.incbin ND_FINDER_OBJECT
nd_finder_object_end:
	.balign 16
nd_sockets_object:
	.incbin ND_SOCKETS_OBJECT
nd_sockets_object_end:
	.section .note.GNU-stack, "", %progbits
