/* SPDX-License-Identifier: MIT
 *
 * The areas of an address space: a sorted list of ranges of pages, each with
 * its rights and contents. Knows nothing of page tables. The caller locks.
 * Starts and ends are multiples of the page size, and ends above starts.
 */
#ifndef GUEST_KERNEL_MM_AREA_H
#define GUEST_KERNEL_MM_AREA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/list.h"

struct area {
    struct list_node node; /* in the order of addresses; no two overlap */
    uint64_t start;
    uint64_t end;
    unsigned int prot; /* SPACE_READ and so on */
    const char *image; /* its first image_size bytes; the rest is zero */
    size_t image_size;
};

/* The first that ends above vaddr, NULL if none does. */
struct area *area_first_above(struct list_node *areas, uint64_t vaddr);

/* The one that vaddr is in, or NULL. */
struct area *area_at(struct list_node *areas, uint64_t vaddr);

/* A new one, which is to overlap none. False without memory. */
bool area_add(struct list_node *areas, uint64_t start, uint64_t end,
              unsigned int prot, const void *image, size_t image_size);

/* What is in the range goes. False, and nothing has, without memory. */
bool area_remove(struct list_node *areas, uint64_t start, uint64_t end);

/* Other rights for what is in the range. False, and nothing has changed,
 * without memory. */
bool area_protect(struct list_node *areas, uint64_t start, uint64_t end,
                  unsigned int prot);

/* Whether areas cover the range without a hole. */
bool area_covers(struct list_node *areas, uint64_t start, uint64_t end);

/*
 * The start of the highest range of size bytes in [low, high) that neither
 * overlaps nor touches an area, and has a page below it too; 0 if there is
 * none.
 */
uint64_t area_find_gap(struct list_node *areas, uint64_t low, uint64_t high,
                       uint64_t size);

/* Copies all into the empty list `to`. False without memory: a part is. */
bool area_copy_all(struct list_node *to, struct list_node *from);

void area_free_all(struct list_node *areas);

#endif
