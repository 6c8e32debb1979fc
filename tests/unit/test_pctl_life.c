/* SPDX-License-Identifier: MIT
 *
 * pctl pause, unpause, shutdown, destroy, wait.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "abi/errors.h"
#include "abi/hypercall.h"
#include "tests/unit/pctl_fake.h"
#include "user/pctl/pctl.h"

static struct fake f;

static int setup(void **state)
{
    (void)state;
    fake_init(&f);
    fake_add(&f, 1, "one");
    fake_add(&f, 2, "two");
    return 0;
}

static void ends(struct parapet_domain_info *info, uint32_t reason)
{
    info->state = PARAPET_DOMAIN_ENDED;
    info->end_reason = reason;
}

/* ---- pause, unpause ---- */

static void pauses(void **state)
{
    (void)state;
    fake_expect(&f, "pause one", PCTL_DONE, "", "");
    assert_int_equal(fake_find(&f, 1)->state, PARAPET_DOMAIN_PAUSED);
    fake_expect(&f, "pause one 2", PCTL_DONE, "", "");
    assert_int_equal(fake_find(&f, 2)->state, PARAPET_DOMAIN_PAUSED);
    fake_expect(&f, "unpause one two", PCTL_DONE, "", "");
    assert_int_equal(fake_find(&f, 1)->state, PARAPET_DOMAIN_RUNNING);
    assert_int_equal(fake_find(&f, 2)->state, PARAPET_DOMAIN_RUNNING);
    fake_expect(&f, "unpause 1", PCTL_FAILED, "",
                "pctl: unpause: one: it is not paused: `pctl list` shows its "
                "state\n");
}

static void pauses_wrong(void **state)
{
    (void)state;
    fake_expect(&f, "pause", PCTL_USAGE, "",
                "pctl: pause: expected `pctl pause DOMAIN...`\n");
    fake_expect(&f, "pause none two", PCTL_NO_DOMAIN, "",
                "pctl: pause: no domain is called \"none\": `pctl list` shows "
                "which there are\n");
    assert_int_equal(fake_find(&f, 2)->state, PARAPET_DOMAIN_PAUSED);
    fake_find(&f, 1)->state = PARAPET_DOMAIN_BUILDING;
    fake_expect(&f, "pause one", PCTL_FAILED, "",
                "pctl: pause: one: it has not begun to run, or has ended: "
                "`pctl list` shows which\n");
    fake_expect(&f, "pause dom0", PCTL_FAILED, "",
                "pctl: pause: dom0: it is the control domain, which runs this "
                "command\n");
    f.fail_call = PARAPET_HC_domain_pause;
    f.fail_result = -PARAPET_ENOENT;
    fake_expect(&f, "pause one", PCTL_NO_DOMAIN, "",
                "pctl: pause: one: it is gone meanwhile\n");
}

/* ---- destroy ---- */

static void destroys(void **state)
{
    (void)state;
    fake_expect(&f, "destroy two 1", PCTL_DONE, "", "");
    assert_int_equal(f.nr, 1);
    fake_expect(&f, "destroy 0", PCTL_FAILED, "",
                "pctl: destroy: dom0: it is the control domain: `poweroff` "
                "ends it\n");
    fake_expect(&f, "destroy two", PCTL_NO_DOMAIN, "",
                "pctl: destroy: no domain is called \"two\": `pctl list` shows "
                "which there are\n");
}

/* ---- shutdown ---- */

static void shuts_down(void **state)
{
    (void)state;
    fake_expect(&f, "shutdown one", PCTL_DONE, "", "");
    assert_int_equal(fake_find(&f, 1)->request, PARAPET_REQUEST_POWEROFF);
    fake_expect(&f, "shutdown --reboot two", PCTL_DONE, "", "");
    assert_int_equal(fake_find(&f, 2)->request, PARAPET_REQUEST_REBOOT);
    ends(fake_find(&f, 1), PARAPET_SHUTDOWN_CRASH);
    fake_expect(&f, "shutdown one dom0", PCTL_FAILED, "",
                "pctl: shutdown: one: it has ended: `pctl destroy` takes it "
                "away\n"
                "pctl: shutdown: dom0: it is the control domain: `poweroff` "
                "ends it\n");
    /* A name that is wrong: nobody is asked. */
    fake_find(&f, 2)->request = 0;
    fake_expect(&f, "shutdown two none", PCTL_NO_DOMAIN, "",
                "pctl: shutdown: no domain is called \"none\": `pctl list` "
                "shows which there are\n");
    assert_int_equal(fake_find(&f, 2)->request, 0);
}

/* One after the other does what it was asked. */
static void obey(struct fake *fake)
{
    for (size_t i = 0; i < fake->nr; i++) {
        struct parapet_domain_info *info = &fake->infos[i];

        if (info->request == 0 || info->state == PARAPET_DOMAIN_ENDED)
            continue;
        ends(info, info->request == PARAPET_REQUEST_REBOOT
                       ? PARAPET_SHUTDOWN_REBOOT
                       : PARAPET_SHUTDOWN_POWEROFF);
        return;
    }
}

static void crash(struct fake *fake)
{
    ends(fake_find(fake, 1), PARAPET_SHUTDOWN_CRASH);
}

static void shuts_down_and_waits(void **state)
{
    (void)state;
    f.happens = obey;
    fake_expect(&f, "shutdown one --wait two", PCTL_DONE, "", "");
    assert_int_equal(f.nr_waits, 2);
    (void)setup(state);
    f.happens = obey;
    fake_expect(&f, "shutdown --wait --reboot one", PCTL_DONE, "", "");
    (void)setup(state);
    f.happens = crash;
    fake_expect(&f, "shutdown --wait one", PCTL_BAD_END, "",
                "pctl: shutdown: one: crashed\n");
}

static void shuts_down_all(void **state)
{
    (void)state;
    f.happens = obey;
    fake_expect(&f, "shutdown --all --wait", PCTL_DONE, "", "");
    assert_int_equal(f.nr_waits, 2);
    fake_expect(&f, "shutdown --all --wait", PCTL_DONE, "", "");
    (void)setup(state);
    fake_find(&f, 1)->state = PARAPET_DOMAIN_PAUSED;
    fake_find(&f, 2)->state = PARAPET_DOMAIN_BUILDING;
    fake_expect(&f, "shutdown --all --wait", PCTL_FAILED, "",
                "pctl: shutdown: one: it is paused: `pctl unpause` lets it "
                "end\n");
    assert_int_equal(fake_find(&f, 1)->request, 0);
    assert_int_equal(fake_find(&f, 2)->request, 0);
    (void)setup(state);
    f.fail_call = PARAPET_HC_domain_request;
    f.fail_result = -PARAPET_EBUSY;
    fake_expect(&f, "shutdown --all", PCTL_DONE, "", "");
    fake_expect(&f, "shutdown --all one", PCTL_USAGE, "",
                "pctl: shutdown: expected `pctl shutdown DOMAIN...` or `pctl "
                "shutdown --all`\n");
    fake_expect(&f, "shutdown", PCTL_USAGE, "",
                "pctl: shutdown: expected `pctl shutdown DOMAIN...` or `pctl "
                "shutdown --all`\n");
}

/* What is wrong is found before anybody is asked. */
static void shuts_down_wrong(void **state)
{
    (void)state;
    fake_expect(&f, "shutdown --wait --timeout=soon one", PCTL_USAGE, "",
                "pctl: shutdown: --timeout: expected 0 to 1000000 seconds, got "
                "\"soon\"\n");
    fake_expect(&f, "shutdown --timeout=5 one", PCTL_USAGE, "",
                "pctl: shutdown: expected --wait with --timeout\n");
    assert_int_equal(fake_find(&f, 1)->request, 0);
    fake_expect(&f, "shutdown --wait --timeout=3 one", PCTL_TIME_IS_OVER, "",
                "pctl: shutdown: one: it has not ended in 3 seconds\n");
    assert_int_equal(fake_find(&f, 1)->request, PARAPET_REQUEST_POWEROFF);
}

/* ---- wait ---- */

static void vanish(struct fake *fake)
{
    fake->nr = 1;
}

static void waits(void **state)
{
    (void)state;
    ends(fake_find(&f, 1), PARAPET_SHUTDOWN_POWEROFF);
    fake_expect(&f, "wait one", PCTL_DONE, "one: powered off\n", "");
    assert_int_equal(f.nr_waits, 0);
    fake_find(&f, 2)->request = PARAPET_REQUEST_POWEROFF;
    f.happens = obey;
    fake_expect(&f, "wait 2 1", PCTL_DONE,
                "two: powered off\none: powered off\n", "");
    (void)setup(state);
    f.happens = crash;
    fake_expect(&f, "wait --json one", PCTL_BAD_END,
                "[{\"id\": 1, \"name\": \"one\", \"memory\": 4505600, "
                "\"vcpus\": 1, \"state\": \"ended\", \"end\": \"crash\"}]\n",
                "");
    (void)setup(state);
    f.happens = vanish;
    fake_expect(&f, "wait one two", PCTL_BAD_END,
                "one: destroyed\ntwo: destroyed\n", "");
}

static void waits_a_while(void **state)
{
    (void)state;
    fake_expect(&f, "wait --timeout=7 one", PCTL_TIME_IS_OVER, "",
                "pctl: wait: one: it has not ended in 7 seconds\n");
    assert_int_equal(f.now, 5000 + 7000);
    fake_expect(&f, "wait --timeout=0 one", PCTL_TIME_IS_OVER, "",
                "pctl: wait: one: it has not ended in 0 seconds\n");
    f.happens = crash;
    fake_expect(&f, "wait --timeout=7 one", PCTL_BAD_END, "one: crashed\n", "");
}

static void waits_wrong(void **state)
{
    (void)state;
    fake_expect(&f, "wait dom0", PCTL_USAGE, "",
                "pctl: wait: dom0: it is the control domain, which waits "
                "here\n");
    fake_expect(&f, "wait one --timeout", PCTL_USAGE, "",
                "pctl: wait: expected --timeout=SECONDS\n");
    fake_expect(&f, "wait one --timeout=soon", PCTL_USAGE, "",
                "pctl: wait: --timeout: expected 0 to 1000000 seconds, got "
                "\"soon\"\n");
    fake_expect(&f, "wait one --timeout=", PCTL_USAGE, "",
                "pctl: wait: --timeout: expected 0 to 1000000 seconds, got "
                "\"\"\n");
    fake_expect(&f, "wait one --timeout=1000001", PCTL_USAGE, "",
                "pctl: wait: --timeout: expected 0 to 1000000 seconds, got "
                "\"1000001\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pauses, setup),
        cmocka_unit_test_setup(pauses_wrong, setup),
        cmocka_unit_test_setup(destroys, setup),
        cmocka_unit_test_setup(shuts_down, setup),
        cmocka_unit_test_setup(shuts_down_and_waits, setup),
        cmocka_unit_test_setup(shuts_down_all, setup),
        cmocka_unit_test_setup(shuts_down_wrong, setup),
        cmocka_unit_test_setup(waits, setup),
        cmocka_unit_test_setup(waits_a_while, setup),
        cmocka_unit_test_setup(waits_wrong, setup),
    };

    return cmocka_run_group_tests_name("pctl, lives", tests, NULL, NULL);
}
