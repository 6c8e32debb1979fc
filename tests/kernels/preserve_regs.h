/* SPDX-License-Identifier: MIT
 *
 * The registers that preserve_asm.S loads and stores.
 */
#ifndef KERNELS_PRESERVE_REGS_H
#define KERNELS_PRESERVE_REGS_H

#include <stddef.h>
#include <stdint.h>

struct preserve_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags;
    uint64_t fs_base, gs_base;
    uint64_t ds, es, fs, gs;
    uint32_t mxcsr, x87_control;
    uint8_t ymm[16][32];
};

_Static_assert(offsetof(struct preserve_regs, rflags) == 128 &&
                   offsetof(struct preserve_regs, fs_base) == 136 &&
                   offsetof(struct preserve_regs, ds) == 152 &&
                   offsetof(struct preserve_regs, mxcsr) == 184 &&
                   offsetof(struct preserve_regs, ymm) == 192,
               "preserve_asm.S knows these offsets");

/* Read before the call, and written after it. rsp is only written. */
extern struct preserve_regs preserve_before, preserve_after;
/* What is called with all registers loaded. */
extern uint64_t preserve_target;
/* Stored right before the call. */
extern uint64_t preserve_rsp;

void preserve_round(void);

/* Targets: a bare syscall; the iret hypercall; int3; cli; a loop of rcx. */
void preserve_syscall(void);
void preserve_iret(void);
void preserve_int3(void);
void preserve_cli(void);
void preserve_spin(void);

#endif
