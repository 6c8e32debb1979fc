/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/env.h in the guest kernel: frames of others without a mapping, held
 * or copied. An interrupt may make such a call, too, and that sets
 * restart_done: so none comes in between.
 */
#include "abi/stubs.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "lib/macros.h"
#include "pvdrivers/env.h"

/* How often lenders that are just changing something are asked again, by one
 * call: nothing else of this kernel runs meanwhile. */
#define MAX_TRIES 1000u
#define AT_ONCE 32u

void env_hold(struct parapet_grant_hold *holds, unsigned int nr)
{
    bool irq_on = privops_irq_save();

    pv_check(hypercall_grant_hold_all(pv_vcpu_page(), holds, nr), "grant_hold");
    privops_irq_restore(irq_on);
}

void env_hold_run(struct parapet_grant_run *runs, unsigned int nr)
{
    bool irq_on = privops_irq_save();

    pv_check(hypercall_grant_hold_run_all(pv_vcpu_page(), runs, nr),
             "grant_hold_run");
    privops_irq_restore(irq_on);
}

void env_release(struct parapet_grant_unmap *handles, unsigned int nr)
{
    bool irq_on = privops_irq_save();

    pv_check(hypercall_grant_release_all(pv_vcpu_page(), handles, nr),
             "grant_release");
    privops_irq_restore(irq_on);
}

static struct parapet_grant_copy element_of(const struct env_copy *copy)
{
    const struct parapet_grant_end lent = {copy->domain, copy->ref,
                                           copy->offset};
    const struct parapet_grant_end own = {PARAPET_DOMAIN_SELF, 0,
                                          privops_machine(copy->own)};

    return (struct parapet_grant_copy){
        .source = copy->to_own ? lent : own,
        .dest = copy->to_own ? own : lent,
        .length = copy->length,
    };
}

/* tries: how often it may be tried again. */
static int copy_one(struct parapet_grant_copy *element, unsigned int *tries)
{
    for (; element->status == -PARAPET_EAGAIN && *tries > 0; --*tries) {
        (void)hypercall_yield();
        pv_check(hypercall_grant_copy_all(pv_vcpu_page(), element, 1),
                 "grant_copy");
    }
    return element->status;
}

static void copy_some(struct env_copy *copies, unsigned int nr,
                      unsigned int *tries)
{
    struct parapet_grant_copy elements[AT_ONCE];
    bool irq_on;

    for (unsigned int i = 0; i < nr; i++)
        elements[i] = element_of(&copies[i]);
    irq_on = privops_irq_save();
    pv_check(hypercall_grant_copy_all(pv_vcpu_page(), elements, nr),
             "grant_copy");
    for (unsigned int i = 0; i < nr; i++)
        copies[i].status = copy_one(&elements[i], tries);
    privops_irq_restore(irq_on);
}

void env_copy(struct env_copy *copies, unsigned int nr)
{
    unsigned int tries = MAX_TRIES;

    for (unsigned int done = 0; done < nr; done += AT_ONCE)
        copy_some(&copies[done], MIN(AT_ONCE, nr - done), &tries);
}
