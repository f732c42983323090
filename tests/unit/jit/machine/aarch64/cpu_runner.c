// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executes single AArch64 instructions on demand, see cpu_protocol.h. Free-standing: it needs a compiler for this
 * processor, and no libraries.
 */
#include "cpu_protocol.h"

struct cpu_row {
	const char *text;
	const unsigned char *code;
	cpu_u32 size;
	cpu_u32 exact;
};
extern const struct cpu_row cpu_rows[], cpu_rows_end[];
extern void cpu_run(void);
extern const char cpu_back[], cpu_back_taken[];
struct cpu_state cpu_now;

static long call(long number, long a, long b, long c, long d, long e, long f) {
	register long x8 asm("x8") = number;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;
	register long x2 asm("x2") = c;
	register long x3 asm("x3") = d;
	register long x4 asm("x4") = e;
	register long x5 asm("x5") = f;

	asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
	return x0;
}

enum { READ = 63, WRITE = 64, EXIT = 93, MMAP = 222 };

static _Noreturn void end(int status) {
	for (;;)
		call(EXIT, status, 0, 0, 0, 0, 0);
}

/* All of it, or the end of this program: the test is gone. */
static void transfer(long number, void *at, unsigned long bytes) {
	for (char *p = at; bytes;) {
		const long n = call(number, number == READ ? 0 : 1, (long)p, (long)bytes, 0, 0, 0);

		if (n <= 0) end(n ? 1 : 0);
		p += n;
		bytes -= (unsigned long)n;
	}
}

static void *map(unsigned long at) {
	enum { BYTES = 4096, ALL = 7, PRIVATE_FIXED_ANONYMOUS = 0x32 };

	if (call(MMAP, (long)at, BYTES, ALL, PRIVATE_FIXED_ANONYMOUS, -1, 0) != (long)at) end(2);
	return (void *)at;
}

static void copy(void *to, const void *from, unsigned long bytes) {
	volatile unsigned char *t = to;

	for (const unsigned char *f = from; bytes--;)
		*t++ = *f++;
}

static cpu_u32 jump(const void *from, const void *to) {
	return 0x14000000U | (((cpu_u32)((const char *)to - (const char *)from) >> 2) & 0x03ffffffU);
}

static void run(const struct cpu_request *request, unsigned char *code) {
	unsigned char *const scratch = (unsigned char *)CPU_SCRATCH;
	cpu_u32 *const behind = (cpu_u32 *)(code + request->size);

	copy(code, request->code, request->size);
	behind[0] = jump(behind, cpu_back);
	behind[1] = jump(behind + 1, cpu_back_taken);
	__builtin___clear_cache((char *)code, (char *)(behind + 2));
	copy(scratch, request->before.memory, CPU_SCRATCH_BYTES);
	cpu_now = request->before;
	cpu_run();
	copy(cpu_now.memory, scratch, CPU_SCRATCH_BYTES);
}

/* What the compiler calls without being told. */
void __clear_cache(void *begin, void *end_);
void __clear_cache(void *begin, void *end_) {
	for (char *p = (char *)((unsigned long)begin & ~15UL); p < (char *)end_; p += 16)
		asm volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0" : : "r"(p) : "memory");
	asm volatile("dsb ish\n\tisb" : : : "memory");
}

void *memcpy(void *to, const void *from, unsigned long bytes);
void *memcpy(void *to, const void *from, unsigned long bytes) {
	copy(to, from, bytes);
	return to;
}

void *memset(void *to, int value, unsigned long bytes);
void *memset(void *to, int value, unsigned long bytes) {
	volatile unsigned char *t = to;

	while (bytes--)
		*t++ = (unsigned char)value;
	return to;
}

_Noreturn void cpu_main(void);
_Noreturn void cpu_main(void) {
	static struct cpu_request request;
	unsigned char *const code = map(CPU_CODE_PAGE);
	cpu_u64 rows = (cpu_u64)(cpu_rows_end - cpu_rows);

	map(CPU_SCRATCH);
	transfer(WRITE, &rows, sizeof(rows));
	for (const struct cpu_row *r = cpu_rows; r != cpu_rows_end; r++) {
		struct cpu_row_text row = {.size = r->size, .exact = r->exact};

		for (int i = 0; r->text[i] && i < CPU_TEXT_BYTES - 1; i++)
			row.text[i] = r->text[i];
		if (r->size > CPU_CODE_BYTES) end(3);
		copy(row.code, r->code, r->size);
		transfer(WRITE, &row, sizeof(row));
	}
	for (;;) {
		transfer(READ, &request, sizeof(request));
		run(&request, code);
		transfer(WRITE, &cpu_now, sizeof(cpu_now));
	}
}
