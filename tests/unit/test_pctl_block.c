/* SPDX-License-Identifier: MIT
 *
 * pctl block-attach, block-detach, block-list: how disks are written and shown.
 */
#include <errno.h>
#include <string.h>

#include "lib/macros.h"
#include "tests/unit/pctl_fake.h"
#include "tests/unit/unit.h"
#include "user/pctl/disk.h"
#include "user/pctl/pctl.h"

static struct fake f;

static int setup(void **state)
{
    (void)state;
    fake_init(&f);
    (void)fake_add(&f, 1, "demo");
    return 0;
}

static void is_written_as_in_xl(void **state)
{
    struct parapet_blk_attach attach = {.domain = 7};

    (void)state;
    assert_null(disk_parse("phy:/dev/vda1,xvdb,w", &attach));
    assert_int_equal(attach.domain, 7);
    assert_int_equal(attach.index, 1);
    assert_int_equal(attach.flags, 0);
    assert_string_equal(attach.store, "vda1");
    assert_null(disk_parse("ram:64M,xvdz,r", &attach));
    assert_int_equal(attach.index, 25);
    assert_int_equal(attach.flags, PARAPET_BLK_ATTACH_READONLY);
    assert_string_equal(attach.store, "ram:64M");
}

static void is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } wrong[] = {
        {"", "the store must be phy:/dev/NAME or ram:SIZE"},
        {",xvda,w", "the store must be phy:/dev/NAME or ram:SIZE"},
        {"vda,xvda,w", "the store must be phy:/dev/NAME or ram:SIZE"},
        {"file:/dev/vda,xvda,w", "the store must be phy:/dev/NAME or ram:SIZE"},
        {"ram:1234567890123456789012345678901234567890123M,xvda,w",
         "the store must be phy:/dev/NAME or ram:SIZE"},
        {"ram:1M", "the device must be xvda to xvdz"},
        {"ram:1M,", "the device must be xvda to xvdz"},
        {"ram:1M,sda,w", "the device must be xvda to xvdz"},
        {"ram:1M,xvd,w", "the device must be xvda to xvdz"},
        {"ram:1M,xvda1,w", "the device must be xvda to xvdz"},
        {"ram:1M,xvdabcdef,w", "the device must be xvda to xvdz"},
        {"ram:1M,xvda", "the mode must be r or w"},
        {"ram:1M,xvda,rw", "the mode must be r or w"},
        {"ram:1M,xvda,w,x", "the mode must be r or w"},
    };
    struct parapet_blk_attach attach;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_string_equal(disk_parse(wrong[i].text, &attach), wrong[i].why);
    fake_expect(&f, "block-attach demo ram:1M,xvda", PCTL_USAGE, "",
                "pctl: block-attach: ram:1M,xvda: the mode must be r or w\n");
    fake_expect(&f, "block-detach demo sda", PCTL_USAGE, "",
                "pctl: block-detach: expected xvda to xvdz, got \"sda\"\n");
    assert_int_equal(f.nr_disks, 0);
}

static void comes_and_goes(void **state)
{
    (void)state;
    fake_expect(&f, "block-attach demo ram:64M,xvda,w", PCTL_DONE, "", "");
    fake_expect(&f, "block-attach demo phy:/dev/vda,xvdb,r", PCTL_DONE, "", "");
    fake_expect(&f, "block-list", PCTL_DONE,
                "ID  DEVICE  STORE    MODE  SIZE/MiB  STATE\n"
                " 1  xvda    ram:64M  w           64  connected\n"
                " 1  xvdb    vda      r           64  connected\n",
                "");
    fake_expect(&f, "block-list dom0", PCTL_DONE,
                "ID  DEVICE  STORE  MODE  SIZE/MiB  STATE\n", "");
    fake_expect(&f, "block-detach demo xvda", PCTL_DONE, "", "");
    fake_expect(&f, "block-list demo", PCTL_DONE,
                "ID  DEVICE  STORE  MODE  SIZE/MiB  STATE\n"
                " 1  xvdb    vda    r           64  connected\n",
                "");
    fake_expect(&f, "block-detach demo xvda", PCTL_FAILED, "",
                "pctl: block-detach: demo has no xvda: `pctl block-list` shows "
                "which there are\n");
    fake_expect(
        &f, "block-attach other ram:1M,xvda,w", PCTL_NO_DOMAIN, "",
        "pctl: block-attach: no domain is called \"other\": `pctl list` "
        "shows which there are\n");
}

static void errors_name_the_fix(void **state)
{
    (void)state;
    f.disk_error = -EBUSY;
    fake_expect(&f, "block-attach demo phy:/dev/vda,xvda,w", PCTL_FAILED, "",
                "pctl: block-attach: demo: vda: another domain has the store, "
                "and one of the two writes it\n");
    f.disk_error = -ENOENT;
    fake_expect(&f, "block-attach demo phy:/dev/vdz,xvda,w", PCTL_FAILED, "",
                "pctl: block-attach: demo: vdz: there is no such store, or the "
                "domain has no bus\n");
    f.disk_error = -EIO;
    fake_expect(&f, "block-list", PCTL_FAILED, "",
                "pctl: block-list: Input/output error\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(is_written_as_in_xl, setup),
        cmocka_unit_test_setup(is_refused, setup),
        cmocka_unit_test_setup(comes_and_goes, setup),
        cmocka_unit_test_setup(errors_name_the_fix, setup),
    };

    return cmocka_run_group_tests_name("pctl block", tests, NULL, NULL);
}
