/* SPDX-License-Identifier: MIT
 *
 * Both sides of an event round trip between two domains on one CPU: the bench's
 * guest has the first, bench_peer.c the second. Each sleeps until the other's
 * event comes. Events are masked but in the sleep, so that none is taken before
 * it.
 */
#include "abi/abi.h"
#include "tests/bench/loops_pair.h"
#include "tests/bench/loops.inc"

    .section .data
    .balign 4096
    .globl bench_pair_port
bench_pair_port:
    .quad 0
    .balign 4096

    .text

/* To bench_pair_port, and until it has come back. */
    LOOP bench_event_round_trip
    movb $1, %gs:PARAPET_VCPU_EVENT_MASK
    mov bench_pair_port, %edi
    HYPERCALL 50
    HYPERCALL 33
    END_LOOP

/* The peer's, for good. */
    .balign 64
    .globl bench_echo
bench_echo:
    HYPERCALL 33
    movb $1, %gs:PARAPET_VCPU_EVENT_MASK
    mov bench_pair_port, %edi
    HYPERCALL 50
    jmp bench_echo

/* The acknowledgement in the ABI's order, of the one port there is. */
    HANDLER bench_pair_entry
    movb $0, %gs:PARAPET_VCPU_EVENT_PENDING
    xor %eax, %eax
    xchg %rax, %gs:PARAPET_VCPU_EVENT_SELECT
    movabs $PARAPET_SHARED_PAGE, %rax
    mov bench_pair_port, %ecx
    lock btrq %rcx, (%rax)
    IRET

    .section .note.GNU-stack, "", @progbits
