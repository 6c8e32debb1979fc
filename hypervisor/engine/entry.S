/* SPDX-License-Identifier: MIT
 *
 * Every way into the hypervisor but the system call, and the way out.
 *
 * An entry builds struct cpu_regs (x86/regs.h) on the stack:
 *
 *   +160 ss      \
 *   +152 rsp      |
 *   +144 rflags   | pushed by the CPU
 *   +136 cs       |
 *   +128 rip     /
 *   +120 error (low), vector (high)      the stub
 *   +112 rax ... +48 r9                  every entry
 *   +40  rbx ... +0  r15                 slow entries only
 *
 * From a guest this is always the top of the CPU's main stack. Interrupts
 * are off throughout: every gate is an interrupt gate and SFMASK clears IF.
 * cld and clac stand first because a guest may leave DF and AC set.
 */
#include "asm_offsets.h"
#include "hypervisor/x86/entry_macros.inc"
#include "hypervisor/x86/layout.h"

#define NR_EXCEPTIONS 32
/* A word of cpu_info, from the start of the CPU's block. */
#define METER(slot) PERCPU_INFO - REGS_SIZE + slot

        .text

/* ---- stubs: one for each vector, 16 bytes apart ---- */

        .macro STUB vector, has_error, target
        .balign 16
        .if !\has_error
        push $0
        .endif
        movl $\vector, 4(%rsp)
        jmp \target
        .endm

/* prefix goes before the names of what they lead to. */
        .macro STUBS prefix
        STUB 0, 0, \prefix\()exception_fast
        STUB 1, 0, \prefix\()exception_ist        /* #DB */
        STUB 2, 0, \prefix\()exception_ist        /* NMI */
        STUB 3, 0, \prefix\()exception_fast
        STUB 4, 0, \prefix\()exception_fast
        STUB 5, 0, \prefix\()exception_fast
        STUB 6, 0, \prefix\()exception_fast
        STUB 7, 0, \prefix\()exception_fast
        STUB 8, 1, \prefix\()exception_ist        /* #DF */
        STUB 9, 0, \prefix\()exception_slow
        STUB 10, 1, \prefix\()exception_slow
        STUB 11, 1, \prefix\()exception_slow
        STUB 12, 1, \prefix\()exception_slow
        STUB 13, 1, \prefix\()exception_slow      /* #GP: trap and emulate */
        STUB 14, 1, \prefix\()exception_fast      /* #PF */
        STUB 15, 0, \prefix\()exception_slow
        STUB 16, 0, \prefix\()exception_fast
        STUB 17, 1, \prefix\()exception_slow
        STUB 18, 0, \prefix\()exception_ist       /* #MC */
        STUB 19, 0, \prefix\()exception_fast
        STUB 20, 0, \prefix\()exception_slow
        STUB 21, 1, \prefix\()exception_slow
        .irp vector, 22, 23, 24, 25, 26, 27, 28
        STUB \vector, 0, \prefix\()exception_slow
        .endr
        STUB 29, 1, \prefix\()exception_slow
        STUB 30, 1, \prefix\()exception_slow
        STUB 31, 0, \prefix\()exception_slow
        .set vector, 32
        .rept 224
        STUB vector, 0, \prefix\()interrupt
        .set vector, vector + 1
        .endr
        .endm

        .globl entry_stubs
        .balign 16
entry_stubs:
        STUBS

/* The same with meter=on: they note the time first. */
        .globl meter_stubs
        .balign 16
meter_stubs:
        STUBS meter_

        .irp target, exception_fast, exception_slow, exception_ist, interrupt
        .balign 16
meter_\target:
        call meter_entry
        jmp \target
        .endr

/*
 * The exit began now (core/meter.h). Stack: return address, error and vector,
 * rip, cs. In the hypervisor an exit goes on, but for the interrupt that ends
 * an idle wait.
 */
meter_entry:
        push %rax
        push %rcx
        push %rdx
        mov %rsp, %rcx
        and $-PERCPU_SIZE, %rcx
        testb $3, 48(%rsp)
        jnz 1f
        cmpl $NR_EXCEPTIONS, 36(%rsp)
        jb 2f
        cmpq $0, METER(CPU_METER_START)(%rcx)
        jne 2f
1:      mov 36(%rsp), %eax
        mov %eax, METER(CPU_METER_VECTOR)(%rcx)
        rdtsc
        mov %eax, METER(CPU_METER_START)(%rcx)
        mov %edx, METER(CPU_METER_START) + 4(%rcx)
2:      pop %rdx
        pop %rcx
        pop %rax
        ret

/*
 * Exceptions that are usually handed to the guest kernel as they are. The
 * engine is asked first, with the callee-saved registers still in the CPU:
 *   bool exception(struct cpu_regs *regs)
 * It returns true when it has changed regs so that the guest can run on.
 */
        .balign 16
exception_fast:
        cld
        clac
        SAVE_CALLER_REGS
        testb $3, REGS_CS - REGS_R9(%rsp)
        jz exception_in_hypervisor
        lea -REGS_R9(%rsp), %rdi
        decl CPU_UNTIL_SAMPLE - REGS_R9(%rsp)
        js 3f
        call *CPU_EXCEPTION - REGS_R9(%rsp)
4:      test %al, %al
        jz 1f
        cmpl $0, CPU_EXIT_WORK - REGS_R9(%rsp)
        jne 2f
        RESTORE_CALLER_REGS
        add $8, %rsp
        GUEST_IRETQ
1:      SAVE_CALLEE_REGS
        mov %rsp, %rdi
        call trap_from_guest
        cmpl $0, CPU_EXIT_WORK(%rsp)
        jne exit_to_guest
        jmp restore_and_enter_guest
2:      SAVE_CALLEE_REGS
        jmp exit_to_guest
3:      call trap_timed_exception
        jmp 4b

/* The rest: all registers are saved, since they may be read and written. */
        .balign 16
exception_slow:
        cld
        clac
        SAVE_CALLER_REGS
        testb $3, REGS_CS - REGS_R9(%rsp)
        jz exception_in_hypervisor
        SAVE_CALLEE_REGS
        mov %rsp, %rdi
        call trap_from_guest
        cmpl $0, CPU_EXIT_WORK(%rsp)
        jne exit_to_guest
        jmp restore_and_enter_guest

/* A fault of the hypervisor's own: it has a fix-up, or it is a bug. */
exception_in_hypervisor:
        SAVE_CALLEE_REGS
        mov %rsp, %rdi
        call trap_from_hypervisor
restore_and_return:
        RESTORE_CALLEE_REGS
        RESTORE_CALLER_REGS
        add $8, %rsp
        iretq

/*
 * Entries on a stack of their own (IST). From a guest the registers are moved
 * to the main stack, as if the exception had come there: the handler may
 * then switch to another vCPU. From the hypervisor (which can be inside the
 * system call stub, with the guest's rsp) the stack is kept.
 */
        .balign 16
exception_ist:
        cld
        clac
        SAVE_CALLER_REGS
        SAVE_CALLEE_REGS
        mov %rsp, %rdi
        testb $3, REGS_CS(%rsp)
        jz 1f
        call trap_move_to_main_stack    /* returns the registers there */
        mov %rax, %rsp
        mov %rax, %rdi
        call trap_from_guest
        jmp exit_to_guest
1:      call trap_from_hypervisor
        jmp restore_and_return

/* External interrupts: in a guest, or in the idle loop. */
        .balign 16
interrupt:
        cld
        clac
        SAVE_CALLER_REGS
        SAVE_CALLEE_REGS
        mov %rsp, %rdi
        testb $3, REGS_CS(%rsp)
        jz 1f
        call interrupt_from_guest
        jmp exit_to_guest
1:      call interrupt_from_hypervisor
        jmp restore_and_return

/*
 * The slow way out. rsp: complete registers of the guest at the top of the
 * main stack. C does what is pending: it may deliver an event or put another
 * vCPU's registers in the place of these.
 */
        .globl exit_to_guest
exit_to_guest:
        mov %rsp, %rdi
        call guest_exit_work
restore_and_enter_guest:
        RESTORE_CALLEE_REGS
        RESTORE_CALLER_REGS
        add $8, %rsp
        GUEST_IRETQ

/*
 * iretq to a guest faulted: the fault pushed its frame below the one that
 * iretq was to pop, on the main stack, and trap_from_hypervisor returned
 * here with rsp at that frame. General registers are the guest's.
 */
        .globl guest_iretq_failed
guest_iretq_failed:
        push $0
        SAVE_CALLER_REGS
        SAVE_CALLEE_REGS
        mov %rsp, %rdi
        call trap_bad_return
        jmp exit_to_guest

/*
 * void percpu_switch_stack(void *stack_top, void (*run)(void)): leaves the boot
 * stack for ever; run does not return. Both keep the place of the guest's
 * registers at the top free.
 */
        .globl percpu_switch_stack
percpu_switch_stack:
        mov %rdi, %rsp
        sub $REGS_SIZE, %rsp
        xor %ebp, %ebp
        call *%rsi
        ud2

/*
 * void percpu_enter_guest(void *stack_top): runs what the scheduler finds, and
 * does not return.
 */
        .globl percpu_enter_guest
percpu_enter_guest:
        mov %rdi, %rsp
        sub $REGS_SIZE, %rsp
        xor %ebp, %ebp
        jmp exit_to_guest

        .section .note.GNU-stack, "", @progbits
