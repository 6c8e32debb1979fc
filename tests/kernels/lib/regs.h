/* SPDX-License-Identifier: MIT
 *
 * What the runtime's entries save: struct mg_regs on the stack, made by the
 * macros in regs.inc above the frame that the hypervisor pushed.
 */
#ifndef KERNELS_REGS_H
#define KERNELS_REGS_H

#include <stddef.h>
#include <stdint.h>

#include "abi/shared.h"

struct mg_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r10, r9, r8, rdi, rsi, rdx;
    uint64_t vector; /* of a trap; nothing for an event */
    struct parapet_frame frame;
};

_Static_assert(offsetof(struct mg_regs, frame) == 13 * 8,
               "regs.inc pushes thirteen words");

#endif
