/* SPDX-License-Identifier: MIT
 *
 * The measured loops of what every kernel does all the time, as the bare
 * machine does it: as far as it allows, the bodies are those of the
 * paravirtual guest, in tests/bench/loops.S. Written data is in pages of its
 * own: under emulation a store into a page with code is dear.
 */
#include "guest-kernel/bench/native_loops.h"
#include "guest-kernel/bench/native_loops.inc"
#include "guest-kernel/privops/native/native.h"
#include "lib/x86/msr.h"
#include "lib/x86/rflags.h"


        .data
        .balign 4096
        .globl bench_tsc_base, bench_multiplier, bench_vmcb_paddr
bench_tsc_base:
        .quad 0
bench_multiplier:
        .quad 0
bench_vmcb_paddr:
        .quad 0
        .balign 4096

        .text

        LOOP bench_empty
        END_LOOP

        LOOP bench_cli
        .rept BENCH_UNROLLED
        cli
        .endr
        END_LOOP

/* What is pending comes by itself: there is nothing to check. */
        LOOP bench_cli_sti
        .rept BENCH_UNROLLED
        cli
        sti
        .endr
        END_LOOP

/* The kernel's clock (privops/native/time.c), inline. */
        LOOP bench_clock
        rdtsc
        shl $32, %rdx
        or %rdx, %rax
        sub bench_tsc_base, %rax
        mulq bench_multiplier
        shrd $32, %rdx, %rax
        END_LOOP

        LOOP bench_iret
        mov %rsp, %rax
        push $NATIVE_SS
        push %rax
        push $RFLAGS_IF
        push $NATIVE_CS
        lea 2f(%rip), %rax
        push %rax
        iretq
2:
        END_LOOP

        LOOP bench_breakpoint
        int3
        END_LOOP

        HANDLER bench_breakpoint_entry
        iretq

/* A load from where nothing is mapped, three bytes long; it is skipped. */
        LOOP bench_kernel_fault
        xor %edx, %edx
        mov (%rdx), %rcx
        END_LOOP

        HANDLER bench_kernel_fault_entry
        addq $3, 8(%rsp)
        add $8, %rsp                    /* the error code */
        iretq

        LOOP bench_cr0_read
        mov %cr0, %rax
        END_LOOP

        LOOP bench_msr_read
        mov $MSR_EFER, %ecx
        rdmsr
        END_LOOP

/*
 * Into the virtual machine and out again (APM 2, sections 15.5 and 15.6). The
 * guest's rip stays where it is, so each time it executes the same VMMCALL.
 * #VMEXIT leaves the global interrupt flag clear (15.17); rax comes back.
 */
        .balign 64
        .globl bench_svm_exit
bench_svm_exit:
        push %rbx
        mov %rdi, %rbx
        mov bench_vmcb_paddr, %rax
1:      vmrun %rax
        dec %rbx
        jnz 1b
        stgi
        pop %rbx
        ret

        .balign 64
        .globl bench_svm_guest
bench_svm_guest:
        vmmcall
        ud2                             /* nobody moves rip on to here */

        .section .note.GNU-stack, "", @progbits
