/* SPDX-License-Identifier: MIT
 *
 * Owns which pages of devices there are, and the records of their mappings. An
 * entry that maps one is like one that maps another domain's frame (mm/type.c),
 * but that there is no frame, and so no reference to one.
 */
#include "hypervisor/mm/device_page.h"

#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/mm/table.h"

static mfn_t pages[MAX_DEVICE_PAGES];
static unsigned int nr_pages;

static bool is_page(mfn_t page)
{
    for (unsigned int i = 0; i < nr_pages; i++) {
        if (pages[i] == page)
            return true;
    }
    return false;
}

bool device_page_add(mfn_t page)
{
    if (is_page(page))
        return true;
    if (nr_pages == MAX_DEVICE_PAGES)
        return false;
    pages[nr_pages++] = page;
    return true;
}

int device_page_map(struct memory_owner *m, uint64_t pte, mfn_t page)
{
    const uint64_t bits = PARAPET_PTE_W | PARAPET_PTE_UNCACHED | PARAPET_PTE_NX;
    struct device_maps *d = &m->devices;
    int error;

    if (!is_page(page))
        return -PARAPET_EPERM;
    if (d->nr == MAX_DEVICE_MAPS)
        return -PARAPET_ENOSPC;
    error = table_map_checked(m, pte, frame_paddr(page) | bits | PARAPET_PTE_P);
    if (error)
        return error;
    d->maps[d->nr++] = (struct device_map){.pte = pte, .page = page};
    return 0;
}

static void unmap(struct memory_owner *m, uint32_t i)
{
    struct device_maps *d = &m->devices;

    table_unmap_foreign(m, d->maps[i].pte);
    d->maps[i] = d->maps[--d->nr];
}

int device_page_unmap(struct memory_owner *m, uint64_t pte)
{
    for (uint32_t i = 0; i < m->devices.nr; i++) {
        if (m->devices.maps[i].pte != pte)
            continue;
        unmap(m, i);
        return 0;
    }
    return -PARAPET_ENOENT;
}

void device_page_end(struct memory_owner *m)
{
    while (m->devices.nr > 0)
        unmap(m, m->devices.nr - 1);
}
