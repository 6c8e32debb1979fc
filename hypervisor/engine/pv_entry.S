/* SPDX-License-Identifier: MIT
 *
 * The system call entry of the pv engine: hypercalls, the iret hypercall as a
 * path of its own, and the system calls of the guest's user. What each
 * instruction costs is what the bench measures, so all are written to be short.
 *
 * The per-CPU stub (boot/percpu.c) has stored the guest's rsp in its slot and
 * set rsp to the rcx slot of the registers at the top of the main stack:
 *
 *   +160 ss      never changes: a guest has one stack selector
 *   +152 rsp     stored by the stub
 *   +144 rflags  from r11
 *   +136 cs      never changes: a guest has one code selector
 *   +128 rip     from rcx
 *   +112 rax     only on slow paths
 *   +96  rcx     <- rsp
 *   +88  rdi ... +48 r9   pushed, since a C function may change them
 */
#include "abi/abi.h"
#include "asm_offsets.h"
#include "hypervisor/x86/entry_macros.inc"
#include "lib/x86/rflags.h"

#define RFLAGS_ENTRY (RFLAGS_IF | RFLAGS_ALWAYS)

/* Offsets while rsp is at the rcx slot, and after the six pushes. */
#define AT_RCX(slot) slot - REGS_RCX(%rsp)
#define AT_R9(slot) slot - REGS_R9(%rsp)

        .text
        .balign 64
        .globl pv_syscall_entry
pv_syscall_entry:
        mov %r11, AT_RCX(REGS_RFLAGS)
        mov %rcx, AT_RCX(REGS_RIP)
        /*
         * User mode has nothing mapped in the upper half, so a rip there is
         * the kernel's. It is canonical, too, for it follows an instruction
         * that was fetched: sysretq will not fault (in ring 0, on Intel).
         */
        test %rcx, %rcx
        jns pv_syscall_low
pv_syscall_kernel:
        test %rax, %rax                 /* PARAPET_HC_iret is 0 */
        jz pv_iret
        push %rdi
        push %rsi
        push %rdx
        push %r10
        push %r8
        push %r9
pv_hypercall_dispatch:
        cmp $PARAPET_NR_HYPERCALLS, %rax
        jae pv_unknown_hypercall
        mov AT_R9(CPU_COUNTERS), %r11
        incq (%r11, %rax, 8)
        mov AT_R9(CPU_DISPATCH), %r11
        mov %r10, %rcx                  /* the fourth argument, for C */
        decl AT_R9(CPU_UNTIL_SAMPLE)
        js pv_sampled_hypercall
        call *(%r11, %rax, 8)
pv_hypercall_return:
        cmpl $0, AT_R9(CPU_EXIT_WORK)
        jne pv_hypercall_slow
        mov AT_R9(REGS_RIP), %rcx
        mov AT_R9(REGS_RFLAGS), %r11
        pop %r9
        pop %r8
        pop %r10
        pop %rdx
        pop %rsi
        pop %rdi
        mov AT_RCX(REGS_RSP), %rsp
        sysretq

/* One call in PARAPET_LATENCY_INTERVAL is timed. Its number goes on the stack. */
pv_sampled_hypercall:
        push %rax
        call pv_timed_hypercall
        add $8, %rsp
        jmp pv_hypercall_return

pv_unknown_hypercall:
        mov AT_R9(CPU_COUNTERS), %r11
        incq COUNTERS_UNKNOWN(%r11)
        mov $-PARAPET_ENOSYS, %rax
        jmp pv_hypercall_return

/*
 * Work is pending, or the return needs iretq. rax: the result. An event that
 * the hypercall made deliverable, and nothing else, has a short way. With TF
 * set sysretq ends in a debug exception, and iretq does not: it is made here.
 */
pv_hypercall_slow:
        mov %rax, AT_R9(REGS_RAX)
        mov AT_R9(REGS_RIP), %rcx       /* what sysretq would leave */
        mov %rcx, AT_R9(REGS_RCX)
        mov AT_R9(REGS_RFLAGS), %rcx
        mov %rcx, AT_R9(REGS_R11)
        and $RFLAGS_TF, %ecx
        or AT_R9(CPU_EXIT_WORK), %ecx
        cmp $WORK_EVENT, %ecx
        jne 1f
        lea -REGS_R9(%rsp), %rdi
        call pv_event
        test %al, %al
        jz 1f
        RESTORE_CALLER_REGS
        add $8, %rsp
        GUEST_IRETQ
1:      movl $VECTOR_HYPERCALL, AT_R9(REGS_VECTOR)
        SAVE_CALLEE_REGS
        testl $RFLAGS_TF, REGS_RFLAGS(%rsp)
        jz exit_to_guest
        mov %rsp, %rdi
        call pv_hypercall_step
        jmp exit_to_guest

/*
 * From the lower half: the kernel may run there too, but is not expected to,
 * and returns by iretq. Else it is a system call of the guest's user, whatever
 * its number. rcx and r11 are saved; all others are the user's and stay.
 */
        .balign 64
pv_syscall_low:
        cmpl $0, AT_RCX(CPU_USER_MODE)
        jne pv_system_call
        orl $WORK_LOW_RIP, AT_RCX(CPU_EXIT_WORK)
        jmp pv_syscall_kernel
pv_system_call:
        mov AT_RCX(CPU_COUNTERS), %r11
        incq COUNTERS_SYSTEM_CALL(%r11)
        mov AT_RCX(CPU_KERNEL_CR3), %r11
        mov %r11, %cr3
        rdgsbase %rcx
        swapgs
        movl $0, AT_RCX(CPU_USER_MODE)
        mov AT_RCX(CPU_VCPU_PAGE), %r11
        mov %rcx, PARAPET_VCPU_USER_GS(%r11)
        movb $1, PARAPET_VCPU_EVENT_MASK(%r11)
        mov PARAPET_VCPU_KERNEL_STACK(%r11), %rcx
        and $-16, %rcx
        sub $PARAPET_FRAME_SIZE, %rcx
        /* Its end is above the hypervisor too, or wraps to the lower half. */
        movabs $PARAPET_HYPERVISOR_END, %r11
        cmp %r11, %rcx
        jb 1f
        stac
        MAY_FAULT 1f, mov %rax, PARAPET_FRAME_RAX(%rcx)
        mov AT_RCX(REGS_RIP), %r11
        MAY_FAULT 1f, mov %r11, PARAPET_FRAME_RCX(%rcx)
        MAY_FAULT 1f, mov %r11, PARAPET_FRAME_RIP(%rcx)
        mov AT_RCX(REGS_RFLAGS), %r11   /* IF is set: events were on */
        MAY_FAULT 1f, mov %r11, PARAPET_FRAME_R11(%rcx)
        MAY_FAULT 1f, mov %r11, PARAPET_FRAME_RFLAGS(%rcx)
        MAY_FAULT 1f, movq $0, PARAPET_FRAME_ERROR(%rcx)
        MAY_FAULT 1f, movq $PARAPET_CS_USER, PARAPET_FRAME_CS(%rcx)
        mov AT_RCX(REGS_RSP), %r11
        MAY_FAULT 1f, mov %r11, PARAPET_FRAME_RSP(%rcx)
        MAY_FAULT 1f, movq $PARAPET_SS, PARAPET_FRAME_SS(%rcx)
        clac
        mov AT_RCX(CPU_SYSCALL_ENTRY), %r11     /* canonical, or 0 */
        test %r11, %r11
        jz 1f
        xchg %rcx, %r11
        mov %r11, %rsp
        mov $RFLAGS_ENTRY, %r11d
        sysretq
1:      clac
        lea pv_system_call_refused(%rip), %r11
        jmp pv_call_complete

/*
 * iret: pops struct parapet_frame from the guest's stack. Only rax, rcx and
 * r11 are used, and all three come from the frame. Anything unusual (a frame
 * in the lower half, another cs, events to deliver, a page that is missing) is
 * left to pv_iret_slow in C, with rsp unchanged, which reads it all again.
 */
        .balign 64
pv_iret:
        mov AT_RCX(CPU_COUNTERS), %r11
        incq (%r11)                     /* hypercalls[PARAPET_HC_iret] */
        mov AT_RCX(REGS_RSP), %rcx
        movabs $PARAPET_HYPERVISOR_END, %rax
        cmp %rax, %rcx
        jb .Liret_slow
        mov AT_RCX(CPU_VCPU_PAGE), %r11
        stac
        MAY_FAULT .Liret_slow, cmpq $PARAPET_CS_KERNEL, PARAPET_FRAME_CS(%rcx)
        jne pv_iret_user
        MAY_FAULT .Liret_slow, mov PARAPET_FRAME_RFLAGS(%rcx), %rax
        test $PARAPET_RFLAGS_IF, %eax
        jz 2f
        cmpb $0, PARAPET_VCPU_EVENT_PENDING(%r11)
        jne .Liret_slow
        movb $0, PARAPET_VCPU_EVENT_MASK(%r11)
1:      and $RFLAGS_GUEST, %eax
        or $PARAPET_RFLAGS_IF, %eax     /* it is always set */
        mov %rax, AT_RCX(REGS_RFLAGS)
        MAY_FAULT .Liret_slow, mov PARAPET_FRAME_RIP(%rcx), %rax
        mov %rax, AT_RCX(REGS_RIP)
        MAY_FAULT .Liret_slow, mov PARAPET_FRAME_RSP(%rcx), %r11
        MAY_FAULT .Liret_slow, mov PARAPET_FRAME_RAX(%rcx), %rax
        /*
         * No register is left to keep rsp in. A read below faults only when
         * another vCPU has just taken the page away: rsp is put back then.
         */
        mov %r11, AT_RCX(REGS_RSP)
        MAY_FAULT .Liret_rsp_back, mov PARAPET_FRAME_R11(%rcx), %r11
        MAY_FAULT .Liret_rsp_back, mov PARAPET_FRAME_RCX(%rcx), %rcx
        clac
        add $REGS_RIP - REGS_RCX, %rsp
        GUEST_IRETQ
2:      movb $1, PARAPET_VCPU_EVENT_MASK(%r11)
        jmp 1b
        /*
         * The slow way, also when the frame cannot be read: the registers
         * are as the call left them, rax, rcx and r11 aside. C reads the
         * frame again, and ends the domain when that fails too.
         */
.Liret_rsp_back:
        mov %rcx, AT_RCX(REGS_RSP)      /* still the frame's address */
.Liret_slow:
        clac
        lea pv_iret_slow(%rip), %r11
        /* rsp at the rcx slot: saves all registers and calls r11 in C. */
pv_call_complete:
        mov %rax, AT_RCX(REGS_RAX)
        sub $REGS_RCX - REGS_R9, %rsp
        mov %rdi, AT_R9(REGS_RDI)
        mov %rsi, AT_R9(REGS_RSI)
        mov %rdx, AT_R9(REGS_RDX)
        mov %r10, AT_R9(REGS_R10)
        mov %r8, AT_R9(REGS_R8)
        mov %r9, AT_R9(REGS_R9)
        SAVE_CALLEE_REGS
        mov %rsp, %rdi
        call *%r11
        jmp exit_to_guest

/*
 * The same into user mode, where events are always on: with the user's root,
 * if there is one, and GS. Here rax comes last.
 */
pv_iret_user:
        MAY_FAULT .Liret_slow, cmpq $PARAPET_CS_USER, PARAPET_FRAME_CS(%rcx)
        jne .Liret_slow
        cmpb $0, PARAPET_VCPU_EVENT_PENDING(%r11)
        jne .Liret_slow
        MAY_FAULT .Liret_slow, mov PARAPET_FRAME_RFLAGS(%rcx), %rax
        and $RFLAGS_GUEST, %eax
        or $PARAPET_RFLAGS_IF, %eax
        mov %rax, AT_RCX(REGS_RFLAGS)
        MAY_FAULT .Liret_slow, mov PARAPET_FRAME_RIP(%rcx), %rax
        mov %rax, AT_RCX(REGS_RIP)
        MAY_FAULT .Liret_slow, mov PARAPET_FRAME_RAX(%rcx), %rax
        mov %rax, AT_RCX(REGS_RAX)
        mov AT_RCX(CPU_USER_CR3), %rax
        test %rax, %rax
        jz .Liret_slow
        movb $0, PARAPET_VCPU_EVENT_MASK(%r11)
        MAY_FAULT .Liret_slow, mov PARAPET_FRAME_RSP(%rcx), %r11
        mov %r11, AT_RCX(REGS_RSP)
        MAY_FAULT .Liret_rsp_back, mov PARAPET_FRAME_R11(%rcx), %r11
        MAY_FAULT .Liret_rsp_back, mov PARAPET_FRAME_RCX(%rcx), %rcx
        clac
        movl $1, AT_RCX(CPU_USER_MODE)
        mov %rax, %cr3
        swapgs
        mov AT_RCX(REGS_RAX), %rax
        add $REGS_RIP - REGS_RCX, %rsp
        GUEST_IRETQ

/*
 * With meter=on the stubs lead here first (core/meter.h). The slots of rax and
 * rdx are free so early.
 */
        .macro METERED name, entry
        .balign 16
        .globl \name
\name:
        mov %rax, AT_RCX(REGS_RAX)
        mov %rdx, AT_RCX(REGS_RDX)
        mov %rax, AT_RCX(CPU_METER_NUMBER)
        movl $VECTOR_HYPERCALL, AT_RCX(CPU_METER_VECTOR)
        rdtsc
        mov %eax, AT_RCX(CPU_METER_START)
        mov %edx, 4 + AT_RCX(CPU_METER_START)
        mov AT_RCX(REGS_RAX), %rax
        mov AT_RCX(REGS_RDX), %rdx
        jmp \entry
        .endm
        METERED pv_metered_syscall, pv_syscall_entry
        METERED pv_metered_compat, pv_compat_entry

/*
 * The 32-bit system call entry (CSTAR). No 32-bit code descriptor exists, so
 * no guest can get here; one that does is ended. The stub has switched the
 * stack as for a system call.
 */
        .globl pv_compat_entry
pv_compat_entry:
        mov %r11, AT_RCX(REGS_RFLAGS)
        mov %rcx, AT_RCX(REGS_RIP)
        sub $REGS_RCX, %rsp
        mov %rsp, %rdi
        call pv_compat_refused
        jmp exit_to_guest

        .section .note.GNU-stack, "", @progbits
