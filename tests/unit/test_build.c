/* SPDX-License-Identifier: MIT
 *
 * lib/builder/build.c on a domain in the host's memory (tests/fuzz/built.h):
 * what it builds is looked through from the root, and whatever a service
 * answers comes out.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"
#include "lib/macros.h"
#include "tests/fuzz/built.h"
#include "tests/fuzz/samples.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define ID 7

static struct sample_kernel sample;
static struct elf_image kernel;
static uint8_t ramdisk[5 * 4096 + 123];
static struct build_description description;

static void read_kernel(const void *image, size_t size)
{
    char why[200] = "";
    int error = elf_kernel_read(image, size, description.memory_bytes, &kernel,
                                why, sizeof(why));

    assert_string_equal(why, "");
    assert_int_equal(error, 0);
    description.image = image;
}

/* The sample kernel, in 2 MiB. */
static int set_up(void **state)
{
    (void)state;
    sample_kernel_make(&sample);
    for (size_t i = 0; i < sizeof(ramdisk); i++)
        ramdisk[i] = (uint8_t)(i / 7 + 1);
    description = (struct build_description){
        .memory_bytes = 2 * MIB,
        .nr_vcpus = 1,
        .bootargs = "log=debug",
        .kernel = &kernel,
        .ramdisk_name = "root.cpio",
    };
    read_kernel(&sample, sizeof(sample));
    return 0;
}

static void add_ramdisk(size_t size)
{
    description.ramdisk = ramdisk;
    description.ramdisk_size = size;
}

static void build(void)
{
    struct built b;
    int error = built_make(&b, &description, ID, BUILT_NEVER);

    assert_string_equal(b.why, "");
    assert_int_equal(error, 0);
    built_check(&b, ID);
    built_free(&b);
}

/* ---- what is built ---- */

static void test_sample(void **state)
{
    (void)state;
    build();
    description.served = true;
    build();
    description.served = false;
    add_ramdisk(sizeof(ramdisk));
    build();
    add_ramdisk(1);
    build();
    add_ramdisk(4096);
    build();
}

/* Where a group, a table or a page of the P2M begins or ends. */
static void test_sizes(void **state)
{
    static const uint64_t pages[] = {260,  261,  511,  512,  513, 900,
                                     1023, 1024, 1025, 4096, 7777};
    static const uint32_t vcpus[] = {1, 2, 31, PARAPET_MAX_VCPUS};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        description.memory_bytes = pages[i] * 4096;
        description.nr_vcpus = vcpus[i % ARRAY_SIZE(vcpus)];
        add_ramdisk(sizeof(ramdisk));
        if (pages[i] < 300)
            description.ramdisk = NULL;
        /* The direct map's tables have to follow what lies above, too. */
        for (int n = 0; n < 8; n++) {
            description.served = n % 2;
            build();
            description.memory_bytes += 31 * 4096;
        }
    }
}

/* In far places; then two of one table, with a lower one in between in the
 * file, and with a page of memory in common. */
static void test_segments_in_any_order(void **state)
{
    Elf64_Phdr *code = &sample.phdrs[SAMPLE_CODE];
    Elf64_Phdr *data = &sample.phdrs[SAMPLE_DATA];
    Elf64_Phdr *empty = &sample.phdrs[SAMPLE_EMPTY];

    (void)state;
    data->p_vaddr = PARAPET_KERNEL_START + 0x10;
    data->p_paddr = 0x10;
    *empty = *data;
    empty->p_flags = PF_R;
    empty->p_paddr = 0x1ffff0;
    empty->p_memsz = empty->p_filesz = 0x10;
    empty->p_vaddr = PARAPET_KERNEL_END - 0x10;
    read_kernel(&sample, sizeof(sample));
    build();

    empty->p_paddr = code->p_paddr + SAMPLE_CODE_SIZE;
    empty->p_vaddr = SAMPLE_VADDR + 0x10000 + empty->p_paddr % 4096;
    empty->p_memsz = 0x2fff;
    read_kernel(&sample, sizeof(sample));
    build();
}

static void test_guest_kernel(void **state)
{
    FILE *file = fopen(GUEST_KERNEL, "rb");
    size_t room = 64 * MIB, size;
    void *image = malloc(room);

    (void)state;
    assert_non_null(image);
    if (!file)
        fail_msg("no %s: `make build` makes it", GUEST_KERNEL);
    size = fread(image, 1, room, file);
    assert_true(size > 0 && size < room);
    (void)fclose(file);
    image = realloc(image, size);
    description.memory_bytes = 64 * MIB;
    add_ramdisk(sizeof(ramdisk));
    read_kernel(image, size);
    build();
    free(image);
}

/* Bits of its headers change: it is refused, or built as it says. */
static void test_hostile_kernels(void **state)
{
    uint64_t random = 13;
    unsigned int nr_built = 0;

    (void)state;
    for (int n = 0; n < 1500; n++) {
        uint8_t *bytes = (uint8_t *)&sample;

        sample_kernel_make(&sample);
        for (uint64_t i = unit_random(&random) % 4 + 1; i > 0; i--)
            bytes[unit_random(&random) %
                  offsetof(struct sample_kernel, sections)] ^=
                (uint8_t)(1u << unit_random(&random) % 8);
        nr_built += built_explore(&sample, sizeof(sample));
    }
    assert_int_in_range(nr_built, 100, 1400);
}

/* ---- what a service answers ---- */

static void test_each_call_fails(void **state)
{
    unsigned int failed[BUILT_NR_CALLS] = {0};
    struct built b;
    uint64_t nr_calls;

    (void)state;
    description.nr_vcpus = 3;
    description.served = true;
    add_ramdisk(sizeof(ramdisk));
    assert_int_equal(built_make(&b, &description, ID, BUILT_NEVER), 0);
    nr_calls = b.nr_calls;
    built_free(&b);
    for (uint64_t n = 0; n < nr_calls; n++) {
        int error = built_make(&b, &description, ID, n);

        assert_int_equal(error, b.error[b.last]);
        assert_int_equal(b.nr_calls, n + 1);
        assert_non_null(strstr(b.why, ": error "));
        failed[b.last]++;
        built_free(&b);
    }
    for (int call = 0; call < BUILT_NR_CALLS; call++)
        assert_true(failed[call] > 0);
    assert_int_equal(failed[BUILT_VCPU_CREATE], 3);
    assert_int_equal(failed[BUILT_ALLOC_UNBOUND], 2);
    assert_int_equal(failed[BUILT_VCPU_START], 1);
}

static void test_large_device_tree(void **state)
{
    static char bootargs[PARAPET_DTB_MAX + 1];
    struct built b;

    (void)state;
    memset(bootargs, 'x', sizeof(bootargs) - 1);
    description.bootargs = bootargs + 60000;
    build();
    description.bootargs = bootargs;
    assert_int_equal(built_make(&b, &description, ID, BUILT_NEVER),
                     -PARAPET_EINVAL);
    assert_string_equal(b.why, "its device tree is over 65536 bytes");
    built_free(&b);
}

/* ---- the plan ---- */

static void refused(int error, const char *words)
{
    struct build_plan plan;
    char why[200] = "";

    assert_int_equal(build_plan(&description, &plan, why, sizeof(why)), error);
    assert_string_equal(why, words);
    set_up(NULL);
}

static void test_refused(void **state)
{
    (void)state;
    description.memory_bytes = 0;
    refused(-PARAPET_EINVAL, "memory: expected a multiple of 4096 bytes, at "
                             "most 35184372088832, got 0");
    description.memory_bytes = 2 * MIB + 1;
    refused(-PARAPET_EINVAL, "memory: expected a multiple of 4096 bytes, at "
                             "most 35184372088832, got 2097153");
    description.memory_bytes = (UINT64_C(1) << 45) + 4096;
    refused(-PARAPET_EINVAL, "memory: expected a multiple of 4096 bytes, at "
                             "most 35184372088832, got 35184372092928");
    description.memory_bytes = MIB;
    refused(-PARAPET_EINVAL, "kernel needs memory up to paddr 0x101080, "
                             "expected at most 0x100000 (1024 KiB)");
    description.nr_vcpus = 0;
    refused(-PARAPET_EINVAL, "vcpus: expected 1 to 32, got 0");
    description.nr_vcpus = 33;
    refused(-PARAPET_EINVAL, "vcpus: expected 1 to 32, got 33");
}

static void test_ramdisk_must_fit(void **state)
{
    struct build_plan plan;
    char why[200];
    /* The kernel ends in page 0x103. */
    const uint64_t room = 2 * MIB - (SAMPLE_PADDR + 0x4000);

    (void)state;
    add_ramdisk(room);
    assert_int_equal(build_plan(&description, &plan, why, sizeof(why)), 0);
    assert_int_equal(plan.ramdisk_paddr, SAMPLE_PADDR + 0x4000);
    add_ramdisk(room + 1);
    refused(-PARAPET_ENOSPC, "ramdisk root.cpio: expected it to fit above the "
                             "kernel into 2048 KiB; got 1008 KiB");
    add_ramdisk(3 * MIB);
    refused(-PARAPET_ENOSPC, "ramdisk root.cpio: expected it to fit above the "
                             "kernel into 2048 KiB; got 3072 KiB");
    add_ramdisk(SIZE_MAX);
    refused(-PARAPET_ENOSPC, "ramdisk root.cpio: expected it to fit above the "
                             "kernel into 2048 KiB; got 18014398509481983 KiB");
}

/* What a large domain takes besides its memory. */
static void test_large_plans(void **state)
{
    (void)state;
    for (unsigned int shift = 21; shift <= 45; shift++) {
        const uint64_t nr_frames = (UINT64_C(1) << shift) / 4096;
        struct build_plan plan;
        char why[200];

        description.memory_bytes = UINT64_C(1) << shift;
        assert_int_equal(build_plan(&description, &plan, why, sizeof(why)), 0);
        assert_int_equal(plan.start_gfn, nr_frames);
        assert_true(plan.nr_gfns * 8 <=
                    (plan.tables_gfn - plan.p2m_gfn) * 4096);
        assert_true(plan.tables_gfn + plan.nr_tables <= plan.nr_gfns);
        assert_true(plan.nr_gfns - nr_frames < 60 + nr_frames / 250);
        assert_true(plan.scratch_size < 66 * KIB + nr_frames / 31);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sample, set_up),
        cmocka_unit_test_setup(test_sizes, set_up),
        cmocka_unit_test_setup(test_segments_in_any_order, set_up),
        cmocka_unit_test_setup(test_guest_kernel, set_up),
        cmocka_unit_test_setup(test_hostile_kernels, set_up),
        cmocka_unit_test_setup(test_each_call_fails, set_up),
        cmocka_unit_test_setup(test_large_device_tree, set_up),
        cmocka_unit_test_setup(test_refused, set_up),
        cmocka_unit_test_setup(test_ramdisk_must_fit, set_up),
        cmocka_unit_test_setup(test_large_plans, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
