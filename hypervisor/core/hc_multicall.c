/* SPDX-License-Identifier: MIT
 *
 * The multicall: several hypercalls for one entry and exit.
 */
#include "abi/errors.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"

/*
 * A call stops after so many entries, or after one that is slow: so it keeps
 * within 20,000 instructions, whatever the entries are.
 */
#define ENTRIES_AT_A_TIME 64

static uint64_t cost(uint64_t number)
{
    bool slow =
        number < PARAPET_NR_HYPERCALLS && (hypercall_flags[number] & HC_SLOW);

    return slow ? ENTRIES_AT_A_TIME : 1;
}

static int64_t call_one(const struct domain *d,
                        const struct parapet_multicall_entry *e)
{
    if (e->number >= PARAPET_NR_HYPERCALLS)
        return -PARAPET_ENOSYS;
    if (hypercall_flags[e->number] & HC_NO_MULTICALL)
        return -PARAPET_EINVAL;
    return d->dispatch[e->number](e->args[0], e->args[1], e->args[2],
                                  e->args[3], e->args[4], e->args[5]);
}

/*
 * multicall: carries out calls[0..nr_calls) in order and stores each result.
 * An entry that fails does not stop the others. EINVAL: calls is not aligned
 * to 8. E2BIG: more than PARAPET_MAX_MULTICALL. EFAULT: an entry cannot be
 * read or its result not be written; the entries before it have their
 * results. ERESTART: restart_done entries are done, go on behind them.
 */
int64_t hc_multicall(uint64_t calls, uint64_t nr_calls)
{
    struct vcpu *v = vcpu_current();
    struct parapet_multicall_entry e;
    uint64_t spent = 0;

    if (nr_calls > PARAPET_MAX_MULTICALL)
        return -PARAPET_E2BIG;
    if (calls % 8 != 0)
        return -PARAPET_EINVAL;
    for (uint64_t i = 0; i < nr_calls; i++) {
        uint64_t entry = calls + i * sizeof(e);

        if (spent >= ENTRIES_AT_A_TIME) {
            v->page->restart_done = i;
            return -PARAPET_ERESTART;
        }
        if (copy_from_guest(&e, entry, sizeof(e)))
            return -PARAPET_EFAULT;
        spent += cost(e.number);
        e.result = call_one(v->domain, &e);
        if (copy_to_guest(entry +
                              offsetof(struct parapet_multicall_entry, result),
                          &e.result, sizeof(e.result)))
            return -PARAPET_EFAULT;
    }
    return 0;
}
