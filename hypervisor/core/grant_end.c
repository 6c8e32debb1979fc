/* SPDX-License-Identifier: MIT
 *
 * Owns the end of what a domain has lent and borrowed.
 */
#include "hypervisor/core/grant_end.h"

#include "hypervisor/core/grant_call.h"
#include "hypervisor/mm/work.h"

static void drop(struct grant_call *c, struct grant_mapping *mapping)
{
    if (mapping->kind == GRANT_MAP)
        table_unmap_foreign(c->m, mapping->pte);
    grant_call_drop_mapping(c, mapping);
}

/* In the order of the handles, from the one to come next. After a wait for a
 * lender's lock it is enough. */
static bool drop_all(struct grant_call *c)
{
    struct grant_handles *h = &c->m->handles;
    struct grant_mapping *mapping;

    while (h->nr_used != 0) {
        if (grant_call_has_waited() || !work_take(&c->m->work, WORK_LOOK))
            return false;
        mapping = grant_handle_at(h, h->next);
        if (mapping->kind != GRANT_FREE) {
            if (!work_take(&c->m->work, WORK_GRANT_END))
                return false;
            drop(c, mapping);
        }
        h->next++;
    }
    return true;
}

bool grant_end_share(struct domain *d)
{
    struct grant_call c = {.m = &d->memory, .locked_id = GRANT_NOBODY};
    bool done;

    this_cpu()->multicall_stop &= ~MULTICALL_WAITED; /* it is in none */
    done = drop_all(&c);
    grant_call_unlock(&c);
    return done;
}
