/* SPDX-License-Identifier: MIT
 *
 * The x87, SSE and AVX registers of user mode. The kernel is compiled not to
 * use them, so they stay in the CPU until another process needs them.
 */
#ifndef GUEST_KERNEL_PROC_FPU_H
#define GUEST_KERNEL_PROC_FPU_H

#include <stddef.h>
#include <stdint.h>

struct fpu_state;

/* What xsave wants, and how much of a state fxsave has too. */
#define FPU_ALIGNMENT 64
#define FPU_LEGACY_SIZE 512

/* As a new program finds them (System V ABI, 3.4.1); kfree() frees it. NULL
 * without memory. */
struct fpu_state *fpu_state_create(void);

/* What is in the registers, and back. */
void fpu_save(struct fpu_state *state);
void fpu_load(const struct fpu_state *state);

/* Of a state with all components that are enabled, and which those are. */
size_t fpu_size(void);
uint64_t fpu_components(void);

/* As a new program finds the registers. */
void fpu_reset(struct fpu_state *state);

/* Makes a state that a program has written one that fpu_load() takes without
 * an exception (APM 4, xrstor). */
void fpu_sanitize(struct fpu_state *state);

#endif
