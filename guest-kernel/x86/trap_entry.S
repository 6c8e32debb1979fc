/* SPDX-License-Identifier: MIT
 *
 * The part of every exception and interrupt entry that both builds share.
 *
 * void trap_common(void), reached by a jump from stub v of trap_stubs, with
 *
 *   eax    the vector; the interrupted rax, rcx and r11 are in the frame
 *   rsp    at a struct parapet_frame, eight below a multiple of 16
 *   others as interrupted code left them; interrupts disabled
 *
 *   struct trap_regs:   rsp -> vector r15 r14 r13 r12 r10 r9 r8
 *                              rbp rdi rsi rdx rbx
 *                              frame: rax rcx r11 error rip cs rflags rsp ss
 *
 * The call leaves through trap_return, a label of the build's own: in with
 * rsp at the frame and all registers but rax, rcx and r11 restored; it loads
 * these three and the rest of the frame.
 *
 * _Noreturn void trap_leave(const struct trap_regs *regs)
 *
 * Goes where regs say, as if they had been pushed by an entry: the first way
 * into user mode. regs are on the current stack, of which all below them is
 * given up. Interrupts are disabled.
 */
        .text
        .globl trap_common
        .type trap_common, @function
trap_common:
        push %rbx
        push %rdx
        push %rsi
        push %rdi
        push %rbp
        push %r8
        push %r9
        push %r10
        push %r12
        push %r13
        push %r14
        push %r15
        push %rax
        cld
        mov %rsp, %rdi
        call trap_dispatch
restore:
        add $8, %rsp
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %r10
        pop %r9
        pop %r8
        pop %rbp
        pop %rdi
        pop %rsi
        pop %rdx
        pop %rbx
        jmp trap_return
        .size trap_common, . - trap_common

        .globl trap_leave
        .type trap_leave, @function
trap_leave:
        mov %rdi, %rsp
        jmp restore
        .size trap_leave, . - trap_leave

        .section .note.GNU-stack, "", @progbits
