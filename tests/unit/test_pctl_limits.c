/* SPDX-License-Identifier: MIT
 *
 * pctl mem-set, sched.
 */
#include "tests/unit/unit.h"

#include "tests/unit/pctl_fake.h"
#include "user/pctl/pctl.h"

static struct fake f;

static int setup(void **state)
{
    (void)state;
    fake_init(&f);
    fake_add(&f, 1, "one");
    return 0;
}

static void end_of_one(void)
{
    fake_find(&f, 1)->state = PARAPET_DOMAIN_ENDED;
}

/* ---- mem-set ---- */

static void mem_set(void **state)
{
    (void)state;
    fake_expect(&f, "mem-set one 3", PCTL_DONE, "", "");
    /* And what it has above its memory, as when it was made. */
    assert_int_equal(fake_find(&f, 1)->memory_target, 3 * 256 + 76);
    assert_int_equal(fake_find(&f, 1)->max_frames, 1116);
    fake_expect(&f, "mem-set one 4", PCTL_DONE, "", "");
    assert_int_equal(fake_find(&f, 1)->memory_target, 1100);
    fake_expect(&f, "mem-set one 5", PCTL_FAILED, "",
                "pctl: mem-set: one: expected at most 4 MiB, which it may "
                "have; got 5\n");
    fake_expect(&f, "mem-set one 4M", PCTL_USAGE, "",
                "pctl: mem-set: memory: expected a number of MiB, got "
                "\"4M\"\n");
    fake_expect(&f, "mem-set one", PCTL_USAGE, "",
                "pctl: mem-set: expected `pctl mem-set DOMAIN MIB`\n");
    end_of_one();
    fake_expect(&f, "mem-set one 3", PCTL_FAILED, "",
                "pctl: mem-set: one: it has ended: `pctl destroy` takes it "
                "away\n");
}

/* ---- sched ---- */

static void sched(void **state)
{
    (void)state;
    fake_expect(&f, "sched one weight=512 cap=50", PCTL_DONE, "", "");
    fake_expect(&f, "sched dom0 --weight=1000", PCTL_DONE, "", "");
    fake_expect(&f, "sched", PCTL_DONE,
                "ID  NAME  WEIGHT  CAP/%\n"
                " 0  dom0    1000   none\n"
                " 1  one      512     50\n",
                "");
    fake_expect(&f, "sched 1 --json", PCTL_DONE,
                "[{\"id\": 1, \"name\": \"one\", \"weight\": 512, \"cap\": "
                "50}]\n",
                "");
    fake_expect(&f, "sched one cap=0", PCTL_DONE, "", "");
    assert_int_equal(fake_find(&f, 1)->weight, 512);
    assert_int_equal(fake_find(&f, 1)->cap, 0);
}

static void sched_wrong(void **state)
{
    (void)state;
    fake_expect(&f, "sched one weight", PCTL_USAGE, "",
                "pctl: sched: expected weight=N or cap=N, got \"weight\"\n");
    fake_expect(&f, "sched one memory=3", PCTL_USAGE, "",
                "pctl: sched: expected weight=N or cap=N, got \"memory=\"\n");
    fake_expect(&f, "sched one weight=0", PCTL_USAGE, "",
                "pctl: sched: weight: expected 1 to 65535, got 0\n");
    fake_expect(&f, "sched one cap=101", PCTL_FAILED, "",
                "pctl: sched: one: cap: expected at most 100 for 1 vCPUs, got "
                "101\n");
    fake_expect(&f, "sched none cap=1", PCTL_NO_DOMAIN, "",
                "pctl: sched: no domain is called \"none\": `pctl list` shows "
                "which there are\n");
    end_of_one();
    fake_expect(&f, "sched one cap=1", PCTL_FAILED, "",
                "pctl: sched: one: it has ended: `pctl destroy` takes it "
                "away\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(mem_set, setup),
        cmocka_unit_test_setup(sched, setup),
        cmocka_unit_test_setup(sched_wrong, setup),
    };

    return cmocka_run_group_tests_name("pctl, limits", tests, NULL, NULL);
}
