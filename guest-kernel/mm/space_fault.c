/* SPDX-License-Identifier: MIT
 *
 * Pages come when they are touched: by the CPU, or by the kernel on behalf of
 * a system call, which finds its way through the tables by itself.
 */
#include "guest-kernel/mm/area.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/space_parts.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"
#include "lib/string.h"

/* Bits of the error code (APM 2, 8.2.15). */
#define FAULT_WRITE 0x2ul
#define FAULT_EXEC 0x10ul

/* Pages of an image that one fault makes, from the one that it is for on: a
 * program touches most of its image, and they cost one hypercall together. */
#define FAULT_AROUND 16

/* A page with what the area says of vaddr, which is its start; or NULL. */
static void *new_page(const struct area *area, uint64_t vaddr)
{
    uint64_t offset = vaddr - area->start;
    char *page = user_page_alloc();
    size_t size = 0;

    if (page == NULL)
        return NULL;
    if (offset < area->image_size) {
        size = MIN(area->image_size - offset, (size_t)PAGE_SIZE);
        memcpy(page, area->image + offset, size);
    }
    memset(page + size, 0, PAGE_SIZE - size);
    return page;
}

/* How many pages to make at once: within the image and one table. */
static unsigned int nr_around(const struct area *area, uint64_t vaddr)
{
    uint64_t end =
        ALIGN_UP(area->start + area->image_size, (uint64_t)PAGE_SIZE);
    uint64_t table_end = ALIGN_DOWN(vaddr, TABLE_SPAN) + TABLE_SPAN;

    end = MIN(MIN(end, table_end), vaddr + FAULT_AROUND * PAGE_SIZE);
    return end > vaddr ? (unsigned int)((end - vaddr) / PAGE_SIZE) : 1;
}

/* The first page is missing; others come along where they are, too, and if
 * there is memory for them. */
static bool make_pages(struct space *space, const struct area *area,
                       uint64_t vaddr)
{
    uint64_t values[FAULT_AROUND] = {0};
    unsigned int i, nr = nr_around(area, vaddr);
    const uint64_t *entries = table_find(&space->roots, vaddr);
    void *page;

    for (i = 0; i < nr; i++) {
        if (entries != NULL && entries[i] != 0)
            continue;
        page = new_page(area, vaddr + i * PAGE_SIZE);
        if (page == NULL)
            break;
        values[i] = table_entry(page, area->prot);
    }
    if (i > 0 && table_fill(&space->roots, vaddr, values, i))
        return true;
    while (i > 0)
        if (values[--i] != 0)
            page_free(table_entry_page(values[i]));
    return false;
}

/* Writing to a page that was shared: to it, when nobody else has it any more,
 * or to a copy. */
static bool unshare(struct space *space, const struct area *area,
                    uint64_t *entry, uint64_t vaddr)
{
    void *page = table_entry_page(*entry), *copy = page;
    struct mmu_batch batch;

    if (user_page_is_shared(page)) {
        copy = user_page_alloc();
        if (copy == NULL)
            return false;
        memcpy(copy, page, PAGE_SIZE);
    }
    mmu_batch_init(&batch);
    mmu_batch_set(&batch, entry, table_entry(copy, area->prot));
    mmu_batch_flush(&batch);
    if (space_is_current(space))
        mmu_invalidate(vaddr);
    if (copy != page && user_page_drop(page))
        page_free(page);
    return true;
}

static unsigned int right_for(uint64_t error)
{
    if ((error & FAULT_WRITE) != 0)
        return SPACE_WRITE;
    return (error & FAULT_EXEC) != 0 ? SPACE_EXEC : SPACE_READ;
}

bool space_fault(struct space *space, uint64_t vaddr, uint64_t error)
{
    const struct area *area = area_at(&space->areas, vaddr);
    unsigned int right = right_for(error);
    uint64_t *entry;

    if (area == NULL || (area->prot & right) == 0)
        return false;
    vaddr = ALIGN_DOWN(vaddr, (uint64_t)PAGE_SIZE);
    entry = table_find(&space->roots, vaddr);
    if (entry == NULL || *entry == 0)
        return make_pages(space, area, vaddr);
    if (right == SPACE_WRITE && !table_entry_is_writable(*entry))
        return unshare(space, area, entry, vaddr);
    /* The entry allows it: the CPU used what it had said before. */
    if (space_is_current(space))
        mmu_invalidate(vaddr);
    return true;
}

/* ---- the kernel's own accesses ---- */

/* Where in the direct map the user's vaddr is, for reading or writing; NULL:
 * it may not be accessed so. */
static char *access(struct space *space, uint64_t vaddr, uint64_t error)
{
    const struct area *area = area_at(&space->areas, vaddr);
    uint64_t *entry;

    if (area == NULL || (area->prot & right_for(error)) == 0)
        return NULL;
    entry = table_find(&space->roots, vaddr);
    if (entry == NULL || *entry == 0 ||
        (error == FAULT_WRITE && !table_entry_is_writable(*entry))) {
        if (!space_fault(space, vaddr, error))
            return NULL;
        entry = table_find(&space->roots, vaddr);
    }
    return (char *)table_entry_page(*entry) + vaddr % PAGE_SIZE;
}

/* How much of size bytes from vaddr on is in its page. */
static size_t in_page(uint64_t vaddr, size_t size)
{
    return MIN(size, PAGE_SIZE - vaddr % PAGE_SIZE);
}

bool space_copy_in(struct space *space, void *to, uint64_t from, size_t size)
{
    const char *source;
    char *target = to;
    size_t part;

    for (; size > 0; size -= part, from += part, target += part) {
        part = in_page(from, size);
        source = access(space, from, 0);
        if (source == NULL)
            return false;
        memcpy(target, source, part);
    }
    return true;
}

bool space_copy_out(struct space *space, uint64_t to, const void *from,
                    size_t size)
{
    const char *source = from;
    char *target;
    size_t part;

    for (; size > 0; size -= part, to += part, source += part) {
        part = in_page(to, size);
        target = access(space, to, FAULT_WRITE);
        if (target == NULL)
            return false;
        memcpy(target, source, part);
    }
    return true;
}
