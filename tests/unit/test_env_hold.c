/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/pvenv/hold.c: a lender that is always in the middle of
 * something.
 */
#include "tests/unit/unit.h"

#include "abi/domain.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "pvdrivers/env.h"

#define NR 72u

bool irqflag_on = true;

static unsigned int nr_calls, nr_yields;
static unsigned int busy_until; /* so many calls */

int64_t hypercall_yield(void)
{
    nr_yields++;
    return 0;
}

int64_t hypercall_grant_copy_all(volatile struct parapet_vcpu_page *page,
                                 struct parapet_grant_copy *copies, uint64_t nr)
{
    (void)page;
    assert_false(irqflag_on);
    nr_calls++;
    for (uint64_t i = 0; i < nr; i++)
        copies[i].status = nr_calls <= busy_until ? -PARAPET_EAGAIN : 0;
    return 0;
}

int64_t hypercall_grant_hold_all(volatile struct parapet_vcpu_page *page,
                                 struct parapet_grant_hold *holds, uint64_t nr)
{
    (void)page;
    (void)holds;
    (void)nr;
    return 0;
}

int64_t hypercall_grant_hold_run_all(volatile struct parapet_vcpu_page *page,
                                     struct parapet_grant_run *runs,
                                     uint64_t nr)
{
    (void)page;
    (void)runs;
    (void)nr;
    return 0;
}

int64_t hypercall_grant_release_all(volatile struct parapet_vcpu_page *page,
                                    struct parapet_grant_unmap *handles,
                                    uint64_t nr)
{
    (void)page;
    (void)handles;
    (void)nr;
    return 0;
}

uint64_t privops_machine(const void *memory)
{
    return (uint64_t)memory;
}

void pv_check(int64_t result, const char *what)
{
    (void)what;
    assert_int_equal(result, 0);
}

static struct env_copy copies[NR];

static unsigned int nr_with(int status)
{
    unsigned int nr = 0;

    for (unsigned int i = 0; i < NR; i++)
        nr += copies[i].status == status;
    return nr;
}

static void busy_for_a_while(void **state)
{
    (void)state;
    nr_calls = nr_yields = 0;
    busy_until = 20;
    env_copy(copies, NR);
    assert_int_equal(nr_with(0), NR);
    assert_true(irqflag_on);
}

/* What it costs the caller is bounded for all copies together. */
static void busy_for_ever(void **state)
{
    (void)state;
    nr_calls = nr_yields = 0;
    busy_until = UINT32_MAX;
    env_copy(copies, NR);
    assert_int_equal(nr_with(-PARAPET_EAGAIN), NR);
    assert_true(nr_yields <= 1000);
    assert_true(irqflag_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(busy_for_a_while),
        cmocka_unit_test(busy_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
