/* SPDX-License-Identifier: MIT
 *
 * The measured loops of what every kernel does all the time. Written data is
 * in pages of its own: a store into a page with code costs thousands of ticks
 * under emulation.
 */
#include "abi/abi.h"
#include "tests/bench/loops.h"
#include "tests/bench/loops.inc"

    .section .data
    .balign 4096
    .globl bench_calls, bench_nr_calls, bench_deadline, bench_deadlines
    .globl bench_port
bench_calls:
    .quad 0
bench_nr_calls:
    .quad 0
bench_deadline:
    .quad 0
bench_port:
    .quad 0
bench_deadlines:
    .fill 256, 8, 0
    .balign 4096

    .text

    LOOP bench_empty
    END_LOOP

    LOOP bench_null_hypercall
    HYPERCALL 1
    END_LOOP

/* The last number of those that will never be assigned. */
    LOOP bench_enosys_hypercall
    HYPERCALL 255
    END_LOOP

/*
 * Sixteen in a row: a store or two are so quick that the emulator's moods
 * about the loop around them would be all that is seen.
 */
    LOOP bench_cli_shared
    .rept BENCH_UNROLLED
    movb $1, %gs:PARAPET_VCPU_EVENT_MASK
    .endr
    END_LOOP

    LOOP bench_cli_hypercall
    HYPERCALL 21
    END_LOOP

    LOOP bench_cli_trap
    cli
    END_LOOP

/* With the check for what came in the meantime; nothing does. */
    LOOP bench_cli_sti_shared
    .rept BENCH_UNROLLED
    movb $1, %gs:PARAPET_VCPU_EVENT_MASK
    movb $0, %gs:PARAPET_VCPU_EVENT_MASK
    cmpb $0, %gs:PARAPET_VCPU_EVENT_PENDING
    jne 2f
    .endr
    END_LOOP
2:  HYPERCALL 23
    jmp 1b

    LOOP bench_cli_sti_hypercall
    HYPERCALL 21
    HYPERCALL 22
    END_LOOP

    LOOP bench_cli_sti_trap
    cli
    sti
    END_LOOP

/* Nine instructions build the frame; it unmasks events, as most do. */
    LOOP bench_iret
    mov %rsp, %rax
    push $PARAPET_SS
    push %rax
    push $PARAPET_RFLAGS_IF
    push $PARAPET_CS_KERNEL
    lea 2f(%rip), %rax
    push %rax
    sub $PARAPET_FRAME_RIP, %rsp
    IRET
2:
    END_LOOP

    LOOP bench_breakpoint
    int3
    END_LOOP

    HANDLER bench_breakpoint_entry
    IRET

/* A load from where nothing is mapped, three bytes long; it is skipped. */
    LOOP bench_kernel_fault
    xor %edx, %edx
    mov (%rdx), %rcx
    END_LOOP

    HANDLER bench_kernel_fault_entry
    addq $3, PARAPET_FRAME_RIP(%rsp)
    IRET

    LOOP bench_cr0_read
    mov %cr0, %rax
    END_LOOP

    LOOP bench_msr_read
    mov $0xc0000080, %ecx
    rdmsr
    END_LOOP

/* Send to ourselves; the upcall comes on the way out. */
    LOOP bench_event_self
    mov $BENCH_PORT, %edi
    HYPERCALL 50
    END_LOOP

/* The acknowledgement in the ABI's order, of the one port there is. */
    HANDLER bench_event_entry
    movb $0, %gs:PARAPET_VCPU_EVENT_PENDING
    xor %eax, %eax
    xchg %rax, %gs:PARAPET_VCPU_EVENT_SELECT
    movabs $PARAPET_SHARED_PAGE, %rax
    lock btrq $BENCH_PORT, (%rax)
    IRET

/* Events are off and the port pending: nothing is to be done. */
    LOOP bench_event_send_pending
    mov $BENCH_PORT, %edi
    HYPERCALL 50
    END_LOOP

/* The same to bench_port, whose other end is another domain's. */
    LOOP bench_event_send_remote
    mov bench_port, %edi
    HYPERCALL 50
    END_LOOP

    LOOP bench_set_timer
    mov bench_deadline, %rdi
    HYPERCALL 19
    END_LOOP

    LOOP bench_set_timer_any
    movzbl %bl, %eax
    mov bench_deadlines(, %rax, 8), %rdi
    HYPERCALL 19
    END_LOOP

    LOOP bench_yield
    HYPERCALL 32
    END_LOOP

/* One multicall of all: the hypervisor stops after some, the loop goes on. */
    LOOP bench_multicall
    mov bench_calls, %rdi
    mov bench_nr_calls, %rsi
2:  HYPERCALL 4
    test %rax, %rax
    jnz 3f
    END_LOOP
3:  cmp $-BENCH_ERESTART, %rax
    jne 4f
    mov %gs:PARAPET_VCPU_RESTART_DONE, %rax
    sub %rax, %rsi
    shl $6, %rax                    /* the size of an entry */
    add %rax, %rdi
    jmp 2b
4:  ud2

/*
 * abi/shared.h says how the clock is read. x86 keeps loads in order; an rdtsc
 * that comes early is a clock read early.
 */
    LOOP bench_clock_shared
    movabs $BENCH_CLOCK, %rsi
2:  mov (%rsi), %ecx                /* seq */
    test $1, %cl
    jnz 2b
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    sub 8(%rsi), %rax               /* tsc_base */
    mulq 24(%rsi)                   /* multiplier */
    shrd $32, %rdx, %rax
    add 16(%rsi), %rax              /* ns_base */
    cmp (%rsi), %ecx
    jne 2b
    END_LOOP

    LOOP bench_clock_hypercall
    HYPERCALL 24
    END_LOOP

    .section .note.GNU-stack, "", @progbits
