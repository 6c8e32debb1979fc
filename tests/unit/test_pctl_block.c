/* SPDX-License-Identifier: MIT
 *
 * pctl block-attach, block-detach, block-list, and the disks in info. How a
 * disk is written is test_pctl_cfg.c's.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static void disk_is(size_t i, uint32_t domain, uint32_t index,
                    const char *store, uint32_t flags)
{
    assert_true(i < f.nr_disks);
    assert_int_equal(f.disks[i].domain, domain);
    assert_int_equal(f.disks[i].index, index);
    assert_int_equal(f.disks[i].flags, flags);
    assert_string_equal(f.disks[i].store, store);
}

/* ---- attach ---- */

static void attaches(void **state)
{
    (void)state;
    fake_expect(&f, "block-attach one phy:/dev/vda xvdb w", PCTL_DONE, "", "");
    disk_is(0, 1, 1, "/dev/vda", 0);
    fake_expect(&f, "block-attach 2 ram:64M,xvdz,r", PCTL_DONE, "", "");
    disk_is(1, 2, 25, "ram:64M", PARAPET_BLK_ATTACH_READONLY);
    fake_expect(&f, "block-attach two vdev=xvda target=ram:1G", PCTL_DONE, "",
                "");
    disk_is(2, 2, 0, "ram:1G", 0);
}

/* Without a name the first that is free is taken. */
static void chooses_names(void **state)
{
    char line[64];

    (void)state;
    fake_expect(&f, "block-attach one ram:4K", PCTL_DONE, "xvda\n", "");
    disk_is(0, 1, 0, "ram:4K", 0);
    fake_expect(&f, "block-attach one ram:4K xvdc", PCTL_DONE, "", "");
    fake_expect(&f, "block-attach one ram:4K ro", PCTL_DONE, "xvdb\n", "");
    disk_is(2, 1, 1, "ram:4K", PARAPET_BLK_ATTACH_READONLY);
    for (char c = 'd'; c <= 'z'; c++) {
        (void)snprintf(line, sizeof(line), "xvd%c\n", c);
        fake_expect(&f, "block-attach one ram:4K", PCTL_DONE, line, "");
    }
    fake_expect(&f, "block-attach one ram:4K", PCTL_FAILED, "",
                "pctl: block-attach: one: it has xvda to xvdz already\n");
    fake_expect(&f, "block-attach two ram:4K", PCTL_DONE, "xvda\n", "");
}

static void attaches_wrong(void **state)
{
    (void)state;
    fake_expect(&f, "block-attach one", PCTL_USAGE, "",
                "pctl: block-attach: expected `pctl block-attach DOMAIN STORE "
                "[NAME] [r|w]`\n");
    fake_expect(&f, "block-attach none ram:1", PCTL_USAGE, "",
                "pctl: block-attach: expected a size with K, M or G, as "
                "ram:8M; got \"ram:1\"\n");
    fake_expect(&f, "block-attach none ram:1M", PCTL_NO_DOMAIN, "",
                "pctl: block-attach: no domain is called \"none\": `pctl list` "
                "shows which there are\n");
    fake_expect(&f, "block-attach dom0 ram:1M", PCTL_FAILED, "",
                "pctl: block-attach: dom0: it is the control domain, which has "
                "the disks\n");
    fake_find(&f, 1)->state = PARAPET_DOMAIN_ENDED;
    fake_expect(&f, "block-attach one ram:1M", PCTL_FAILED, "",
                "pctl: block-attach: one: it has ended: `pctl destroy` takes "
                "it away\n");
    assert_int_equal(f.nr_disks, 0);
}

/* What the device says. */
static void attach_fails(void **state)
{
    static const struct {
        int error;
        const char *store;
        const char *why;
    } fails[] = {
        {ENOENT, "/dev/vdb",
         "domain 0 has no such disk: `cat "
         "/proc/partitions` shows which there are"},
        {ENOENT, "ram:1M",
         "only the disks of domains that pctl made are "
         "served"},
        {EEXIST, "ram:1M",
         "the domain has a disk of this name: `pctl "
         "block-list` shows it"},
        {EBUSY, "/dev/vda",
         "another disk has it, or some of it, and one of the "
         "two may write: `pctl block-list` shows whose"},
        {EROFS, "/dev/vda",
         "domain 0 can only read it: ask for r in place of w"},
        {EINVAL, "ram:1K",
         "the size must be a multiple of 4 KiB, not 0, and in the "
         "machine's memory"},
        {EINVAL, "/dev/vda", "the disk takes no requests of 128 KiB"},
        {ETXTBSY, "ram:1M",
         "the domain uses the disk that had this name before, and takes no "
         "other: give it that one again, or this one by another name"},
        {ENOSPC, "ram:1M", "the domain has as many devices as it can have"},
        {ENOMEM, "ram:1M",
         "disks in memory may have half of what is free in domain 0: "
         "`free` shows that, `make run DOMAIN_MEM=256M` gives it more"},
        {EIO, "ram:1M", "Input/output error"},
    };
    char line[64], err[256];

    (void)state;
    for (size_t i = 0; i < sizeof(fails) / sizeof(fails[0]); i++) {
        f.disk_error = -fails[i].error;
        (void)snprintf(line, sizeof(line), "block-attach one %s%s xvda",
                       fails[i].store[0] == '/' ? "phy:" : "", fails[i].store);
        (void)snprintf(err, sizeof(err),
                       "pctl: block-attach: one: xvda: "
                       "%s: %s\n",
                       fails[i].store, fails[i].why);
        fake_expect(&f, line, PCTL_FAILED, "", err);
    }
}

/* ---- detach ---- */

static void detaches(void **state)
{
    (void)state;
    (void)fake_run(&f, "block-attach one ram:4K xvda");
    (void)fake_run(&f, "block-attach one ram:8K xvdb");
    fake_expect(&f, "block-detach one xvda", PCTL_DONE, "", "");
    assert_int_equal(f.nr_disks, 1);
    disk_is(0, 1, 1, "ram:8K", 0);
    fake_expect(&f, "block-detach one xvda", PCTL_FAILED, "",
                "pctl: block-detach: one has no xvda: `pctl block-list` shows "
                "which there are\n");
    fake_expect(&f, "block-detach two xvdb", PCTL_FAILED, "",
                "pctl: block-detach: two has no xvdb: `pctl block-list` shows "
                "which there are\n");
    fake_expect(&f, "block-detach one hda", PCTL_USAGE, "",
                "pctl: block-detach: expected a name from xvda to xvdz, got "
                "\"hda\"\n");
    fake_expect(&f, "block-detach none xvda", PCTL_NO_DOMAIN, "",
                "pctl: block-detach: no domain is called \"none\": `pctl list` "
                "shows which there are\n");
    fake_expect(&f, "block-detach one", PCTL_USAGE, "",
                "pctl: block-detach: expected `pctl block-detach DOMAIN "
                "NAME`\n");
    f.disk_error = -EINTR;
    fake_expect(&f, "block-detach one xvdb", PCTL_FAILED, "",
                "pctl: block-detach: one: xvdb: Interrupted system call\n");
}

/* ---- list, info ---- */

static void attach_some(void)
{
    (void)fake_run(&f, "block-attach two ram:64M xvdb");
    (void)fake_run(&f, "block-attach one phy:/dev/vda xvda r");
    (void)fake_run(&f, "block-attach two phy:/dev/vda xvda r");
    f.disks[0].state = 1;
    f.disks[0].nr_under_way = 5;
    f.disks[2].state = 0;
}

/* By domain and name, in whatever order they came. */
static void lists(void **state)
{
    (void)state;
    fake_expect(&f, "block-list", PCTL_DONE,
                "ID  NAME  DISK  STORE  MODE  SIZE/MiB  STATE\n", "");
    attach_some();
    fake_expect(&f, "block-list", PCTL_DONE,
                "ID  NAME  DISK  STORE         MODE  SIZE/MiB  STATE\n"
                " 1  one   xvda  phy:/dev/vda  r           64  connected\n"
                " 2  two   xvda  phy:/dev/vda  r           64  closed\n"
                " 2  two   xvdb  ram:64M       w           64  offered\n",
                "");
    fake_expect(&f, "block-list 1", PCTL_DONE,
                "ID  NAME  DISK  STORE         MODE  SIZE/MiB  STATE\n"
                " 1  one   xvda  phy:/dev/vda  r           64  connected\n",
                "");
    f.disks[0].flags |= PARAPET_BLK_INFO_REFUSED;
    fake_expect(&f, "block-list 2", PCTL_DONE,
                "ID  NAME  DISK  STORE         MODE  SIZE/MiB  STATE\n"
                " 2  two   xvda  phy:/dev/vda  r           64  closed\n"
                " 2  two   xvdb  ram:64M       w           64  refused\n",
                "");
    fake_expect(&f, "block-list one none", PCTL_NO_DOMAIN, "",
                "pctl: block-list: no domain is called \"none\": `pctl list` "
                "shows which there are\n");
    f.disk_error = -ENOTTY;
    fake_expect(&f, "block-list", PCTL_FAILED, "",
                "pctl: block-list: the list of disks: Inappropriate ioctl for "
                "device\n");
}

static void lists_json(void **state)
{
    (void)state;
    fake_expect(&f, "block-list --json", PCTL_DONE, "[]\n", "");
    attach_some();
    fake_expect(&f, "block-list --json two", PCTL_DONE,
                "[{\"id\": 2, \"name\": \"two\", \"disk\": \"xvda\", "
                "\"store\": \"phy:/dev/vda\", \"read_only\": true, \"size\": "
                "67108864, \"state\": \"closed\", \"requests\": 0},\n"
                " {\"id\": 2, \"name\": \"two\", \"disk\": \"xvdb\", "
                "\"store\": \"ram:64M\", \"read_only\": false, \"size\": "
                "67108864, \"state\": \"offered\", \"requests\": 5}]\n",
                "");
}

static void in_info(void **state)
{
    (void)state;
    attach_some();
    assert_int_equal(fake_run(&f, "info two dom0"), PCTL_DONE);
    assert_non_null(strstr(fake_out, "KiB\n"
                                     "disk xvda       phy:/dev/vda, 65536 KiB, "
                                     "read-only, closed\n"
                                     "disk xvdb       ram:64M, 65536 KiB, "
                                     "offered\n\nid "));
    assert_null(strstr(strstr(fake_out, "dom0"), "disk"));
    assert_int_equal(fake_run(&f, "info --json one dom0"), PCTL_DONE);
    assert_non_null(strstr(fake_out, "\"disks\": [{\"disk\": \"xvda\", "
                                     "\"store\": \"phy:/dev/vda\", "
                                     "\"read_only\": true, \"size\": 67108864, "
                                     "\"state\": \"connected\", \"requests\": "
                                     "0}]},\n"));
    assert_non_null(strstr(fake_out, "\"disks\": []}]\n"));
}

/* More than the list's first room, and fields that no device writes. */
static void many(void **state)
{
    char line[64];

    (void)state;
    for (char c = 'a'; c <= 'z'; c++)
        for (int domain = 1; domain <= 2; domain++) {
            (void)snprintf(line, sizeof(line), "block-attach %d ram:4K xvd%c",
                           domain, c);
            assert_int_equal(fake_run(&f, line), PCTL_DONE);
        }
    f.disks[0].index = UINT32_MAX;
    f.disks[0].state = 99;
    memset(f.disks[0].store, 'x', sizeof(f.disks[0].store));
    assert_int_equal(fake_run(&f, "block-list"), PCTL_DONE);
    assert_string_equal(fake_err, "");
    assert_non_null(strstr(fake_out, "phy:?   w           64  unknown\n"));
    assert_non_null(strstr(fake_out, " 2  two   xvdz  ram:4K  w           64  "
                                     "connected\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(attaches, setup),
        cmocka_unit_test_setup(chooses_names, setup),
        cmocka_unit_test_setup(attaches_wrong, setup),
        cmocka_unit_test_setup(attach_fails, setup),
        cmocka_unit_test_setup(detaches, setup),
        cmocka_unit_test_setup(lists, setup),
        cmocka_unit_test_setup(lists_json, setup),
        cmocka_unit_test_setup(in_info, setup),
        cmocka_unit_test_setup(many, setup),
    };

    return cmocka_run_group_tests_name("pctl's disks", tests, NULL, NULL);
}
