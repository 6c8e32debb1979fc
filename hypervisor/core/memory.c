/* SPDX-License-Identifier: MIT
 *
 * The rare half of the memory hypercalls: failures, and the audit of a domain
 * with all that the hypervisor holds of its frames.
 */
#include "hypervisor/core/memory.h"

#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/core/log_domain.h"
#include "hypervisor/core/meter.h"
#include "hypervisor/mm/audit.h"

int64_t memory_refused(struct vcpu *v, int64_t error)
{
    v->page->restart_done = 0;
    v->page->failed_entry = 0;
    return error;
}

void memory_failed(struct vcpu *v, int64_t result, uint64_t done)
{
    uint64_t entry = v->domain->memory.failed_entry;

    ASSERT(turn_lock_is_held(&v->domain->memory.lock));
    v->page->restart_done = done;
    if (result == -PARAPET_ERESTART) {
        this_cpu()->multicall_stop |= MULTICALL_REPEAT;
        /* The shortest paths do not begin a share of their own. */
        v->domain->memory.work = WORK_CALL;
        return;
    }
    if (result == -PARAPET_EFAULT)
        entry = 0;
    v->page->failed_entry = entry;
    if (entry)
        log_vcpu(LOG_DEBUG, v,
                 "memory: the entry at machine address %lx is refused, "
                 "error %ld",
                 entry, -result);
}

/* Three kinds of pages for each vCPU and what its engine holds, the shared page
 * and the grant table. */
#define MAX_HOLDS                                                              \
    (PARAPET_MAX_VCPUS * (8 + ENGINE_MAX_HOLDS) + 1 + PARAPET_MAX_GRANT_FRAMES)

static void add_hold(struct audit_hold *holds, size_t *nr, mfn_t mfn,
                     enum frame_type type)
{
    BUG_ON(*nr == MAX_HOLDS);
    holds[*nr].mfn = mfn;
    holds[*nr].type = type;
    (*nr)++;
}

static void add_vcpu(struct audit_hold *holds, size_t *nr, struct vcpu *v)
{
    add_hold(holds, nr, frame_of(v->page), TYPE_WRITABLE);
    add_hold(holds, nr, frame_of(v->counters), TYPE_NONE);
    for (unsigned int i = 0; i < LATENCY_PAGES; i++)
        add_hold(holds, nr, frame_of(v->latency_pages[i]), TYPE_NONE);
    BUG_ON(*nr + ENGINE_MAX_HOLDS > MAX_HOLDS);
    *nr += v->domain->engine->audit_holds(v, holds + *nr);
}

static void add_grants(struct audit_hold *holds, size_t *nr,
                       const struct grant_table *grants)
{
    uint32_t nr_frames = grants->nr_entries / PARAPET_GRANTS_PER_FRAME;

    for (uint32_t i = 0; i < nr_frames; i++)
        add_hold(holds, nr, frame_of(grants->entries[i]), TYPE_WRITABLE);
}

static struct spinlock audit_lock = SPINLOCK(audit);

uint64_t memory_audit(struct domain *d)
{
    static struct audit_hold holds[MAX_HOLDS];
    size_t nr = 0;
    uint64_t wrong;
    uint64_t begin = rdtsc();

    spin_lock(&audit_lock);
    /* Under which the roots of a vCPU change, too. An audit does not give up.
     */
    while (!memory_lock(&d->memory))
        ;
    add_hold(holds, &nr, frame_of(d->shared), TYPE_WRITABLE);
    add_grants(holds, &nr, &d->memory.grants);
    for (unsigned int i = 0; i < d->nr_vcpus; i++)
        add_vcpu(holds, &nr, d->vcpus[i]);
    wrong = audit_memory(&d->memory, holds, nr);
    memory_unlock(&d->memory);
    spin_unlock(&audit_lock);
    if (wrong)
        log_domain(LOG_ERR, d, "audit: %lu difference%s", wrong,
                   wrong == 1 ? "" : "s");
    meter_audit(begin);
    return wrong;
}

static struct memory_owner *find_owner(unsigned int tag)
{
    struct domain *d = domain_at_owner_tag(tag);

    return d ? &d->memory : NULL;
}

uint64_t memory_audit_machine(void)
{
    uint64_t begin = rdtsc();
    uint64_t wrong;

    spin_lock(&audit_lock);
    wrong = audit_machine(find_owner);
    spin_unlock(&audit_lock);
    if (wrong)
        log_err("audit: %lu difference%s", wrong, wrong == 1 ? "" : "s");
    meter_audit(begin);
    return wrong;
}
