// SPDX-License-Identifier: GPL-2.0-only
// The table of cpu_test.cpp: single instructions (and a few sequences) as the assembler encodes them, and the way to
// run one with chosen registers.
//
// Roles, so that memory operands stay within the test's scratch memory: x19, x20, x21 and sp point into it, x22 is 0 to
// 7, x23 -64 to 63, and w24 the like, below any upper half. All other registers and the flags are arbitrary.
	.arch armv8.5-a+memtag

// exact: all registers and flags have to be known after it.
// sound: what is known after it has to be right.
.macro row exact, text:vararg
	.pushsection .rodata.cpu_texts, "a", @progbits
771:	.asciz "\text"
	.popsection
	.pushsection .rodata.cpu_code, "a", @progbits
	.balign 4
772:	\text
773:
	.popsection
	.pushsection .data.cpu_rows, "aw", @progbits
	.quad 771b, 772b
	.long 773b - 772b, \exact
	.popsection
.endm
.macro exact text:vararg
	row 1, \text
.endm
.macro sound text:vararg
	row 0, \text
.endm
// Several instructions, one after the other.
.macro sequence exact, a, b, c=nop
	.pushsection .rodata.cpu_texts, "a", @progbits
771:	.asciz "\a, \b, \c"
	.popsection
	.pushsection .rodata.cpu_code, "a", @progbits
	.balign 4
772:	\a
	\b
	\c
773:
	.popsection
	.pushsection .data.cpu_rows, "aw", @progbits
	.quad 771b, 772b
	.long 773b - 772b, \exact
	.popsection
.endm

	.pushsection .data.cpu_rows, "aw", @progbits
	.globl cpu_rows
	.balign 8
cpu_rows:
	.popsection

// Addition and subtraction.
.irp op, add, sub, adds, subs
	exact \op x0, x1, x2
	exact \op w0, w1, w2
	exact \op x0, x1, x1
	exact \op x5, x5, x6
	exact \op x0, xzr, x2
	exact \op x0, x1, xzr
	exact \op x0, x1, x2, lsl #3
	exact \op x0, x1, x2, lsr #1
	exact \op x0, x1, x2, asr #63
	exact \op w0, w1, w2, lsl #31
	exact \op w0, w1, w2, lsr #7
	exact \op w0, w1, w2, asr #12
	exact \op x3, x4, #0
	exact \op x3, x4, #0x123
	exact \op x3, x4, #0xfff, lsl #12
	exact \op w3, w4, #0xfff
	exact \op w3, w4, #1, lsl #12
	exact \op x0, x1, w2, uxtb
	exact \op x0, x1, w2, uxth #1
	exact \op x0, x1, w2, uxtw #2
	exact \op x0, x1, x2, uxtx #3
	exact \op x0, x1, w2, sxtb #4
	exact \op x0, x1, w2, sxth
	exact \op x0, x1, w2, sxtw #3
	exact \op x0, x1, x2, sxtx #1
	exact \op w0, w1, w2, sxtb
	exact \op w0, w1, w2, uxth #2
	exact \op x0, sp, #24
	exact \op x0, sp, x1
.endr
.irp op, cmp, cmn
	exact \op x1, x2
	exact \op w1, w2
	exact \op x1, #5
	exact \op w1, #1
	exact \op sp, #64
	exact \op x1, w2, sxtw
.endr
	exact add sp, sp, #32
	exact sub sp, sp, #32
	exact add sp, sp, x22, lsl #4
	exact mov x0, sp
	exact neg x0, x1
	exact negs w0, w1
.irp op, adc, adcs, sbc, sbcs
	exact \op x0, x1, x2
	exact \op w0, w1, w2
	exact \op x0, xzr, x2
.endr

// Logic.
.irp op, and, orr, eor, ands, bic, orn, eon, bics
	exact \op x0, x1, x2
	exact \op w0, w1, w2
	exact \op x0, x1, x1
	exact \op w0, w1, w1
	exact \op x0, xzr, x2
	exact \op w0, wzr, w2
	exact \op x0, x1, xzr
	exact \op x0, x1, x2, lsl #9
	exact \op x0, x1, x2, lsr #33
	exact \op x0, x1, x2, asr #5
	exact \op x0, x1, x2, ror #17
	exact \op w0, w1, w2, ror #17
	exact \op w0, w1, w2, asr #31
.endr
.irp op, and, orr, eor, ands
	exact \op x0, x1, #0xff
	exact \op x0, x1, #0xf0f0f0f0f0f0f0f0
	exact \op x0, x1, #0x7ffffffffffffffe
	exact \op x0, x1, #0x8000000000000001
	exact \op x0, x1, #0xffffffff00000000
	exact \op x0, x1, #0x5555555555555555
	exact \op x0, x1, #0x00ff00ff00ff00ff
	exact \op w0, w1, #1
	exact \op w0, w1, #0x80000001
	exact \op w0, w1, #0xfffffffe
	exact \op w0, w1, #0xcccccccc
.endr
	exact tst x1, #0xfc
	exact tst w1, w2
	exact mvn x0, x1
	exact mov x0, x1
	exact mov w0, w1
	exact orr x0, xzr, #0xff00

// Constants.
.irp op, movz, movn, movk
	exact \op x0, #0x1234
	exact \op x0, #0x8765, lsl #16
	exact \op x0, #0xffff, lsl #32
	exact \op x0, #1, lsl #48
	exact \op w0, #0x1234
	exact \op w0, #0x8765, lsl #16
.endr
	exact adr x0, .+12
	exact adr x0, .-0x1234
	exact adrp x0, .+0x123000
	exact adrp x0, .-0x5000

// Bit-fields.
.irp op, ubfm, sbfm, bfm
	exact \op x0, x1, #0, #0
	exact \op x0, x1, #0, #7
	exact \op x0, x1, #0, #63
	exact \op x0, x1, #1, #12
	exact \op x0, x1, #13, #54
	exact \op x0, x1, #63, #63
	exact \op x0, x1, #31, #0
	exact \op x0, x1, #32, #31
	exact \op x0, x1, #60, #15
	exact \op x0, x1, #63, #62
	exact \op w0, w1, #0, #15
	exact \op w0, w1, #3, #9
	exact \op w0, w1, #31, #31
	exact \op w0, w1, #31, #0
	exact \op w0, w1, #30, #7
	exact \op w0, w1, #8, #7
.endr
	exact lsl x0, x1, #5
	exact lsr w0, w1, #5
	exact asr x0, x1, #63
	exact uxtb w0, w1
	exact sxtw x0, w1
	exact bfi x0, x1, #8, #4
	exact bfxil w0, w1, #8, #4
	exact bfc x0, #8, #4
	exact extr x0, x1, x2, #17
	exact extr x0, x1, x2, #0
	exact extr w0, w1, w2, #31
	exact ror x0, x1, #9
.irp op, lsl, lsr, asr, ror
	exact \op x0, x1, x2
	exact \op w0, w1, w2
	exact \op x0, x1, x22
.endr

// Conditions.
.irp cc, eq, ne, cs, cc, mi, pl, vs, vc, hi, ls, ge, lt, gt, le, al, nv
	exact csel x0, x1, x2, \cc
	exact csel w0, w1, w2, \cc
	exact csinc x0, x1, x2, \cc
	exact csinc w0, wzr, wzr, \cc
	exact csinv x0, x1, x2, \cc
	exact csinv w0, w1, w2, \cc
	exact csneg x0, x1, x2, \cc
	exact csneg w0, w1, w2, \cc
	exact ccmp x1, x2, #5, \cc
	exact ccmp w1, w2, #10, \cc
	exact ccmp x1, #17, #0, \cc
	exact ccmn x1, x2, #15, \cc
	exact ccmn w1, #31, #3, \cc
.endr

// Multiplication and division.
.irp op, madd, msub
	exact \op x0, x1, x2, x3
	exact \op w0, w1, w2, w3
	exact \op x0, x1, x2, xzr
.endr
.irp op, smaddl, smsubl, umaddl, umsubl
	exact \op x0, w1, w2, x3
	exact \op x0, w1, w2, xzr
.endr
	exact umulh x0, x1, x2
	exact smulh x0, x1, x2
.irp op, udiv, sdiv
	exact \op x0, x1, x2
	exact \op w0, w1, w2
	exact \op x0, x1, xzr
.endr

// One register.
.irp op, rbit, rev16, rev, clz, cls
	exact \op x0, x1
	exact \op w0, w1
.endr
	exact rev32 x0, x1

// Memory.
.irp op, ldr, str
	exact \op x0, [x19]
	exact \op x0, [x19, #16]
	exact \op x0, [sp, #8]
	exact \op w0, [x20, #12]
	exact \op xzr, [x20]
	exact \op x0, [x19, #-5]
	exact \op x0, [x19, #16]!
	exact \op x0, [x19, #-16]!
	exact \op x0, [x19], #24
	exact \op w0, [sp, #-16]!
	exact \op w0, [sp], #16
	exact \op x0, [x19, x22]
	exact \op x0, [x19, x22, lsl #3]
	exact \op x0, [x19, x23]
	exact \op w0, [x19, w22, uxtw #2]
	exact \op w0, [x19, w24, sxtw]
	exact \op x0, [x21, w24, sxtw]
	exact \op\()b w0, [x19]
	exact \op\()b w0, [x19, #3]
	exact \op\()b w0, [x19, #-1]
	exact \op\()b w0, [x19], #1
	exact \op\()b w0, [x19, x22]
	exact \op\()h w0, [x19, #6]
	exact \op\()h w0, [x19, #-3]!
	exact \op\()h w0, [x19, x22, lsl #1]
.endr
	exact ldrsb w0, [x19, #1]
	exact ldrsb x0, [x19, #1]
	exact ldrsb x0, [x19, x22]
	exact ldrsh w0, [x19, #2]
	exact ldrsh x0, [x19], #2
	exact ldrsw x0, [x19, #4]
	exact ldrsw x0, [x19, #-4]
	exact ldrsw x0, [x19, x22, lsl #2]
	exact ldur x0, [x19, #3]
	exact ldurb w0, [x19, #-16]
	exact stur w0, [x19, #-3]
	exact ldtr x0, [x19, #8]
	exact sttr w0, [x19, #8]
	sequence 1, "ldr x0, .+8", "b .+12", ".quad 0x8877665544332211"
	sequence 1, "ldr w0, .+8", "b .+8", ".word 0x88776655"
	sequence 1, "ldrsw x0, .+8", "b .+8", ".word 0x88776655"
.irp op, ldp, stp
	exact \op x0, x1, [x19]
	exact \op x0, x1, [x19, #-16]
	exact \op x29, x30, [sp, #-32]!
	exact \op x29, x30, [sp], #32
	exact \op w0, w1, [x20, #8]
	exact \op w0, w1, [x20], #-8
	exact \op x0, xzr, [x20, #16]!
.endr
	exact ldpsw x0, x1, [x19, #8]
	exact ldpsw x0, x1, [x19], #8
	exact ldnp x0, x1, [x19, #16]
	exact stnp w0, w1, [x19, #8]
.macro atomic op
.irp order, "", a, l, al
	exact \op\order x0, x1, [x19]
	exact \op\order w0, w1, [x19]
.endr
.irp order, b, ab, lb, alb, h, ah, lh, alh
	exact \op\order w0, w1, [x19]
.endr
.endm
.irp op, ldadd, ldclr, ldeor, ldset, ldsmax, ldsmin, ldumax, ldumin, swp, cas
	atomic \op
.endr
	sequence 1, "ldr x0, [x19]", "cas x0, x1, [x19]"
	exact stadd x0, [x19]
	exact ldapr x0, [x19]
	exact ldaprb w0, [x19]
	exact ldapur w0, [x19, #-8]
	exact ldapursb x0, [x19, #3]
	exact stlur x0, [x19, #-8]
	exact ldar x0, [x19]
	exact ldarb w0, [x19]
	exact stlr w0, [x19]
	exact stlrh w0, [x19]
	sequence 1, "ldxr x0, [x19]", "add x0, x0, #1", "stxr w1, x0, [x19]"
	sequence 1, "ldaxrb w0, [x19]", "eor w0, w0, #3", "stlxrb w1, w0, [x19]"
	exact ldxp x0, x1, [x19]

// No effect.
	exact nop
	exact yield
	exact hint #34
	exact hint #36
	sequence 1, "paciasp", "autiasp"
	exact dmb ish
	exact dsb ishst
	exact isb
	exact clrex
	exact csdb
	exact prfm pldl1keep, [x19, #64]
	exact prfum pldl1strm, [x19, #-8]
	exact prfm pldl1keep, [x19, x22]

// Jumps.
	exact b .+4
	sequence 1, "adr x0, .+12", "br x0", "nop"

// Everything else may be unknown, and must not be wrong.
	sound mrs x0, nzcv
	sound mrs x0, tpidr_el0
	sound mrs x0, fpcr
	sound msr nzcv, x0
	sound msr fpcr, xzr
	sound cfinv
	sound rmif x0, #3, #15
	sound setf8 w0
	sound setf16 w0
	sound xaflag
	sound axflag
	sound crc32b w0, w1, w2
	sound crc32x w0, w1, x2
	sound pacia x0, x1
	sound pacga x0, x1, x2
	sound xpacd x0
	sound hint #10
	sound casp x0, x1, x2, x3, [x19]
	sequence 0, "ldxp x0, x1, [x19]", "stxp w2, x3, x4, [x19]"
	sound dc zva, x19
	sound irg x0, x1
	sound addg x0, x1, #16, #1
	sound subp x0, x1, x2
	sound gmi x0, x1, x2
	sound fmov x0, d0
	sound fmov d0, x0
	sound umov w0, v0.b[1]
	sound fcvtzs x0, d1
	sound fcmp d0, d1
	sound fccmp d0, d1, #4, eq
	sound fcsel d0, d1, d2, ne
	sound ldr q0, [x20], #16
	sound str q0, [x20]
	sound stp q0, q1, [x20]
	sound ld1 {v0.16b}, [x20], #16
	sound st1 {v0.16b}, [x20], #16

	.pushsection .data.cpu_rows, "aw", @progbits
	.globl cpu_rows_end
cpu_rows_end:
	.popsection

// void cpu_run(void): loads cpu_now's registers, stack pointer and flags, goes to the code page (whose
// address the linker knows) and, when that jumps to
// cpu_back or cpu_back_taken, stores them again.
	.text
	.globl cpu_run
	.type cpu_run, @function
cpu_run:
	.irp pair, "x19, x20", "x21, x22", "x23, x24", "x25, x26", "x27, x28", "x29, x30"
	stp \pair, [sp, #-16]!
	.endr
	adrp x0, cpu_own_sp
	mov x1, sp
	str x1, [x0, :lo12:cpu_own_sp]
	adrp x0, cpu_now
	add x0, x0, :lo12:cpu_now
	ldp x1, x2, [x0, #248]
	mov sp, x1
	msr nzcv, x2
	.irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	ldr x\n, [x0, #8 * \n]
	.endr
	ldr x0, [x0]
	b cpu_code_page
	.size cpu_run, . - cpu_run

	.globl cpu_back_taken, cpu_back
	.type cpu_back, @function
cpu_back_taken:
	msr tpidr_el0, x0
	adrp x0, cpu_now
	add x0, x0, :lo12:cpu_now
	str x1, [x0, #8]
	mov x1, #1
	str x1, [x0, #264]
	b 1f
cpu_back:
	msr tpidr_el0, x0
	adrp x0, cpu_now
	add x0, x0, :lo12:cpu_now
	str x1, [x0, #8]
	str xzr, [x0, #264]
1:	mrs x1, nzcv
	str x1, [x0, #256]
	mov x1, sp
	str x1, [x0, #248]
	.irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	str x\n, [x0, #8 * \n]
	.endr
	mrs x1, tpidr_el0
	str x1, [x0]
	adrp x0, cpu_own_sp
	ldr x1, [x0, :lo12:cpu_own_sp]
	mov sp, x1
	.irp pair, "x29, x30", "x27, x28", "x25, x26", "x23, x24", "x21, x22", "x19, x20"
	ldp \pair, [sp], #16
	.endr
	ret
	.size cpu_back, . - cpu_back

// The program's entry: the C part, on a stack aligned as it must be.
	.globl _start
	.type _start, @function
_start:
	bl cpu_main
	.size _start, . - _start

	.local cpu_own_sp
	.comm cpu_own_sp, 8, 8
	.section .note.GNU-stack, "", @progbits
