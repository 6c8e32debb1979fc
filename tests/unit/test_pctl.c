/* SPDX-License-Identifier: MIT
 *
 * pctl: its command line, and what it shows of the domains.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "abi/hypercall.h"
#include "tests/unit/pctl_fake.h"
#include "user/pctl/pctl.h"

static struct fake f;

static int setup(void **state)
{
    (void)state;
    fake_init(&f);
    return 0;
}

/* ---- the command line ---- */

static void help(void **state)
{
    char line[64];

    (void)state;
    f.open_error = -ENOENT; /* it needs no device */
    assert_int_equal(fake_run(&f, ""), PCTL_DONE);
    for (size_t i = 0; pctl_commands[i]; i++) {
        assert_non_null(strstr(fake_out, pctl_commands[i]->brief));
    }
    for (size_t i = 0; pctl_commands[i]; i++) {
        (void)snprintf(line, sizeof(line), "%s x --help",
                       pctl_commands[i]->name);
        assert_int_equal(fake_run(&f, line), PCTL_DONE);
        (void)snprintf(line, sizeof(line), "usage: pctl %s [OPTION]... ",
                       pctl_commands[i]->name);
        assert_memory_equal(fake_out, line, strlen(line));
        assert_non_null(strstr(fake_out, pctl_commands[i]->brief));
        assert_non_null(strstr(fake_out, "  --help             this\n"));
        assert_string_equal(fake_err, "");
    }
    assert_int_equal(fake_run(&f, "help create"), PCTL_DONE);
    assert_non_null(strstr(fake_out, "usage: pctl create [OPTION]... "));
    assert_int_equal(f.nr_calls, 0);
}

static void wrong_usage(void **state)
{
    (void)state;
    fake_expect(&f, "lsit", PCTL_USAGE, "",
                "pctl: there is no command \"lsit\": `pctl` alone shows which "
                "there are\n");
    fake_expect(&f, "help lsit", PCTL_USAGE, "",
                "pctl: there is no command \"lsit\": `pctl` alone shows which "
                "there are\n");
    fake_expect(&f, "help list info", PCTL_USAGE, "",
                "pctl: expected `pctl help [COMMAND]`\n");
    fake_expect(&f, "list -l", PCTL_USAGE, "",
                "pctl: list: there is no option -l: options begin with --\n");
    fake_expect(&f, "list --paused", PCTL_USAGE, "",
                "pctl: list: there is no option --paused: `pctl list --help` "
                "shows which there are\n");
    fake_expect(&f, "list --json=yes", PCTL_USAGE, "",
                "pctl: list: --json takes no value\n");
    /* With a value an option is still no key of a description. */
    fake_expect(&f, "create demo --paused=yes", PCTL_USAGE, "",
                "pctl: create: --paused takes no value\n");
    fake_expect(&f, "list --jsonx", PCTL_USAGE, "",
                "pctl: list: there is no option --jsonx: `pctl list --help` "
                "shows which there are\n");
    assert_int_equal(f.nr_calls, 0);
    /* After -- nothing is an option, nor does it ask for help. */
    fake_expect(&f, "list -- --json", PCTL_NO_DOMAIN, "",
                "pctl: list: no domain is called \"--json\": `pctl list` "
                "shows which there are\n");
    fake_expect(&f, "list -- --help", PCTL_NO_DOMAIN, "",
                "pctl: list: no domain is called \"--help\": `pctl list` "
                "shows which there are\n");
}

static void no_device(void **state)
{
    (void)state;
    f.open_error = -ENOENT;
    fake_expect(&f, "list", PCTL_NO_CONTROL, "",
                "pctl: list: /dev/parapet: No such file or directory: only "
                "domain 0 has it\n");
}

/* Nothing in a name reaches the terminal as it is. */
static void clean(void **state)
{
    (void)state;
    fake_expect(&f, "list \033[31m", PCTL_NO_DOMAIN, "",
                "pctl: list: no domain is called \"?[31m\": `pctl list` shows "
                "which there are\n");
}

/* ---- list ---- */

static void list(void **state)
{
    struct parapet_domain_info *info;

    (void)state;
    fake_expect(&f, "list", PCTL_DONE,
                "ID  NAME  MEM/MiB  VCPUS  STATE\n"
                " 0  dom0       64      1  running\n",
                "");
    info = fake_add(&f, 3, "a-longer-name");
    info->nr_vcpus = 12;
    info->state = PARAPET_DOMAIN_PAUSED;
    info = fake_add(&f, 1234, "x");
    info->state = PARAPET_DOMAIN_ENDED;
    info->end_reason = PARAPET_SHUTDOWN_CRASH;
    info->nr_frames = 256 * 100000;
    fake_expect(&f, "list", PCTL_DONE,
                "  ID  NAME           MEM/MiB  VCPUS  STATE\n"
                "   0  dom0                64      1  running\n"
                "   3  a-longer-name        4     12  paused\n"
                "1234  x               100000      1  crashed\n",
                "");
    fake_expect(&f, "list x 3", PCTL_DONE,
                "  ID  NAME           MEM/MiB  VCPUS  STATE\n"
                "1234  x               100000      1  crashed\n"
                "   3  a-longer-name        4     12  paused\n",
                "");
}

static void list_json_lines(void **state)
{
    struct parapet_domain_info *info;

    (void)state;
    fake_add(&f, 1, "a\"b\\c");
    info = fake_add(&f, 2, "gone");
    info->state = PARAPET_DOMAIN_ENDED;
    info->end_reason = PARAPET_SHUTDOWN_POWEROFF;
    fake_expect(
        &f, "list --json", PCTL_DONE,
        "[{\"id\": 0, \"name\": \"dom0\", \"memory\": 67600384, \"vcpus\": 1, "
        "\"state\": \"running\", \"end\": null},\n"
        " {\"id\": 1, \"name\": \"a\\\"b\\\\c\", \"memory\": 4505600, "
        "\"vcpus\": 1, \"state\": \"running\", \"end\": null},\n"
        " {\"id\": 2, \"name\": \"gone\", \"memory\": 4505600, \"vcpus\": 1, "
        "\"state\": \"ended\", \"end\": \"poweroff\"}]\n",
        "");
}

static size_t nr_lines(const char *text)
{
    size_t nr = 0;

    for (; *text; text++)
        nr += *text == '\n';
    return nr;
}

/* More than one call tells. */
static void list_many(void **state)
{
    char name[16];

    (void)state;
    for (uint32_t i = 1; i < FAKE_MAX_DOMAINS; i++) {
        (void)snprintf(name, sizeof(name), "d%u", i);
        fake_add(&f, 2 * i, name);
    }
    assert_int_equal(fake_run(&f, "list"), PCTL_DONE);
    assert_non_null(strstr(fake_out, "\n598  d299        4      1  running\n"));
    assert_int_equal(nr_lines(fake_out), 1 + FAKE_MAX_DOMAINS);
    assert_int_equal(f.nr_calls, FAKE_MAX_DOMAINS / PARAPET_MAX_INFOS + 1);
    f.nr = 2 * PARAPET_MAX_INFOS;
    assert_int_equal(fake_run(&f, "list"), PCTL_DONE);
    assert_int_equal(nr_lines(fake_out), 1 + 2 * PARAPET_MAX_INFOS);
    assert_non_null(strstr(fake_out, "\n126  d63         4      1  running\n"));
}

static void list_wrong(void **state)
{
    (void)state;
    fake_expect(&f, "list 7", PCTL_NO_DOMAIN, "",
                "pctl: list: no domain has the id 7: `pctl list` shows which "
                "there are\n");
    fake_expect(&f, "list 4294967296", PCTL_NO_DOMAIN, "",
                "pctl: list: no domain has the id 4294967296: `pctl list` "
                "shows which there are\n");
    f.fail_call = PARAPET_HC_domain_list;
    f.fail_result = -PARAPET_EFAULT;
    fake_expect(&f, "list", PCTL_FAILED, "",
                "pctl: list: the list of domains: a guest pointer is not "
                "accessible to the guest\n");
}

/* ---- info ---- */

static void info_of_domain(void **state)
{
    struct parapet_domain_info *info = fake_add(&f, 1, "demo");

    (void)state;
    info->cap = 50;
    info->memory_target = 1024;
    info->request = PARAPET_REQUEST_REBOOT;
    fake_expect(&f, "info demo 0", PCTL_DONE,
                "id              1\n"
                "name            demo\n"
                "state           running\n"
                "engine          pv\n"
                "vCPUs           1 of 1\n"
                "weight          256\n"
                "cap             50 % of a CPU\n"
                "memory          4400 KiB\n"
                "  at most       4464 KiB\n"
                "  asked for     4096 KiB\n"
                "  for grants    0 KiB\n"
                "asked to        reboot\n"
                "\n"
                "id              0\n"
                "name            dom0\n"
                "state           running\n"
                "engine          pv\n"
                "control domain  yes\n"
                "vCPUs           1 of 1\n"
                "weight          256\n"
                "cap             none\n"
                "memory          66016 KiB\n"
                "  at most       66016 KiB\n"
                "  for grants    0 KiB\n",
                "");
    fake_expect(&f, "info --json demo", PCTL_DONE,
                "[{\"id\": 1, \"name\": \"demo\", \"engine\": \"pv\", "
                "\"state\": \"running\", \"end\": null, \"privileged\": false, "
                "\"vcpus\": 1, \"max_vcpus\": 1, \"weight\": 256, \"cap\": 50, "
                "\"memory\": 4505600, \"max_memory\": 4571136, "
                "\"memory_target\": 4194304, \"memory_for_grants\": 0, "
                "\"request\": \"reboot\", \"disks\": []}]\n",
                "");
}

/* Both words are in the guest's shared page, and so may be anything. */
static void info_of_liar(void **state)
{
    struct parapet_domain_info *info = fake_add(&f, 1, "demo");

    (void)state;
    info->request = 77;
    info->memory_target = UINT64_C(1) << 52;
    (void)fake_run(&f, "info demo");
    assert_non_null(strstr(fake_out, "\nasked to        77, which nobody knows"
                                     "\n"));
    assert_non_null(
        strstr(fake_out, "\n  asked for     18014398509481983 KiB\n"));
    (void)fake_run(&f, "info --json demo");
    assert_non_null(strstr(fake_out, "\"request\": \"unknown\""));
    assert_non_null(
        strstr(fake_out, "\"memory_target\": 18446744073709551615,"));
}

static void info_of_machine(void **state)
{
    (void)state;
    fake_expect(&f, "info", PCTL_DONE,
                "memory          262144 KiB\n"
                "  free          4000 KiB\n"
                "domains         1\n"
                "  at most       512\n",
                "");
    fake_expect(&f, "info --json", PCTL_DONE,
                "{\"memory\": 268435456, \"free_memory\": 4096000, "
                "\"domains\": 1, \"max_domains\": 512}\n",
                "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(help, setup),
        cmocka_unit_test_setup(wrong_usage, setup),
        cmocka_unit_test_setup(no_device, setup),
        cmocka_unit_test_setup(clean, setup),
        cmocka_unit_test_setup(list, setup),
        cmocka_unit_test_setup(list_json_lines, setup),
        cmocka_unit_test_setup(list_many, setup),
        cmocka_unit_test_setup(list_wrong, setup),
        cmocka_unit_test_setup(info_of_domain, setup),
        cmocka_unit_test_setup(info_of_liar, setup),
        cmocka_unit_test_setup(info_of_machine, setup),
    };

    return cmocka_run_group_tests_name("pctl", tests, NULL, NULL);
}
