/* SPDX-License-Identifier: MIT
 *
 * Memory for objects of any size. Sizes up to SLAB_MAX_SIZE come from slabs,
 * pages cut into objects of one size; larger ones are whole blocks of pages.
 * Any context, any interrupt state.
 */
#ifndef GUEST_KERNEL_MM_SLAB_H
#define GUEST_KERNEL_MM_SLAB_H

#include <stddef.h>
#include <stdint.h>

#define SLAB_MIN_SIZE 16
#define SLAB_MAX_SIZE 2048
#define SLAB_NR_CLASSES 8 /* 16, 32, ... 2048 */

/*
 * Aligned to the size rounded up to a power of two, at most to a page. The
 * contents of kmalloc() are undefined, those of kzalloc() zero. NULL when
 * there is no memory left.
 */
void *kmalloc(size_t size);
void *kzalloc(size_t size);

/* NULL is ignored. A pointer that neither function returned is a bug. */
void kfree(void *object);

struct slab_statistics {
    uint32_t object_size;
    uint64_t nr_slabs;
    uint64_t nr_used; /* objects */
};
void slab_get_statistics(unsigned int class, struct slab_statistics *out);

#endif
