/* SPDX-License-Identifier: MIT
 *
 * Writes the page tables of an address space whose pages come in ascending
 * order of vaddr. There is one table of each level at hand; when a page is
 * beyond it, it is complete, and is written, once. Private to the builder.
 */
#ifndef LIB_BUILDER_TABLES_H
#define LIB_BUILDER_TABLES_H

#include <stdint.h>

#include "lib/builder/range.h"
#include "lib/builder/services.h"

#define BUILD_LEVELS 4

struct build_tables {
    const struct builder_services *services;
    void *context;
    const uint64_t *mfns; /* of the tables, the root first */
    uint64_t nr;          /* how many there are, */
    uint64_t nr_used;     /* and how many have been taken */
    uint64_t vaddr;       /* of the last page */
    /* [0] is of level 1; mfn 0: there is none yet. */
    uint64_t mfn[BUILD_LEVELS];
    uint64_t *entries[BUILD_LEVELS];
};

/* buffers has a page for each level. mfns, which are not 0, stay. */
void build_tables_begin(struct build_tables *t,
                        const struct builder_services *services, void *context,
                        const uint64_t *mfns, uint64_t nr, void *buffers);

/*
 * The tables for vaddr are at hand from now on. 0, what a service answered, or
 * -PARAPET_ENOSPC when there are too few tables.
 */
int build_tables_move(struct build_tables *t, uint64_t vaddr);

/* Maps a page at vaddr, above all that were mapped before. */
static inline int build_tables_map(struct build_tables *t, uint64_t vaddr,
                                   uint64_t entry)
{
    uint64_t page = vaddr >> BUILD_PAGE_SHIFT;

    if (t->mfn[0] == 0 ||
        ((vaddr ^ t->vaddr) >> BUILD_PAGE_SHIFT) >= BUILD_TABLE_ENTRIES) {
        int error = build_tables_move(t, vaddr);

        if (error)
            return error;
    }
    t->entries[0][page % BUILD_TABLE_ENTRIES] = entry;
    return 0;
}

/* Writes those at hand: all is complete. */
int build_tables_end(struct build_tables *t);

#endif
