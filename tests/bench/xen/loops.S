/* SPDX-License-Identifier: MIT
 *
 * The measured loops, in the form of tests/bench/loops.S: all have the same
 * frame, so that the difference to bench_empty is the body alone:
 *
 *      push rbx; mov rdi, rbx; 1: BODY; dec rbx; jnz 1b; pop rbx; ret
 *
 * A body may change every register that a function may. Hypercalls go through
 * Xen's page, as a guest's do.
 */
#include "tests/bench/xen/abi.h"
#include "tests/bench/xen/loops.h"
#include "tests/bench/xen/loops.inc"

    .text

    LOOP bench_empty
    END_LOOP

/* xen_version(XENVER_version, NULL) */
    LOOP bench_null_hypercall
    xor %edi, %edi
    xor %esi, %esi
    HYPERCALL XEN_VERSION
    END_LOOP

    LOOP bench_unknown_hypercall
    HYPERCALL XEN_UNASSIGNED
    END_LOOP

    LOOP bench_multicall
    mov $bench_calls, %rdi
    mov bench_count, %rsi
    HYPERCALL XEN_MULTICALL
    END_LOOP

/*
 * The event mask is the virtual interrupt flag. Xen leaves it to the guest to
 * find its vCPU's part of the shared page: here one load, as of a per-CPU
 * variable. Sixteen in a row, for the reason that tests/bench/loops.S gives.
 */
    LOOP bench_cli_shared
    .rept BENCH_UNROLLED
    mov bench_vcpu, %rax
    movb $1, XEN_VCPU_MASK(%rax)
    .endr
    END_LOOP

    LOOP bench_cli_sti_shared
    .rept BENCH_UNROLLED
    mov bench_vcpu, %rax
    movb $1, XEN_VCPU_MASK(%rax)
    movb $0, XEN_VCPU_MASK(%rax)
    cmpb $0, XEN_VCPU_PENDING(%rax)
    jne 2f
    .endr
    END_LOOP
2:  ud2

    LOOP bench_cli_trap
    cli
    END_LOOP

/* Reads the time as xen.h says at struct vcpu_time_info; the shift is left. */
    LOOP bench_clock_shared
    mov bench_vcpu, %rsi
2:  mov XEN_VCPU_VERSION(%rsi), %r8d
    test $1, %r8d
    jnz 3f
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    sub XEN_VCPU_TSC_BASE(%rsi), %rax
    movsbl XEN_VCPU_SHIFT(%rsi), %ecx
    test %ecx, %ecx
    js 4f
    shl %cl, %rax
5:  mov XEN_VCPU_MULTIPLIER(%rsi), %edx
    mul %rdx
    shrd $32, %rdx, %rax
    add XEN_VCPU_SYSTEM_NS(%rsi), %rax
    cmp XEN_VCPU_VERSION(%rsi), %r8d
    jne 2b
    END_LOOP
3:  pause
    jmp 2b
4:  neg %ecx
    shr %cl, %rax
    jmp 5b

/* The frame is one that abi.h shows; it unmasks events, as most do. */
    LOOP bench_iret
    mov %rsp, %rax
    push $XEN_SS
    push %rax
    push $XEN_RFLAGS_IF
    push $XEN_CS_KERNEL
    push $2f
    push $0
    jmp xen_hypercall_page + 32 * XEN_IRET
2:
    END_LOOP

    LOOP bench_breakpoint
    int3
    END_LOOP

    HANDLER bench_return
    pop %rcx
    pop %r11
    push $0
    jmp xen_hypercall_page + 32 * XEN_IRET

/* The error code's place is that of iret's flags. */
    .macro SKIP bytes
    pop %rcx
    pop %r11
    addq $\bytes, 8(%rsp)
    movq $0, (%rsp)
    jmp xen_hypercall_page + 32 * XEN_IRET
    .endm

    HANDLER bench_skip_cli
    SKIP 1

/* A load from where nothing is mapped, three bytes long. */
    LOOP bench_page_fault
    xor %edx, %edx
    mov (%rdx), %rcx
    END_LOOP

    HANDLER bench_skip_load
    SKIP 3

    LOOP bench_read_cr0
    mov %cr0, %rax
    END_LOOP

    LOOP bench_read_efer
    mov $0xc0000080, %ecx
    rdmsr
    END_LOOP

/* The argument of the send is a structure that holds the port alone. */
    LOOP bench_event_send
    mov $XEN_EVENT_SEND, %edi
    mov $bench_port, %rsi
    HYPERCALL XEN_EVENT_CHANNEL
    END_LOOP

/*
 * The acknowledgement, in the order that xen.h demands at struct vcpu_info:
 * pending, selector, port. rax is the only register that is changed.
 */
    HANDLER bench_event_entry
    push %rax
    mov bench_vcpu, %rax
    movb $0, XEN_VCPU_PENDING(%rax)
    xor %ecx, %ecx
    xchg %rcx, XEN_VCPU_SELECT(%rax)
    mov bench_port, %eax
    lock btr %rax, bench_shared_info + XEN_EVENTS_PENDING
    pop %rax
    pop %rcx
    pop %r11
    push $0
    jmp xen_hypercall_page + 32 * XEN_IRET

    LOOP bench_set_timer
    mov bench_deadline, %rdi
    HYPERCALL XEN_SET_TIMER
    END_LOOP

    LOOP bench_yield
    mov $XEN_SCHED_YIELD, %edi
    xor %esi, %esi
    HYPERCALL XEN_SCHED
    END_LOOP

    .section .note.GNU-stack, "", @progbits
