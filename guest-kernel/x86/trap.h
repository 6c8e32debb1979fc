/* SPDX-License-Identifier: MIT
 *
 * Numbers of exceptions and of the entry stubs, for C and assembly. Stub v,
 * for exception or interrupt vector v, is at trap_stubs + v * TRAP_STUB_SIZE.
 */
#ifndef GUEST_KERNEL_X86_TRAP_H
#define GUEST_KERNEL_X86_TRAP_H

#define TRAP_NR_EXCEPTIONS 32
#define TRAP_NR_STUBS 48
#define TRAP_STUB_SIZE 32

/* No vector: what a system call has in struct trap_regs. */
#define TRAP_SYSCALL TRAP_NR_STUBS

#define TRAP_DIVIDE 0
#define TRAP_DEBUG 1
#define TRAP_NMI 2
#define TRAP_BREAKPOINT 3
#define TRAP_INVALID_OPCODE 6
#define TRAP_DOUBLE_FAULT 8
#define TRAP_PAGE_FAULT 14
#define TRAP_X87 16
#define TRAP_ALIGNMENT 17
#define TRAP_MACHINE_CHECK 18
#define TRAP_SIMD 19

#endif
