/* SPDX-License-Identifier: MIT
 *
 * The registers of interrupted code, as x86/trap_entry.S leaves them on the
 * stack. The upper part is the ABI's upcall frame; the native stubs build the
 * same, so that all code after them is the same in both builds.
 */
#ifndef GUEST_KERNEL_X86_REGS_H
#define GUEST_KERNEL_X86_REGS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/shared.h"

struct trap_regs {
    uint64_t vector;
    uint64_t r15;
    uint64_t r14;
    uint64_t r13;
    uint64_t r12;
    uint64_t r10;
    uint64_t r9;
    uint64_t r8;
    uint64_t rbp;
    uint64_t rdi;
    uint64_t rsi;
    uint64_t rdx;
    uint64_t rbx;
    struct parapet_frame frame; /* rax, rcx, r11, error and what iret pops */
};

/* Whether user mode was interrupted. The selector is the same in both builds:
 * its privilege level is the mode (docs/ABI.md, section 5). */
static inline bool trap_from_user(const struct trap_regs *regs)
{
    return (regs->frame.cs & 3) != 0;
}

/* x86/trap_entry.S */
_Noreturn void trap_leave(const struct trap_regs *regs);

#endif
