/* SPDX-License-Identifier: MIT
 *
 * The audit of what an owner has mapped of devices, by its records. Knows the
 * rules of mm/type.c, and none of the code of mm/device_page.c.
 */
#include "hypervisor/mm/audit_count.h"

/* Nobody's frame: the hypervisor has no state for it, or an empty one. */
static void check_page(struct audit *a, mfn_t page)
{
    uint64_t state = page < nr_frame_infos ? frame_state(frame_info(page)) : 0;

    audit_expect(a, page, "state of a device's page", 0, state);
}

void audit_count_devices(struct audit *a)
{
    const struct device_maps *d = &a->m->devices;
    uint64_t sum = 0;

    audit_expect(a, 0, "as many mappings of devices as there may be", true,
                 d->nr <= MAX_DEVICE_MAPS);
    for (uint32_t i = 0; i < d->nr && i < MAX_DEVICE_MAPS; i++) {
        const struct device_map *map = &d->maps[i];
        mfn_t table = map->pte >> PAGE_SHIFT;

        check_page(a, map->page);
        audit_count(a, table, table, true, TYPE_L1);
        sum += audit_foreign(map->pte, map->page, true);
    }
    audit_expect(a, 0, "entries that map devices", d->nr, a->nr_devices);
    audit_expect(a, 0, "what these entries and their records say", sum,
                 a->devices);
}
