/* SPDX-License-Identifier: MIT
 *
 * A driver of a serial line, in a domain: each byte goes to a port that no
 * guest has. The kernel's handler of the fault writes the byte by hypercall
 * and skips the instruction.
 */
#include "abi/abi.h"
#include "tests/bench/loops.h"
#include "tests/bench/loops.inc"

    .section .data
    .balign 4096
    .globl bench_console_text
bench_console_text:
    .fill BENCH_CONSOLE_BYTES, 1, 0
byte:
    .byte 0
    .balign 4096

    .text

/* All bytes of the text: %r8 goes over them. */
    LOOP bench_console_port
    mov $0x3f8, %edx
    mov $bench_console_text, %r8
2:
    mov (%r8), %al
    outb %al, %dx
    inc %r8
    cmp $bench_console_text + BENCH_CONSOLE_BYTES, %r8
    jne 2b
    END_LOOP

/* The byte is in %al; 1 is the number of those that were written. outb is one
 * byte long. */
    HANDLER bench_port_entry
    mov %al, byte
3:
    mov $byte, %rdi
    mov $1, %esi
    HYPERCALL 2
    cmp $1, %eax
    jne 3b
    incq PARAPET_FRAME_RIP(%rsp)
    IRET

    .section .note.GNU-stack, "", @progbits
