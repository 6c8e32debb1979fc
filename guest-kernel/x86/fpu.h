/* SPDX-License-Identifier: MIT
 *
 * The x87, SSE and AVX registers of user mode. The kernel is compiled not to
 * use them, so they stay in the CPU until another process needs them.
 */
#ifndef GUEST_KERNEL_X86_FPU_H
#define GUEST_KERNEL_X86_FPU_H

struct fpu_state;

/* As a new program finds them (System V ABI, 3.4.1); kfree() frees it. NULL
 * without memory. */
struct fpu_state *fpu_state_create(void);

/* What is in the registers, and back. */
void fpu_save(struct fpu_state *state);
void fpu_load(const struct fpu_state *state);

#endif
