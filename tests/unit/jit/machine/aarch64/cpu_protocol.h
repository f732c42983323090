/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What cpu_test.cpp and cpu_runner.c, which runs on an AArch64 processor, real or QEMU's, tell each other over pipes.
 * First the runner writes the number of rows (cpu_u64) and each struct cpu_row_text, then answers each cpu_request with
 * a cpu_state.
 */
#ifndef NFT_DROPS_TESTS_UNIT_JIT_MACHINE_AARCH64_CPU_PROTOCOL_H
#define NFT_DROPS_TESTS_UNIT_JIT_MACHINE_AARCH64_CPU_PROTOCOL_H

typedef unsigned int cpu_u32;
typedef unsigned long long cpu_u64;

enum { CPU_SCRATCH_BYTES = 512, CPU_CODE_BYTES = 32, CPU_TEXT_BYTES = 88 };
/* Where the runner has them. */
#define CPU_SCRATCH 0x03000000
#define CPU_CODE_PAGE 0x02000000

struct cpu_row_text {
	char text[CPU_TEXT_BYTES];
	unsigned char code[CPU_CODE_BYTES];
	cpu_u32 size;
	cpu_u32 exact;
};

/* Offsets are known to cpu_instructions.S. */
struct cpu_state {
	cpu_u64 registers[31];
	cpu_u64 sp;
	cpu_u64 nzcv;  /* as the system register has it */
	cpu_u64 taken; /* left by the word behind the code's end, not by the end */
	unsigned char memory[CPU_SCRATCH_BYTES];
};

struct cpu_request {
	unsigned char code[CPU_CODE_BYTES];
	cpu_u64 size;
	struct cpu_state before;
};

#endif
