/* SPDX-License-Identifier: MIT
 *
 * The registers of an interrupted guest (or, for a fault of our own, of the
 * hypervisor), as the entry code leaves them on the stack. For a guest they
 * are always at the same place, the top of the CPU's main stack.
 */
#ifndef HYPERVISOR_X86_REGS_H
#define HYPERVISOR_X86_REGS_H

#include <stdint.h>

#include "lib/x86/rflags.h"

struct cpu_regs {
    /* Saved only on slow paths: a C function preserves them. */
    uint64_t r15;
    uint64_t r14;
    uint64_t r13;
    uint64_t r12;
    uint64_t rbp;
    uint64_t rbx;
    /* Saved by every entry. */
    uint64_t r9;
    uint64_t r8;
    uint64_t r10;
    uint64_t rdx;
    uint64_t rsi;
    uint64_t rdi;
    uint64_t rcx;
    uint64_t r11;
    uint64_t rax;
    uint32_t error;
    uint32_t vector;
    /* As the CPU pushes them, and as iretq wants them. */
    uint64_t rip;
    uint64_t cs;
    uint64_t rflags;
    uint64_t rsp;
    uint64_t ss;
};

/* A vector number that no exception has: the registers of a hypercall. */
#define VECTOR_HYPERCALL 256

/* Of a frame's rflags, what a guest may set. */
#define RFLAGS_GUEST                                                           \
    (RFLAGS_STATUS | RFLAGS_TF | RFLAGS_DF | RFLAGS_RF | RFLAGS_AC | RFLAGS_ID)

enum exception {
    EXC_DE = 0,
    EXC_DB = 1,
    EXC_NMI = 2,
    EXC_BP = 3,
    EXC_OF = 4,
    EXC_BR = 5,
    EXC_UD = 6,
    EXC_NM = 7,
    EXC_DF = 8,
    EXC_TS = 10,
    EXC_NP = 11,
    EXC_SS = 12,
    EXC_GP = 13,
    EXC_PF = 14,
    EXC_MF = 16,
    EXC_AC = 17,
    EXC_MC = 18,
    EXC_XM = 19,
};

#endif
