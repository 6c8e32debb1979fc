/* SPDX-License-Identifier: MIT
 *
 * Memory before there is a page allocator: which ranges are free, and pieces
 * of them for good. Single-threaded, interrupts disabled.
 */
#ifndef GUEST_KERNEL_MM_EARLY_H
#define GUEST_KERNEL_MM_EARLY_H

#include <stdint.h>

#include "guest-kernel/boot_info.h"

/* The memory of boot without the image, the RAM disk and page 0. */
void early_init(const struct boot_info *boot);

/*
 * A piece of at least size bytes, zeroed, page-aligned, never given back; its
 * direct-map address. Panics when there is none.
 */
void *early_alloc(uint64_t size);

/* What is free now: range index, or an empty range past the last. */
struct memory_range early_range(unsigned int index);

#endif
