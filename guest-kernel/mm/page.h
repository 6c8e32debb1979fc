/* SPDX-License-Identifier: MIT
 *
 * The page allocator: blocks of 2^order pages, aligned to their size, at their
 * address in the direct map. Any context, any interrupt state.
 */
#ifndef GUEST_KERNEL_MM_PAGE_H
#define GUEST_KERNEL_MM_PAGE_H

#include <stdint.h>

#include "guest-kernel/boot_info.h"
#include "lib/list.h"

#define PAGE_MAX_ORDER 10 /* 4 MiB */

enum page_kind {
    PAGE_RESERVED, /* no memory, or in use since boot */
    PAGE_FREE,     /* first page of a free block */
    PAGE_USED,     /* first page of a block in use */
    PAGE_SLAB,     /* belongs to mm/slab.c */
    PAGE_INSIDE,   /* not the first page of its block */
};

/* One for each page frame. */
struct page {
    struct list_node node; /* of a free list, or of the owner */
    void *free_objects;    /* the owner's */
    uint32_t count;        /* the owner's: objects in use, or users */
    uint8_t kind;          /* enum page_kind */
    uint8_t order;         /* of the block, in its first page */
    uint16_t tag;          /* the owner's */
};

/* Takes over all that early_alloc() has left. */
void page_init(const struct boot_info *boot);

/* Memory that was kept out of it at boot and has served: the RAM disk. Pages
 * that lie wholly in [start, end) and are memory of the machine's. */
void page_add_range(uint64_t start, uint64_t end);

/* Contents undefined. NULL when no block of that order is left. */
void *page_alloc(unsigned int order);

/* What page_alloc() returned, whole. A bad pointer is a bug and panics. */
void page_free(void *block);

/*
 * A free page leaves the memory that there is, or comes back to it: for who
 * takes its frame away. Nobody looks at it meanwhile, and its record is that
 * one's. NULL when none is free. Interrupts are disabled.
 */
struct page *page_take_out(void);
void page_put_back(struct page *page);

/* The frame's record, or NULL when the address is in no memory. */
struct page *page_of(const void *object);
/* The direct-map address of its frame. */
void *page_vaddr(const struct page *page);

/* How many are free: quick, unlike the statistics. */
uint64_t page_nr_free(void);

struct page_statistics {
    uint64_t total_kib;                   /* memory of the domain or machine */
    uint64_t free_kib;                    /* in the allocator */
    uint64_t nr_free[PAGE_MAX_ORDER + 1]; /* blocks, by order */
};
void page_get_statistics(struct page_statistics *statistics);

#endif
