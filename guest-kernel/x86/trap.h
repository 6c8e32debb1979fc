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

#define TRAP_BREAKPOINT 3
#define TRAP_DOUBLE_FAULT 8
#define TRAP_PAGE_FAULT 14

#endif
