/* SPDX-License-Identifier: MIT
 *
 * The rows of memory on the bare machine: an address space of the bench's own,
 * which a row enters before and leaves after it is measured. It has all that
 * the kernel's has, a window with a page table for the rows to change, and the
 * code of the loops in ring 3.
 */
#ifndef GUEST_KERNEL_BENCH_NATIVE_MEMORY_H
#define GUEST_KERNEL_BENCH_NATIVE_MEMORY_H

#include <stdbool.h>

/* Enter it, with what the loops of this kind use. */
bool memory_prepare(void);
bool memory_prepare_fault(void);
bool memory_prepare_same_root(void);
bool memory_prepare_batch_1(void);
bool memory_prepare_batch_2(void);
bool memory_prepare_batch_4(void);
bool memory_prepare_batch_8(void);
bool memory_prepare_batch_16(void);
bool memory_prepare_batch_32(void);
bool memory_prepare_batch_64(void);
bool memory_prepare_batch_128(void);
bool memory_prepare_batch_256(void);
bool memory_prepare_batch_512(void);

/* Leave it. */
void memory_finish(void);
/* These panic unless the window's page table is as the loop must leave it. */
void memory_finish_entries(void);
void memory_finish_fault(void);

#endif
