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

#include "guest-kernel/mm/space.h"
#include "lib/list.h"

struct area {
    struct list_node node; /* in the order of addresses; no two overlap */
    uint64_t start;
    uint64_t end;
    unsigned int prot; /* SPACE_READ and so on */
    /* Counted, if there is an object. Of a shared area size is 0; of another
     * it is not, and no more than the area has. */
    struct space_source source;
};

/* The first that ends above vaddr, NULL if none does. */
struct area *area_first_above(struct list_node *areas, uint64_t vaddr);

/* The one that vaddr is in, or NULL. */
struct area *area_at(struct list_node *areas, uint64_t vaddr);

bool area_is_free(struct list_node *areas, uint64_t start, uint64_t end);

/* A new one, which is to overlap none. source may be NULL: zero pages. False
 * without memory. */
bool area_add(struct list_node *areas, uint64_t start, uint64_t end,
              unsigned int prot, const struct space_source *source);

/* What is in the range goes. False, and nothing has, without memory. */
bool area_remove(struct list_node *areas, uint64_t start, uint64_t end);

/* Other rights for what is in the range. False, and nothing has changed,
 * without memory. */
bool area_protect(struct list_node *areas, uint64_t start, uint64_t end,
                  unsigned int prot);

/*
 * [start, end) of one area becomes [to, to + size), of which nothing overlaps
 * an area, or which begins at start, too. It may be longer than before, and
 * goes on as the area would. False, and nothing has changed, without memory.
 */
bool area_move(struct list_node *areas, uint64_t start, uint64_t end,
               uint64_t to, uint64_t size);

/* Whether areas cover the range without a hole. */
bool area_covers(struct list_node *areas, uint64_t start, uint64_t end);

/*
 * The start of the highest range of size bytes in [low, high) that neither
 * overlaps nor touches an area, and has a page below it too; 0 if there is
 * none.
 */
uint64_t area_find_gap(struct list_node *areas, uint64_t low, uint64_t high,
                       uint64_t size);

unsigned int area_count(struct list_node *areas);

/* Copies all into the empty list `to`. False without memory: a part is. */
bool area_copy_all(struct list_node *to, struct list_node *from);

void area_free_all(struct list_node *areas);

#endif
