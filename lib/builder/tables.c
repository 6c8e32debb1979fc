/* SPDX-License-Identifier: MIT
 *
 * See tables.h.
 */
#include "lib/builder/tables.h"

#include "abi/errors.h"
#include "lib/string.h"

void build_tables_begin(struct build_tables *t,
                        const struct builder_services *services, void *context,
                        const uint64_t *mfns, uint64_t nr, void *buffers)
{
    memset(t, 0, sizeof(*t));
    t->services = services;
    t->context = context;
    t->mfns = mfns;
    t->nr = nr;
    for (unsigned int level = 0; level < BUILD_LEVELS; level++)
        t->entries[level] =
            (uint64_t *)((uint8_t *)buffers + level * BUILD_PAGE_SIZE);
}

/* Of the page's number, what is common to all below one table. */
static uint64_t place(uint64_t vaddr, unsigned int level)
{
    return vaddr >> (BUILD_PAGE_SHIFT + 9 * level);
}

static int write_table(struct build_tables *t, unsigned int level)
{
    uint64_t mfn = t->mfn[level];

    t->mfn[level] = 0;
    return t->services->write(t->context, mfn, 0, t->entries[level],
                              BUILD_PAGE_SIZE);
}

/* An empty one, in the one above it. */
static int begin_table(struct build_tables *t, unsigned int level,
                       uint64_t vaddr)
{
    if (t->nr_used == t->nr)
        return -PARAPET_ENOSPC;
    t->mfn[level] = t->mfns[t->nr_used++];
    memset(t->entries[level], 0, BUILD_PAGE_SIZE);
    if (level + 1 < BUILD_LEVELS)
        t->entries[level + 1][place(vaddr, level + 1) % BUILD_TABLE_ENTRIES] =
            t->mfn[level] << BUILD_PAGE_SHIFT | BUILD_TABLE;
    return 0;
}

int build_tables_move(struct build_tables *t, uint64_t vaddr)
{
    int error = 0;

    for (unsigned int level = 0; level < BUILD_LEVELS && !error; level++) {
        if (t->mfn[level] != 0 &&
            place(vaddr, level + 1) != place(t->vaddr, level + 1))
            error = write_table(t, level);
    }
    for (unsigned int level = BUILD_LEVELS; level-- > 0 && !error;) {
        if (t->mfn[level] == 0)
            error = begin_table(t, level, vaddr);
    }
    t->vaddr = vaddr;
    return error;
}

int build_tables_end(struct build_tables *t)
{
    int error = 0;

    for (unsigned int level = 0; level < BUILD_LEVELS && !error; level++) {
        if (t->mfn[level] != 0)
            error = write_table(t, level);
    }
    return error;
}
