/* SPDX-License-Identifier: MIT
 *
 * What the memory hypercalls have in common: how one begins and ends.
 */
#ifndef HYPERVISOR_CORE_MEMORY_H
#define HYPERVISOR_CORE_MEMORY_H

#include <stdint.h>

#include "hypervisor/core/domain.h"
#include "hypervisor/mm/table.h"
#include "hypervisor/mm/work.h"

/* A call is refused before it has begun; returns the error. No lock. */
int64_t memory_refused(struct vcpu *v, int64_t error);

/* Takes the domain's memory lock, and a hypercall's share of work; false: it
 * gave up, see memory_lock(). */
static inline bool __attribute__((warn_unused_result))
memory_begin(struct memory_owner *m)
{
    if (!memory_lock(m))
        return false;
    m->work = WORK_CALL;
    m->failed_entry = 0;
    return true;
}

/* Tells the guest what did not go well. v's memory lock is held. */
void memory_failed(struct vcpu *v, int64_t result, uint64_t done);

/*
 * Lets go what can be let go with the work that is left, unlocks, and passes
 * the result on. done: what is finished if the result is an error.
 */
static inline int64_t memory_end(struct vcpu *v, int64_t result, uint64_t done)
{
    struct memory_owner *m = &v->domain->memory;

    if (result)
        memory_failed(v, result, done);
    else if (m->releasing != FRAME_INFO_NONE)
        (void)table_release(m);
    memory_unlock(m);
    return result;
}

/* Whether an array in the guest's memory may be looked at; 0, or the error:
 * E2BIG, EINVAL or EFAULT. */
int64_t memory_check_array(uint64_t vaddr, uint64_t nr, size_t entry_size);

/*
 * One frame of m's for the struct parapet_populate at vaddr, as
 * hc_memory_populate() does it. m's lock is held, and the work was taken.
 */
int64_t memory_populate_one(struct memory_owner *m, uint64_t vaddr);

/* Audits the domain; returns how many things were wrong. */
uint64_t memory_audit(struct domain *d);

/* Audits what is no single domain's: frames of nobody, and that no frame is
 * missing in its domain's list. No memory lock is held. */
uint64_t memory_audit_machine(void);

#endif
