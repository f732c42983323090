// SPDX-License-Identifier: GPL-2.0-only
// The table of cpu_test.cpp: single instructions as the assembler encodes them, and the way to run one with chosen
// registers.
//
// Roles, so that memory operands stay within the test's scratch memory: rdi, rsi, rbp and rsp point into it, r8 is 0 to
// 7 and r11 -256 to 255. All other registers and the flags are arbitrary.

// exact: all registers, and of the flags `must`, have to be known after it.
// sound: what is known after it has to be right.
	.set CF, 0x1
	.set PF, 0x4
	.set ZF, 0x40
	.set SF, 0x80
	.set OF, 0x800
	.set ALL, CF | PF | ZF | SF | OF

.macro row exact, must, undefined, text:vararg
	.pushsection .rodata.cpu_texts, "a", @progbits
771:	.asciz "\text"
	.popsection
	.pushsection .rodata.cpu_code, "a", @progbits
772:	\text
773:
	.popsection
	.pushsection .data.rel.ro.cpu_rows, "aw", @progbits
	.quad 771b, 772b
	.long 773b - 772b, \exact, \must, \undefined
	.popsection
.endm
.macro exact must, text:vararg
	row 1, \must, 0, \text
.endm
.macro sound undefined, text:vararg
	row 0, 0, \undefined, \text
.endm

	.pushsection .data.rel.ro.cpu_rows, "aw", @progbits
	.globl cpu_rows
	.hidden cpu_rows
	.balign 8
cpu_rows:
	.popsection

// Two operands.
.irp op, add, adc, sub, sbb, and, or, xor, cmp, test
	exact ALL, \op\()q %rcx, %rax
	exact ALL, \op\()q %r9, %rbx
	exact ALL, \op\()q %rdx, %r15
	exact ALL, \op\()q %rax, %rax
	exact ALL, \op\()q %r12, %r12
	exact ALL, \op\()l %ecx, %eax
	exact ALL, \op\()l %r9d, %ebx
	exact ALL, \op\()l %edx, %r13d
	exact ALL, \op\()l %edx, %edx
	exact ALL, \op\()w %cx, %ax
	exact ALL, \op\()w %r10w, %dx
	exact ALL, \op\()w %bx, %bx
	exact ALL, \op\()b %cl, %al
	exact ALL, \op\()b %ah, %bl
	exact ALL, \op\()b %cl, %dh
	exact ALL, \op\()b %ah, %al
	exact ALL, \op\()b %ch, %ch
	exact ALL, \op\()b %r9b, %r14b
	exact ALL, \op\()b %sil, %al
	exact ALL, \op\()q $0x12, %rdx
	exact ALL, \op\()q $-1, %rdx
	exact ALL, \op\()q $0x12345678, %rdx
	exact ALL, \op\()q $-0x12345678, %r9
	exact ALL, \op\()q $5, %rax
	exact ALL, \op\()q $-0x7fffffff, %rax
	exact ALL, \op\()l $-7, %edx
	exact ALL, \op\()l $0x7654321, %r10d
	exact ALL, \op\()l $0x87654321, %eax
	exact ALL, \op\()w $-3, %dx
	exact ALL, \op\()w $0x1234, %cx
	exact ALL, \op\()w $0x8234, %ax
	exact ALL, \op\()b $0x77, %al
	exact ALL, \op\()b $0x80, %dl
	exact ALL, \op\()b $0x81, %dh
	exact ALL, \op\()b $-1, %r9b
	exact ALL, \op\()q %rcx, 8(%rdi)
	exact ALL, \op\()l %ecx, 12(%rsp)
	exact ALL, \op\()w %r9w, -2(%rdi)
	exact ALL, \op\()b %cl, 3(%rsp)
	exact ALL, \op\()b %ch, 3(%rdi)
	exact ALL, \op\()q $0x55, 8(%rsp)
	exact ALL, \op\()q $-0x12345678, -16(%rbp)
	exact ALL, \op\()l $0x55, 8(%rsp)
	exact ALL, \op\()l $-2, (%rdi,%r8,4)
	exact ALL, \op\()w $0x55, 8(%rsp)
	exact ALL, \op\()w $0x4321, 8(%rsi)
	exact ALL, \op\()b $0xff, (%rdi)
	exact ALL, \op\()b $0x0, 1(%rsp,%r8,1)
.endr
.irp op, add, adc, sub, sbb, and, or, xor, cmp
	exact ALL, \op\()q 8(%rdi), %rcx
	exact ALL, \op\()q (%rdi,%r8,8), %rcx
	exact ALL, \op\()l 4(%rsp), %eax
	exact ALL, \op\()w 2(%rsp), %r9w
	exact ALL, \op\()b 1(%rsp), %al
	exact ALL, \op\()b 1(%rdi), %bh
.endr

// One operand.
.irp op, inc, dec, neg, not
	exact ALL, \op\()q %rax
	exact ALL, \op\()q %r12
	exact ALL, \op\()l %ecx
	exact ALL, \op\()l %r9d
	exact ALL, \op\()w %dx
	exact ALL, \op\()b %bl
	exact ALL, \op\()b %bh
	exact ALL, \op\()b %r10b
	exact ALL, \op\()q 8(%rdi)
	exact ALL, \op\()l (%rsp)
	exact ALL, \op\()w 6(%rsp)
	exact ALL, \op\()b 5(%rdi,%r8,2)
.endr

// Shifts; which flags are defined depends on the count, see cpu_test.cpp.
.irp op, shl, shr, sar
.irp count, $1, $3, $7, $8, $15, $31, $63, %cl
	exact 0, \op\()q \count, %rdx
	exact 0, \op\()q \count, %r9
	exact 0, \op\()l \count, %edx
	exact 0, \op\()l \count, %eax
	exact 0, \op\()w \count, %bx
	exact 0, \op\()b \count, %al
	exact 0, \op\()b \count, %dh
	exact 0, \op\()q \count, 8(%rdi)
	exact 0, \op\()l \count, 4(%rsp)
	exact 0, \op\()w \count, 2(%rdi)
	exact 0, \op\()b \count, 1(%rsp)
.endr
	exact 0, \op\()q %cl, %rcx
	exact 0, \op\()l %cl, %ecx
.endr

// Multiplication: only carry and overflow are defined after it.
	row 1, 0, SF | ZF | PF, imulq %rcx, %rax
	row 1, 0, SF | ZF | PF, imull %ecx, %r9d
	row 1, 0, SF | ZF | PF, imulw %cx, %ax
	row 1, 0, SF | ZF | PF, imulq 8(%rdi), %rdx
	row 1, 0, SF | ZF | PF, imull 8(%rsp), %edx
	row 1, 0, SF | ZF | PF, imulq $24, %rcx, %rax
	row 1, 0, SF | ZF | PF, imulq $-0x12345678, %rcx, %r9
	row 1, 0, SF | ZF | PF, imull $-5, %ecx, %eax
	row 1, 0, SF | ZF | PF, imull $0x12345678, 4(%rdi), %eax
	row 1, 0, SF | ZF | PF, imulw $0x1234, %cx, %bx

// Bits.
.irp op, bt, bts, btr, btc
	row 1, CF, OF | SF | PF, \op\()q %rcx, %rax
	row 1, CF, OF | SF | PF, \op\()l %ecx, %eax
	row 1, CF, OF | SF | PF, \op\()w %cx, %bx
	row 1, CF, OF | SF | PF, \op\()q $42, %rdx
	row 1, CF, OF | SF | PF, \op\()l $31, %r9d
	row 1, CF, OF | SF | PF, \op\()w $9, %ax
	row 1, CF, OF | SF | PF, \op\()q $63, 8(%rdi)
	row 1, CF, OF | SF | PF, \op\()l $17, 4(%rsp)
	row 0, 0, OF | SF | PF, \op\()q %r11, (%rdi)
	row 0, 0, OF | SF | PF, \op\()l %r11d, (%rdi)
	row 0, 0, OF | SF | PF, \op\()w %r11w, (%rdi)
.endr

// Conditions.
.irp cc, o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g
	exact ALL, set\cc %al
	exact ALL, set\cc %ch
	exact ALL, set\cc %r9b
	exact ALL, set\cc 3(%rsp)
	exact ALL, cmov\cc\()q %rcx, %rax
	exact ALL, cmov\cc\()l %r9d, %edx
	exact ALL, cmov\cc\()w %cx, %bx
	exact ALL, cmov\cc\()q 8(%rdi), %rbx
	exact ALL, cmov\cc\()l 8(%rsp), %r10d
.endr

// Moves.
	exact ALL, movq %rcx, %rax
	exact ALL, movq %r15, %r9
	exact ALL, movl %ecx, %eax
	exact ALL, movl %edx, %edx
	exact ALL, movw %cx, %ax
	exact ALL, movb %cl, %al
	exact ALL, movb %ah, %bl
	exact ALL, movb %cl, %dh
	exact ALL, movb %bh, %ch
	exact ALL, movb %r9b, %al
	exact ALL, movq $-2, %rax
	exact ALL, movq $0x7fffffff, %rcx
	exact ALL, movabsq $0x8877665544332211, %r9
	exact ALL, movl $0x87654321, %eax
	exact ALL, movl $0, %edx
	exact ALL, movw $0x8765, %cx
	exact ALL, movb $0x99, %bl
	exact ALL, movb $0x99, %bh
	exact ALL, movq 8(%rdi), %rax
	exact ALL, movq (%rdi,%r8,8), %rax
	exact ALL, movq -8(%rbp,%r8,2), %r12
	exact ALL, movl 4(%rsp), %ecx
	exact ALL, movw 2(%rsp), %dx
	exact ALL, movb 1(%rsp), %bl
	exact ALL, movb 1(%rdi), %ah
	exact ALL, movq %rcx, 8(%rdi)
	exact ALL, movl %r9d, 4(%rsp)
	exact ALL, movw %cx, 2(%rsp)
	exact ALL, movb %cl, 1(%rsp)
	exact ALL, movb %ch, 5(%rdi)
	exact ALL, movq $-3, 8(%rsp)
	exact ALL, movl $0xdeadbeef, 8(%rsp)
	exact ALL, movw $0xdead, 8(%rsp)
	exact ALL, movb $0xde, 8(%rsp)
	exact ALL, movzbl %cl, %eax
	exact ALL, movzbl %ah, %ecx
	exact ALL, movzbl %sil, %eax
	exact ALL, movzbl 3(%rdi), %eax
	exact ALL, movzbw %cl, %ax
	exact ALL, movzbw %bh, %dx
	exact ALL, movzbw 3(%rdi), %r9w
	exact ALL, movzbq %cl, %rax
	exact ALL, movzbq 3(%rsp), %r9
	exact ALL, movzwl %cx, %eax
	exact ALL, movzwl 2(%rdi), %r9d
	exact ALL, movzwq %cx, %rax
	exact ALL, movzwq 2(%rdi), %rax
	exact ALL, movsbl %cl, %eax
	exact ALL, movsbl %dh, %eax
	exact ALL, movsbl 3(%rdi), %eax
	exact ALL, movsbw %cl, %ax
	exact ALL, movsbw 3(%rdi), %cx
	exact ALL, movsbq %cl, %rax
	exact ALL, movsbq 3(%rdi), %r9
	exact ALL, movswl %cx, %eax
	exact ALL, movswl 2(%rdi), %eax
	exact ALL, movswq %cx, %rax
	exact ALL, movswq 2(%rsp), %rax
	exact ALL, movslq %ecx, %rax
	exact ALL, movslq 4(%rdi), %r9
	exact ALL, leaq 8(%rdi), %rax
	exact ALL, leaq (%rcx,%rdx,4), %rax
	exact ALL, leaq -1(%r9,%r9,8), %r9
	exact ALL, leaq 0x12345678(,%rcx,2), %rax
	exact ALL, leaq 0x10(%rip), %rax
	exact ALL, leal 8(%rcx,%rdx), %eax
	exact ALL, leaw 8(%rcx,%rdx), %ax
	sound 0, leaq (%ecx,%edx), %rax
	sound 0, leal (%ecx,%edx), %eax

// Exchange.
	exact ALL, xchgq %rcx, %rdx
	exact ALL, xchgl %ecx, %r9d
	exact ALL, xchgw %cx, %dx
	exact ALL, xchgb %cl, %dl
	exact ALL, xchgb %ch, %dl
	exact ALL, xchgq %rcx, 8(%rdi)
	exact ALL, xchgl %ecx, 8(%rsp)
	exact ALL, xchgb %cl, 8(%rsp)
	sound 0, xchgq %rcx, %rax
	sound 0, xchgl %r9d, %eax
	sound 0, xchgw %cx, %ax

// The stack.
	exact ALL, pushq %rcx
	exact ALL, pushq %r15
	exact ALL, pushq %rsp
	exact ALL, pushq $-3
	exact ALL, pushq $0x12345678
	exact ALL, pushq $-0x12345678
	exact ALL, pushq 8(%rsp)
	exact ALL, pushq (%rdi,%r8,8)
	exact ALL, popq %rcx
	exact ALL, popq %r15
	exact ALL, popq %rsp
	exact ALL, popq 8(%rsp)
	exact ALL, popq (%rdi)
	exact ALL, leave
	exact ALL, subq $0x18, %rsp
	exact ALL, addq $0x18, %rsp
	exact ALL, andq $-16, %rsp
	exact ALL, leaq 0x10(%rsp), %rsp
	sound 0, pushw %cx
	sound 0, popw %cx
	sound 0, pushw $0x1234
	sound 0, pushfq
	sound 0, enter $16, $0

// The accumulator, and strings.
	exact ALL, cltq
	exact ALL, cwtl
	sound 0, cbtw
	sound 0, cqto
	sound 0, cltd
	sound 0, cwtd
	exact ALL, stosb
	exact ALL, stosw
	exact ALL, stosl
	exact ALL, stosq
	exact ALL, rep stosb
	exact ALL, rep stosw
	exact ALL, rep stosl
	exact ALL, rep stosq

// No effect.
	exact ALL, nop
	exact ALL, nopw 8(%rax,%rax,1)
	exact ALL, nopl 8(%rax)
	exact ALL, nopl %eax
	exact ALL, nopw %ax
	exact ALL, endbr64
	exact ALL, lfence
	exact ALL, mfence
	exact ALL, sfence
	exact ALL, pause
	exact ALL, xchgw %ax, %ax
	exact ALL, prefetcht0 (%rdi)
	exact ALL, prefetchnta 8(%rdi)

// Everything else may be unknown, and must not be wrong.
.irp op, rol, ror, rcl, rcr
	sound 0, \op\()q $5, %rdx
	sound 0, \op\()l %cl, %edx
	sound 0, \op\()w $1, %bx
	sound 0, \op\()b %cl, %al
	sound 0, \op\()l $3, 4(%rsp)
.endr
.irp op, mul, imul
	sound SF | ZF | PF, \op\()q %rcx
	sound SF | ZF | PF, \op\()l %ecx
	sound SF | ZF | PF, \op\()w %cx
	sound SF | ZF | PF, \op\()b %cl
	sound SF | ZF | PF, \op\()q 8(%rdi)
	sound SF | ZF | PF, \op\()l 8(%rdi)
	sound SF | ZF | PF, \op\()w 8(%rsp)
	sound SF | ZF | PF, \op\()b 8(%rsp)
.endr
	sound 0, bswapq %rcx
	sound 0, bswapl %ecx
	sound 0, xaddq %rcx, %rdx
	sound 0, xaddl %ecx, 4(%rdi)
	sound 0, xaddb %ch, %dl
	sound 0, cmpxchgq %rcx, %rdx
	sound 0, cmpxchgl %ecx, 8(%rdi)
	sound 0, lock addl $1, 8(%rdi)
	sound 0, lock incq 8(%rdi)
	sound 0, lock xaddq %rcx, 8(%rdi)
	sound OF | SF | PF | CF, bsfq %rcx, %rax
	sound OF | SF | PF | CF, bsrl %ecx, %eax
	sound 0, popcntq %rcx, %rax
	sound OF | SF | PF, tzcntq %rcx, %rax
	sound OF | CF, shldq $7, %rcx, %rdx
	sound OF | CF, shrdl $3, %ecx, %edx
	sound OF | CF, shldl $3, %ecx, 4(%rdi)
	sound 0, movntil %ecx, 4(%rdi)
	sound 0, movntiq %rcx, 8(%rdi)
	sound 0, movsb
	sound 0, movsq
	sound 0, rep movsb
	sound 0, rep movsq
	sound 0, lodsb
	sound 0, lodsw
	sound 0, lodsl
	sound 0, lodsq
	sound 0, rep lodsb
	sound 0, scasb
	sound 0, repne scasb
	sound 0, cmpsb
	sound 0, repe cmpsb
	sound 0, lahf
	sound 0, clc
	sound 0, stc
	sound 0, cmc
	sound 0, cld
	sound 0, movq %xmm0, %rax
	sound 0, movd %xmm0, %ecx
	sound 0, pxor %xmm0, %xmm0
	sound 0, movups %xmm0, 8(%rdi)
	sound 0, movl %ds, %eax
	sound 0, cpuid
	sound 0, rdtsc
	sound 0, lsll %eax, %ecx
	sound 0, .byte 0x48, 0x0f, 0x38, 0xf0, 0x47, 0x08
	sound 0, .byte 0x66, 0x48, 0x89, 0xc8
	sound 0, .byte 0xf3, 0x48, 0x89, 0xc8
	sound 0, .byte 0x2e, 0x48, 0x01, 0xc8
	sound 0, .byte 0x67, 0x48, 0x89, 0xc8
	sound 0, .byte 0xc0, 0xf0, 0x03
	sound 0, .byte 0xd0, 0xf0
	sound 0, .byte 0xf6, 0xc8, 0x12
	sound 0, .byte 0xf7, 0xc9, 0x78, 0x56, 0x34, 0x12

	.pushsection .data.rel.ro.cpu_rows, "aw", @progbits
	.globl cpu_rows_end
	.hidden cpu_rows_end
cpu_rows_end:
	.popsection

// void cpu_run(void): loads cpu_now's registers and flags, goes to its target and, when that jumps to cpu_back or
// cpu_back_taken, stores them again.
	.text
	.globl cpu_run
	.hidden cpu_run
	.type cpu_run, @function
cpu_run:
	.irp reg, rbx, rbp, r12, r13, r14, r15
	pushq %\reg
	.endr
	movq %rsp, cpu_own_sp(%rip)
	pushq cpu_now+128(%rip)
	popfq
	.set at, 0
	.irp reg, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	movq cpu_now+at(%rip), %\reg
	.set at, at + 8
	.endr
	jmp *cpu_now+136(%rip)
	.size cpu_run, . - cpu_run

	.globl cpu_back_taken, cpu_back
	.hidden cpu_back_taken, cpu_back
	.type cpu_back, @function
cpu_back_taken:
	movq $1, cpu_now+144(%rip)
cpu_back:
	.set at, 0
	.irp reg, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	movq %\reg, cpu_now+at(%rip)
	.set at, at + 8
	.endr
	movq cpu_own_sp(%rip), %rsp
	pushfq
	popq cpu_now+128(%rip)
	cld
	.irp reg, r15, r14, r13, r12, rbp, rbx
	popq %\reg
	.endr
	ret
	.size cpu_back, . - cpu_back

	.local cpu_own_sp
	.comm cpu_own_sp, 8, 8
	.section .note.GNU-stack, "", @progbits
