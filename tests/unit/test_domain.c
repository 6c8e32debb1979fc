/* SPDX-License-Identifier: MIT
 *
 * The table of domains (hypervisor/core/domain.c): ids only rise, a place is
 * used anew when it is free only, and 512 are the limit. And a vCPU for a
 * domain that has just ended (domain_create.c).
 */
#include "tests/unit/machine.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/core/domain_create.h"
#include "hypervisor/core/domain_life.h"
#include "hypervisor/core/hc_console.h"
#include "hypervisor/mm/audit.h"
#include "hypervisor/sched/run_queue.h"
#include "tests/unit/direct_map.h"

static struct domain *made;

/* ---- what nothing here leads to ---- */

uint64_t audit_memory(struct memory_owner *m, const struct audit_hold *holds,
                      size_t nr_holds)
{
    (void)m;
    (void)holds;
    (void)nr_holds;
    abort();
}

void hc_console_interrupt(void)
{
}

_Noreturn void machine_end(enum machine_end how)
{
    (void)how;
    abort();
}

_Noreturn void panic(const char *format, ...)
{
    print_error("panic: %s\n", format);
    abort();
}

_Noreturn void panic_regs(const struct cpu_regs *regs, const char *format, ...)
{
    (void)regs;
    panic("%s", format);
}

/* ---- the tests, each of which goes on from the one before ---- */

static int create(const char *name, bool control)
{
    static const struct engine engine = {.vcpu_size = sizeof(struct vcpu)};
    const struct domain_settings settings = {.name = name,
                                             .engine = &engine,
                                             .control = control,
                                             .nr_vcpus = 1,
                                             .weight = 1};

    return domain_create(&settings, &made);
}

static void remove_domain(uint32_t id)
{
    struct domain *d = domain_find(id);

    domain_unlink(d);
    assert_null(domain_find(id));
    assert_ptr_equal(domain_find_leaving(id), d);
    domain_give_up_place(d);
    assert_null(domain_find_leaving(id));
}

static void expect_rising(unsigned int nr)
{
    const struct domain *d, *last = NULL;

    for_each_domain (d) {
        assert_true(!last || last->id < d->id);
        assert_ptr_equal(d->prev, last);
        last = d;
        nr--;
    }
    assert_int_equal(nr, 0);
}

static void test_ids(void **state)
{
    (void)state;
    assert_int_equal(create("a", false), 0);
    assert_int_equal(made->id, 1);
    assert_int_equal(create("a", false), -PARAPET_EEXIST);
    assert_int_equal(create("b", false), 0);
    assert_int_equal(made->id, 2);
    assert_int_equal(create("c", true), 0);
    assert_int_equal(made->id, 0);
    assert_ptr_equal(domain_control(), made);
    assert_int_equal(create("d", true), -PARAPET_EEXIST);
    expect_rising(3);
    remove_domain(1);
    assert_int_equal(create("a", false), 0);
    assert_int_equal(made->id, 3); /* not 1 again */
    expect_rising(3);
}

/* Places 0, 2 and 3 are taken, 4095 is nobody's, and 1 is free again. */
static void test_places(void **state)
{
    struct domain *d;

    (void)state;
    domain_set_next_id(4095);
    assert_int_equal(create("x", false), 0);
    assert_int_equal(made->id, 4097);
    assert_null(domain_find(1));
    assert_int_equal(create("y", false), 0);
    assert_int_equal(made->id, 4100);
    /* One that is out of sight keeps its place. */
    d = domain_find(4097);
    domain_unlink(d);
    domain_set_next_id(2 * 4096 + 1);
    assert_int_equal(create("z", false), 0);
    assert_int_equal(made->id, 2 * 4096 + 4 + 1);
    domain_give_up_place(d);
    expect_rising(5);
}

static void test_limit(void **state)
{
    char name[16];

    (void)state;
    for (unsigned int n = 5; n < MAX_DOMAINS; n++) {
        (void)snprintf(name, sizeof(name), "n%u", n);
        assert_int_equal(create(name, false), 0);
    }
    expect_rising(MAX_DOMAINS);
    assert_int_equal(create("one", false), -PARAPET_ENOSPC);
    remove_domain(3);
    assert_int_equal(create("one", false), 0);
    assert_int_equal(create("two", false), -PARAPET_ENOSPC);
}

static void leave_frames(uint32_t from, uint32_t to)
{
    for (uint32_t id = from; id <= to; id++)
        machine_nr_left[domain_owner_tag(id)] = 3;
}

/* Who is gone keeps his place while others refer to frames of his: the next one
 * gets another, and there is none when it is the same in each place. */
static void test_frames_left(void **state)
{
    const uint32_t base = 3 * DOMAIN_PLACES + 3000; /* of free places */
    int error = -PARAPET_ENOSPC;

    (void)state;
    remove_domain(domain_find(4100)->id);
    domain_set_next_id(base);
    leave_frames(base, base + 1);
    assert_int_equal(create("left", false), 0);
    assert_int_equal(made->id, base + 2);
    remove_domain(base + 2);
    leave_frames(0, DOMAIN_PLACES - 2);
    for (int i = 0; i < 20; i++)
        assert_int_equal(create("left", false), -PARAPET_ENOSPC);
    /* No call looks at all of them, but some calls do; and no id is lost. */
    machine_nr_left[domain_owner_tag(base + 2000)] = 0;
    for (int i = 0; i < 7 && error; i++)
        error = create("left", false);
    assert_int_equal(error, 0);
    assert_int_equal(domain_place(made->id), domain_place(base + 2000));
    assert_in_range(made->id, base + 2000, base + 2000 + DOMAIN_PLACES);
    memset(machine_nr_left, 0, sizeof(machine_nr_left));
}

/* No id is given twice: not even in some four thousand million. */
static void test_last_id(void **state)
{
    (void)state;
    remove_domain(2);
    domain_set_next_id(UINT32_MAX - 1);
    assert_int_equal(create("last", false), 0);
    assert_int_equal(made->id, UINT32_MAX - 1);
    remove_domain(UINT32_MAX - 1);
    assert_int_equal(create("last", false), -PARAPET_ENOSPC);
}

/* Somebody else ends it after the caller has looked whether it is being built:
 * it gets no vCPU, and the error is the one for that. */
static void test_vcpu_too_late(void **state)
{
    mfn_t mfns[VCPU_PAGES];
    struct domain *d = domain_find(0);
    uint64_t nr_frames = d->memory.nr_frames;

    (void)state;
    sched_assign_init_cpu(0);
    assert_true(domain_set_ended(d, PARAPET_SHUTDOWN_DESTROYED));
    assert_int_equal(domain_vcpu_create(d, 0, mfns), -PARAPET_EBUSY);
    assert_int_equal(d->nr_vcpus, 0);
    assert_int_equal(d->memory.nr_frames, nr_frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),     cmocka_unit_test(test_places),
        cmocka_unit_test(test_limit),   cmocka_unit_test(test_frames_left),
        cmocka_unit_test(test_last_id), cmocka_unit_test(test_vcpu_too_late),
    };

    direct_map_reset();
    return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
