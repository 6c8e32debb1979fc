/* SPDX-License-Identifier: MIT
 *
 * lib/builder/dtb.c: what a guest reads in its device tree is what was
 * put there, and a buffer without room is never overrun.
 */
#include "tests/unit/unit.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "abi/abi.h"
#include "abi/errors.h"
#include "hypervisor/build/bundle.h"
#include "lib/builder/dtb.h"
#include "tests/fuzz/guard.h"

static const struct dtb_device devices[] = {
    {.paddr = 0xfeb00000, .size = 512, .irq = 5},
    {.paddr = 0x1200000000000, .size = 4096, .irq = 23},
};

static const struct dtb_info full = {
    .memory_bytes = 0x123456789000,
    .nr_vcpus = 18,
    .bootargs = "log=debug \"x\"",
    .ramdisk_start = 0x123400000000,
    .ramdisk_end = 0x123400000abc,
    .abi_version = PARAPET_ABI_VERSION,
    .domain_id = 7,
    .devices = devices,
    .nr_devices = 2,
};

static uint64_t tree[PARAPET_DTB_MAX / 8];

static void build(const struct dtb_info *info)
{
    int length = dtb_build(tree, sizeof(tree), info);

    assert_true(length > 0);
    assert_int_equal(fdt_check_full(tree, (size_t)length), 0);
    assert_int_equal(fdt_totalsize(tree), length);
    assert_int_equal(fdt_version(tree), 17);
}

static const void *get(const char *path, const char *property, size_t size)
{
    int offset = fdt_path_offset(tree, path);
    int got;
    const void *value = fdt_getprop(tree, offset, property, &got);

    assert_non_null(value);
    assert_int_equal(got, size);
    return value;
}

static void check_string(const char *path, const char *property,
                         const char *expected)
{
    assert_string_equal(get(path, property, strlen(expected) + 1), expected);
}

static void check_u32(const char *path, const char *property, uint32_t expected)
{
    assert_int_equal(fdt32_ld(get(path, property, 4)), expected);
}

static void check_u64(const char *path, const char *property, uint64_t expected)
{
    assert_int_equal(fdt64_ld(get(path, property, 8)), expected);
}

static unsigned int count_nodes(const char *path)
{
    unsigned int nr_nodes = 0;
    int child = fdt_first_subnode(tree, fdt_path_offset(tree, path));

    for (; child >= 0; child = fdt_next_subnode(tree, child))
        nr_nodes++;
    return nr_nodes;
}

static void test_root_and_memory(void **state)
{
    const fdt64_t *reg;

    (void)state;
    build(&full);
    assert_int_equal(count_nodes("/"), 6);
    check_string("/", "compatible", "parapet,guest");
    check_u32("/", "#address-cells", 2);
    check_u32("/", "#size-cells", 2);
    check_string("/memory@0", "device_type", "memory");
    reg = get("/memory@0", "reg", 16);
    assert_int_equal(fdt64_ld(&reg[0]), 0);
    assert_int_equal(fdt64_ld(&reg[1]), full.memory_bytes);
}

static void test_cpus(void **state)
{
    (void)state;
    build(&full);
    assert_int_equal(count_nodes("/cpus"), full.nr_vcpus);
    check_u32("/cpus", "#address-cells", 1);
    check_u32("/cpus", "#size-cells", 0);
    for (uint32_t i = 0; i < full.nr_vcpus; i++) {
        char path[32];

        snprintf(path, sizeof(path), "/cpus/cpu@%x", i);
        check_string(path, "device_type", "cpu");
        check_u32(path, "reg", i);
    }
}

static void test_chosen_and_hypervisor(void **state)
{
    (void)state;
    build(&full);
    check_string("/chosen", "bootargs", full.bootargs);
    check_u64("/chosen", "linux,initrd-start", full.ramdisk_start);
    check_u64("/chosen", "linux,initrd-end", full.ramdisk_end);
    check_string("/hypervisor", "compatible", "parapet,parapet");
    check_u32("/hypervisor", "abi-version", PARAPET_ABI_VERSION);
    check_u32("/hypervisor", "domain-id", 7);
}

static void check_device(const char *path, const struct dtb_device *device)
{
    const fdt64_t *reg = get(path, "reg", 16);
    const fdt32_t *interrupts = get(path, "interrupts", 8);

    check_string(path, "compatible", "virtio,mmio");
    assert_int_equal(fdt64_ld(&reg[0]), device->paddr);
    assert_int_equal(fdt64_ld(&reg[1]), device->size);
    assert_int_equal(fdt32_ld(&interrupts[0]), device->irq);
    assert_int_equal(fdt32_ld(&interrupts[1]), 4);
}

static void test_devices(void **state)
{
    struct dtb_info info = full;

    (void)state;
    build(&full);
    check_device("/virtio_mmio@feb00000", &devices[0]);
    check_device("/virtio_mmio@1200000000000", &devices[1]);
    info.nr_devices = 0;
    build(&info);
    assert_int_equal(count_nodes("/"), 4);
}

static void test_without_a_ramdisk(void **state)
{
    struct dtb_info info = full;
    int chosen;

    (void)state;
    info.ramdisk_start = 0;
    info.ramdisk_end = 0;
    info.bootargs = "";
    build(&info);
    chosen = fdt_path_offset(tree, "/chosen");
    check_string("/chosen", "bootargs", "");
    assert_null(fdt_getprop(tree, chosen, "linux,initrd-start", NULL));
    assert_null(fdt_getprop(tree, chosen, "linux,initrd-end", NULL));
}

static void test_the_largest_fits(void **state)
{
    static char bootargs[BUNDLE_MAX_BOOTARGS + 1];
    struct dtb_info info = full;

    (void)state;
    memset(bootargs, 'b', sizeof(bootargs) - 1);
    info.bootargs = bootargs;
    info.nr_vcpus = PARAPET_MAX_VCPUS;
    build(&info);
    check_string("/chosen", "bootargs", bootargs);
}

/* Each buffer ends at a guard, so that no overrun goes unseen. */
static void test_every_buffer_that_is_too_small(void **state)
{
    static const char zeros[4096];
    size_t size = 0;
    void *buffer;
    int result;

    (void)state;
    build(&full);
    while ((result = dtb_build(buffer = guard_copy(zeros, size), size, &full)) <
           0) {
        assert_int_equal(result, -PARAPET_ENOMEM);
        assert_true(++size <= sizeof(zeros));
    }
    assert_int_equal(result, fdt_totalsize(tree));
    assert_memory_equal(buffer, tree, (size_t)result);
    assert_int_in_range(size, (size_t)result, (size_t)result + 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root_and_memory),
        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_chosen_and_hypervisor),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_without_a_ramdisk),
        cmocka_unit_test(test_the_largest_fits),
        cmocka_unit_test(test_every_buffer_that_is_too_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
