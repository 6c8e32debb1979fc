/* SPDX-License-Identifier: MIT
 *
 * hypervisor/build/bundle*.c: a valid bundle is read as it is, and each way to
 * spoil it is refused in the words that are meant for it.
 */
#include "tests/unit/unit.h"

#include <libfdt.h>
#include <string.h>

#include "abi/abi.h"
#include "abi/errors.h"
#include "hypervisor/build/bundle.h"
#include "tests/fuzz/explore.h"
#include "tests/fuzz/guard.h"
#include "tests/fuzz/samples.h"

#define SHELL "/domains/shell"

static const char *const engines[] = {"pv", "trap", NULL};
static const char kernel[] = "bytes of a kernel";

/* The sample, opened for libfdt's changes and with room for them. */
static uint64_t room[SAMPLE_BUNDLE_ROOM / 8];
static void *const tree = room;

static void must(int result)
{
    assert_true(result >= 0);
}

static int set_up(void **state)
{
    (void)state;
    sample_bundle_make(tree, kernel, sizeof(kernel));
    return fdt_open_into(tree, tree, sizeof(room));
}

/* ---- changes to the sample ---- */

static int node(const char *path)
{
    int offset = fdt_path_offset(tree, path);

    must(offset);
    return offset;
}

static void set_bytes(const char *path, const char *property, const void *value,
                      size_t size)
{
    must(fdt_setprop(tree, node(path), property, value, (int)size));
}

static void set_string(const char *path, const char *property,
                       const char *value)
{
    set_bytes(path, property, value, strlen(value) + 1);
}

static void set_number(const char *path, const char *property, uint32_t value)
{
    must(fdt_setprop_u32(tree, node(path), property, value));
}

static void set_memory(uint64_t kib)
{
    must(fdt_setprop_u64(tree, node(SHELL), "memory", kib));
}

static void drop(const char *path, const char *property)
{
    must(fdt_delprop(tree, node(path), property));
}

static void drop_node(const char *path)
{
    must(fdt_del_node(tree, node(path)));
}

static void add_node(const char *path, const char *name)
{
    must(fdt_add_subnode(tree, node(path), name));
}

/* Unlike libfdt's own ways to make nodes, this lets two have one name. */
static void rename_node(const char *path, const char *name)
{
    must(fdt_set_name(tree, node(path), name));
}

/* To a shorter name; this lets two have one name, too. */
static void rename_property(const char *path, const char *old, const char *name)
{
    const struct fdt_property *property =
        fdt_get_property(tree, node(path), old, NULL);

    assert_non_null(property);
    strcpy((char *)tree + fdt_off_dt_strings(tree) +
               fdt32_ld(&property->nameoff),
           name);
}

/* ---- what is expected of it ---- */

static const char *words_of(const void *blob, size_t size)
{
    static struct bundle_error error;
    struct bundle_domain domain;
    struct bundle bundle;
    int result = bundle_open(blob, size, engines, &bundle, &error);

    for (unsigned int i = 0; !result && i < bundle_nr_domains(&bundle); i++)
        result = bundle_domain(&bundle, i, &domain, &error);
    if (result == 0)
        return "taken";
    assert_int_equal(result, -PARAPET_EINVAL);
    return error.text;
}

/* Spoils the sample by a statement, and expects these words. */
#define REFUSED(spoil, expected)                                               \
    do {                                                                       \
        must(set_up(NULL));                                                    \
        spoil;                                                                 \
        assert_string_equal(words_of(tree, sizeof(room)), expected);           \
    } while (0)

#define TAKEN(change) REFUSED(change, "taken")

/* ---- what is taken ---- */

static void read_domain(unsigned int index, struct bundle_domain *domain)
{
    struct bundle bundle;
    struct bundle_error error = {""};
    int result = bundle_open(tree, sizeof(room), engines, &bundle, &error);

    if (!result)
        result = bundle_domain(&bundle, index, domain, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, 0);
    assert_int_equal(bundle_nr_domains(&bundle), SAMPLE_NR_DOMAINS);
}

static void test_sample_is_read(void **state)
{
    struct bundle_domain shell;

    (void)state;
    read_domain(0, &shell);
    assert_string_equal(shell.name, "shell");
    assert_string_equal(shell.kernel.name, "guest.elf");
    assert_int_equal(shell.kernel.size, sizeof(kernel));
    assert_memory_equal(shell.kernel.data, kernel, sizeof(kernel));
    assert_string_equal(shell.ramdisk.name, "root.cpio");
    assert_int_equal(shell.ramdisk.size, 7);
    assert_memory_equal(shell.ramdisk.data, "070701", 7);
    assert_ptr_equal(shell.engine, engines[0]);
    assert_int_equal(shell.memory_bytes, 64 << 20);
    assert_int_equal(shell.nr_vcpus, 2);
    assert_int_equal(shell.weight, 512);
    assert_int_equal(shell.cap, 150);
    assert_string_equal(shell.bootargs, "log=debug");
    assert_true(shell.privileged);
}

static void test_defaults(void **state)
{
    struct bundle_domain small;

    (void)state;
    read_domain(1, &small);
    assert_string_equal(small.name, "small");
    assert_null(small.ramdisk.name);
    assert_null(small.ramdisk.data);
    assert_int_equal(small.ramdisk.size, 0);
    assert_int_equal(small.weight, BUNDLE_DEFAULT_WEIGHT);
    assert_int_equal(small.cap, 0);
    assert_string_equal(small.bootargs, "");
    assert_false(small.privileged);
}

static void test_packed_and_with_more_behind(void **state)
{
    size_t size;

    (void)state;
    must(fdt_pack(tree));
    size = fdt_totalsize(tree);
    assert_string_equal(words_of(guard_copy(tree, size), size), "taken");
    assert_string_equal(words_of(tree, sizeof(room)), "taken");
}

static void test_what_is_ignored(void **state)
{
    (void)state;
    TAKEN(add_node("/", "signatures"));
    TAKEN(set_string("/", "author", "somebody"));
    TAKEN(set_string("/images/guest.elf", "arch", "x86_64"));
    TAKEN(add_node("/images/guest.elf", "hash"));
    TAKEN(drop_node("/images/root.cpio"); drop(SHELL, "ramdisk"));
}

static void test_limits_are_inside(void **state)
{
    static const char last_name[] = "abcdefghijklmnopqrstuvwxyz+.,_-";
    static char bootargs[BUNDLE_MAX_BOOTARGS + 1];

    (void)state;
    memset(bootargs, 'b', sizeof(bootargs) - 1);
    TAKEN(set_memory(4096));
    TAKEN(set_memory(64 << 20));
    TAKEN(set_number(SHELL, "vcpus", PARAPET_MAX_VCPUS));
    TAKEN(set_number(SHELL, "vcpus", 1); set_number(SHELL, "cap", 100));
    TAKEN(set_number(SHELL, "weight", 1));
    TAKEN(set_number(SHELL, "weight", 65535));
    TAKEN(set_number(SHELL, "cap", 0));
    TAKEN(set_string(SHELL, "engine", "trap"));
    TAKEN(set_string(SHELL, "bootargs", bootargs));
    TAKEN(set_string(SHELL, "bootargs", ""));
    assert_int_equal(strlen(last_name), BUNDLE_MAX_NAME);
    TAKEN(rename_node(SHELL, last_name));
}

/* ---- what is refused: the blob ---- */

static void test_not_a_tree(void **state)
{
    static uint64_t zeros[8];

    (void)state;
    assert_string_equal(
        words_of(zeros, sizeof(zeros)),
        "bundle: not a flattened tree (expected magic d00dfeed, "
        "got 00000000)");
    REFUSED(memcpy(tree,
                   "\x7f"
                   "ELF",
                   4),
            "bundle: not a flattened tree (expected magic d00dfeed, "
            "got 7f454c46)");
    /* The magic of a tree that libfdt is in the middle of writing. */
    REFUSED(fdt_set_magic(tree, ~0xd00dfeedu),
            "bundle: not a flattened tree (expected magic d00dfeed, "
            "got 2ff20112)");
}

static void test_truncated(void **state)
{
    (void)state;
    assert_string_equal(words_of(tree, 0),
                        "bundle: truncated: expected at least 40 bytes, got 0");
    assert_string_equal(
        words_of(tree, 39),
        "bundle: truncated: expected at least 40 bytes, got 39");
    assert_string_equal(words_of(tree, sizeof(room) - 1),
                        "bundle: truncated: header says 16384 bytes, "
                        "got 16383");
    REFUSED(fdt_set_totalsize(tree, UINT32_MAX),
            "bundle: truncated: header says 4294967295 bytes, got 16384");
}

static void test_damaged_header(void **state)
{
    static const char misplaced[] =
        "bundle: address: expected a multiple of 8, got ";
    char *shifted = (char *)tree + 4;

    (void)state;
    REFUSED(fdt_set_version(tree, 16),
            "bundle: expected a tree of version 17, got 16");
    REFUSED(fdt_set_last_comp_version(tree, 18),
            "bundle: damaged: expected a valid tree, got "
            "FDT_ERR_BADVERSION");
    REFUSED(fdt_set_off_dt_struct(tree, sizeof(room)),
            "bundle: damaged: expected a valid tree, got FDT_ERR_TRUNCATED");
    REFUSED(fdt_set_off_dt_strings(tree, UINT32_MAX),
            "bundle: damaged: expected a valid tree, got FDT_ERR_TRUNCATED");
    REFUSED(fdt_set_size_dt_struct(tree, 64),
            "bundle: damaged: expected a valid tree, got "
            "FDT_ERR_BADSTRUCTURE");
    REFUSED(fdt_set_totalsize(tree, 30),
            "bundle: damaged: expected a valid tree, got FDT_ERR_TRUNCATED");
    memmove(shifted, tree, sizeof(room) - 4);
    assert_memory_equal(words_of(shifted, sizeof(room) - 4), misplaced,
                        sizeof(misplaced) - 1);
}

/* Lengths by which libfdt 1.6.1 would come back to the same tag, for ever. */
static void test_endless_property(void **state)
{
    (void)state;
    for (uint32_t length = UINT32_MAX - 200; length != 0; length++) {
        static const char expected[] = "bundle: damaged: property of ";
        int offset;
        struct fdt_property *property;

        (void)set_up(NULL);
        offset = fdt_first_property_offset(tree, 0);
        property = (struct fdt_property *)(uintptr_t)fdt_get_property_by_offset(
            tree, offset, NULL);
        property->len = cpu_to_fdt32(length);
        assert_memory_equal(words_of(tree, sizeof(room)), expected,
                            sizeof(expected) - 1);
    }
}

/* ---- what is refused: nodes ---- */

static void test_parents(void **state)
{
    (void)state;
    REFUSED(drop_node("/images"),
            "bundle: /: expected one node 'images', got 0");
    REFUSED(drop_node("/domains"),
            "bundle: /: expected one node 'domains', got 0");
    REFUSED(rename_node("/domains", "domains@1"),
            "bundle: /: expected one node 'domains', got 0");
    REFUSED(add_node("/", "imagex");
            rename_node("/imagex", "images"),
            "bundle: /: expected one node 'images', got 2");
}

static void add_domains(unsigned int nr)
{
    char name[] = "a";

    for (; nr > 0; nr--, name[0]++)
        add_node("/domains", name);
}

static void test_number_of_domains(void **state)
{
    (void)state;
    REFUSED(drop_node(SHELL);
            drop_node("/domains/small"),
            "bundle: /domains: expected 1 to 16 domains, got 0");
    REFUSED(add_domains(15),
            "bundle: /domains: expected 1 to 16 domains, got 17");
    /* Sixteen are not too many: the first of the empty ones is refused. */
    REFUSED(add_domains(14), "bundle: /domains/n: property 'compatible': "
                             "expected 'parapet,domain', got nothing");
}

static void test_index_of_a_domain(void **state)
{
    struct bundle bundle;
    struct bundle_domain domain;
    struct bundle_error error;

    (void)state;
    must(bundle_open(tree, sizeof(room), engines, &bundle, &error));
    assert_int_equal(bundle_domain(&bundle, 2, &domain, &error),
                     -PARAPET_EINVAL);
    assert_string_equal(error.text, "bundle: /domains: expected a domain with "
                                    "index 2, got 2 domains");
    assert_int_equal(bundle_domain(&bundle, UINT32_MAX, &domain, &error),
                     -PARAPET_EINVAL);
}

static void test_name_of_a_domain(void **state)
{
    (void)state;
    REFUSED(rename_node(SHELL, "abcdefghijklmnopqrstuvwxyzabcdef"),
            "bundle: /domains/abcdefghijklmnopqrstuvwxyzabcdef: name: "
            "expected 1 to 31 characters, got 32");
    REFUSED(rename_node(SHELL, ""), "bundle: /domains/: name: expected 1 to 31 "
                                    "characters, got 0");
    REFUSED(rename_node(SHELL, "a\033[2J"),
            "bundle: /domains/a?[2J: name: expected graphic characters, "
            "got byte 0x1b");
    REFUSED(rename_node(SHELL, "a b"),
            "bundle: /domains/a b: name: expected graphic characters, "
            "got byte 0x20");
    REFUSED(rename_node(SHELL, "\xff"),
            "bundle: /domains/?: name: expected graphic characters, "
            "got byte 0xff");
    REFUSED(rename_node(SHELL, "small"),
            "bundle: /domains/small: expected one node of this name, got 2");
}

static void test_unknown_in_a_domain(void **state)
{
    (void)state;
    REFUSED(set_number(SHELL, "vcpu", 1),
            "bundle: /domains/shell: property 'vcpu': unknown: expected one "
            "of compatible, kernel, ramdisk, engine, memory, vcpus, weight, "
            "cap, bootargs, privileged");
    REFUSED(add_node(SHELL, "devices"),
            "bundle: /domains/shell: expected no node in it, got 'devices'");
    REFUSED(set_number(SHELL, "capx", 5);
            rename_property(SHELL, "capx", "cap"),
            "bundle: /domains/shell: property 'cap': expected once, "
            "got twice");
}

/* ---- what is refused: the images ---- */

static void test_images(void **state)
{
    (void)state;
    REFUSED(drop_node("/images/guest.elf"),
            "bundle: /domains/shell: property 'kernel': expected one node "
            "'guest.elf' in /images, got 0");
    REFUSED(set_string(SHELL, "ramdisk", "none"),
            "bundle: /domains/shell: property 'ramdisk': expected one node "
            "'none' in /images, got 0");
    REFUSED(rename_node("/images/root.cpio", "guest.elf"),
            "bundle: /domains/shell: property 'kernel': expected one node "
            "'guest.elf' in /images, got 2");
    REFUSED(set_string(SHELL, "kernel", "root.cpio"),
            "bundle: /images/root.cpio: property 'type': expected 'kernel', "
            "got 'ramdisk'");
    REFUSED(set_string(SHELL, "ramdisk", "guest.elf"),
            "bundle: /images/guest.elf: property 'type': expected 'ramdisk', "
            "got 'kernel'");
    REFUSED(drop("/images/guest.elf", "type"),
            "bundle: /images/guest.elf: property 'type': expected 'kernel', "
            "got nothing");
    REFUSED(set_bytes("/images/guest.elf", "type", "kernel", 6),
            "bundle: /images/guest.elf: property 'type': expected a string "
            "with a NUL at its end, got 6 bytes without");
    REFUSED(drop("/images/guest.elf", "data"),
            "bundle: /images/guest.elf: property 'data': expected the bytes "
            "of a file, got nothing");
    REFUSED(set_bytes("/images/root.cpio", "data", "", 0),
            "bundle: /images/root.cpio: property 'data': expected the bytes "
            "of a file, got nothing");
}

/* ---- what is refused: the properties of a domain ---- */

#define ABOUT(property, words)                                                 \
    "bundle: /domains/shell: property '" property "': " words

static void test_missing_properties(void **state)
{
    (void)state;
    REFUSED(drop(SHELL, "compatible"),
            ABOUT("compatible", "expected 'parapet,domain', got nothing"));
    REFUSED(drop(SHELL, "kernel"),
            ABOUT("kernel", "expected the name of an image, got nothing"));
    REFUSED(drop(SHELL, "engine"),
            ABOUT("engine", "expected the name of an engine, got nothing"));
    REFUSED(drop(SHELL, "memory"),
            ABOUT("memory", "expected a size in KiB (two cells), got nothing"));
    REFUSED(drop(SHELL, "vcpus"),
            ABOUT("vcpus", "expected a number (one cell), got nothing"));
}

static void test_strings(void **state)
{
    static char bootargs[BUNDLE_MAX_BOOTARGS + 2];

    (void)state;
    memset(bootargs, 'b', sizeof(bootargs) - 1);
    REFUSED(set_string(SHELL, "compatible", "xen,domain"),
            ABOUT("compatible", "expected 'parapet,domain', got 'xen,domain'"));
    REFUSED(set_string(SHELL, "engine", "warp"),
            ABOUT("engine", "expected one of pv, trap, got 'warp'"));
    REFUSED(set_string(SHELL, "engine", "p\nv"),
            ABOUT("engine", "expected one of pv, trap, got 'p?v'"));
    REFUSED(set_bytes(SHELL, "engine", "pv", 2),
            ABOUT("engine", "expected a string with a NUL at its end, "
                            "got 2 bytes without"));
    REFUSED(set_bytes(SHELL, "engine", "", 0),
            ABOUT("engine", "expected a string with a NUL at its end, "
                            "got 0 bytes without"));
    REFUSED(set_bytes(SHELL, "engine", "pv\0trap", 8),
            ABOUT("engine", "expected one string, got more after 'pv'"));
    REFUSED(set_bytes(SHELL, "kernel", "guest.elf", 9),
            ABOUT("kernel", "expected a string with a NUL at its end, "
                            "got 9 bytes without"));
    REFUSED(set_bytes(SHELL, "compatible", "", 0),
            ABOUT("compatible", "expected a string with a NUL at its end, "
                                "got 0 bytes without"));
    REFUSED(set_bytes(SHELL, "bootargs", "a", 1),
            ABOUT("bootargs", "expected a string with a NUL at its end, "
                              "got 1 bytes without"));
    REFUSED(set_string(SHELL, "bootargs", bootargs),
            ABOUT("bootargs", "expected at most 1023 characters, got 1024"));
}

static void test_privileged(void **state)
{
    (void)state;
    TAKEN(drop(SHELL, "privileged"));
    TAKEN(drop(SHELL, "privileged");
          set_bytes("/domains/small", "privileged", "", 0));
    REFUSED(set_number(SHELL, "privileged", 1),
            ABOUT("privileged", "expected no value, got 4 bytes"));
    REFUSED(set_string(SHELL, "privileged", ""),
            ABOUT("privileged", "expected no value, got 1 bytes"));
    REFUSED(set_bytes("/domains/small", "privileged", "", 0),
            "bundle: /domains: expected at most one domain that is privileged, "
            "got 2");
}

static void test_memory(void **state)
{
    (void)state;
    REFUSED(set_memory(0),
            ABOUT("memory", "expected at least 4096 KiB, got 0 KiB"));
    REFUSED(set_memory(4092),
            ABOUT("memory", "expected at least 4096 KiB, got 4092 KiB"));
    REFUSED(set_memory(65538),
            ABOUT("memory", "expected a multiple of 4 KiB, got 65538 KiB"));
    REFUSED(set_memory((64 << 20) + 4),
            ABOUT("memory", "expected at most 67108864 KiB, got 67108868 KiB"));
    REFUSED(set_memory(UINT64_MAX),
            ABOUT("memory", "expected at most 67108864 KiB, got "
                            "18446744073709551615 KiB"));
    REFUSED(set_number(SHELL, "memory", 65536),
            ABOUT("memory", "expected 8 bytes, got 4"));
}

static void test_numbers(void **state)
{
    (void)state;
    REFUSED(set_number(SHELL, "vcpus", 0),
            ABOUT("vcpus", "expected 1 to 32, got 0"));
    REFUSED(set_number(SHELL, "vcpus", 33),
            ABOUT("vcpus", "expected 1 to 32, got 33"));
    REFUSED(set_bytes(SHELL, "vcpus", "", 0),
            ABOUT("vcpus", "expected 4 bytes, got 0"));
    REFUSED(set_bytes(SHELL, "vcpus", "12345", 5),
            ABOUT("vcpus", "expected 4 bytes, got 5"));
    REFUSED(set_number(SHELL, "weight", 0),
            ABOUT("weight", "expected 1 to 65535, got 0"));
    REFUSED(set_number(SHELL, "weight", UINT32_MAX),
            ABOUT("weight", "expected 1 to 65535, got 4294967295"));
    REFUSED(set_number(SHELL, "cap", 201),
            ABOUT("cap", "expected 0 to 200, got 201"));
    REFUSED(set_string(SHELL, "cap", "some"),
            ABOUT("cap", "expected 4 bytes, got 5"));
}

static void test_words_have_bounds(void **state)
{
    static char longest[2000];

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    REFUSED(set_string(SHELL, longest, "y"),
            ABOUT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                  "unknown: expected one of compatible, kernel, ramdisk, "
                  "engine, memory, vcpus, weight, cap, bootargs, privileged"));
    must(set_up(NULL));
    set_string(SHELL, "engine", longest);
    assert_int_equal(strlen(words_of(tree, sizeof(room))),
                     sizeof(struct bundle_error) - 1);
}

static void test_many_engines(void **state)
{
    static const char name[] = "an engine with a name of forty characters";
    static const char *const many[] = {name, name, name, name, name, NULL};
    struct bundle bundle;
    struct bundle_domain domain;
    struct bundle_error error;

    (void)state;
    must(bundle_open(tree, sizeof(room), many, &bundle, &error));
    assert_int_equal(bundle_domain(&bundle, 0, &domain, &error),
                     -PARAPET_EINVAL);
    assert_string_equal(
        error.text,
        ABOUT("engine", "expected one of "
                        "an engine with a name of forty characters, "
                        "an engine with a name of forty characters, "
                        "an engine with a name of forty characters, got 'pv'"));
}

/* ---- every truncation, every flipped bit ---- */

/* Both run on a bundle with a whole kernel in it. */
static size_t make_whole(void)
{
    static struct sample_kernel whole;

    sample_kernel_make(&whole);
    return sample_bundle_make(tree, &whole, sizeof(whole));
}

static void test_every_truncation_is_refused(void **state)
{
    size_t whole = make_whole();

    (void)state;
    for (size_t size = 0; size < whole; size++)
        assert_false(explore_bundle(guard_copy(tree, size), size));
    assert_true(explore_bundle(guard_copy(tree, whole), whole));
}

/* The header tells the truth about the size, and what it names is missing. */
static void test_every_honest_truncation_is_survived(void **state)
{
    size_t whole = make_whole();
    unsigned int nr_taken = 0;

    (void)state;
    for (size_t size = sizeof(struct fdt_header); size < whole; size++) {
        fdt_set_totalsize(tree, (uint32_t)size);
        nr_taken += explore_bundle(guard_copy(tree, size), size);
    }
    assert_int_equal(nr_taken, 0);
}

static void test_every_flipped_bit_is_survived(void **state)
{
    unsigned char *bytes = guard_copy(tree, make_whole());
    size_t size = fdt_totalsize(tree);
    unsigned int nr_refused = 0;

    (void)state;
    for (size_t i = 0; i < size; i++) {
        for (unsigned int bit = 0; bit < 8; bit++) {
            bytes[i] = (unsigned char)(bytes[i] ^ (1u << bit));
            nr_refused += !explore_bundle(bytes, size);
            bytes[i] = (unsigned char)(bytes[i] ^ (1u << bit));
        }
    }
    /* Most of what is not in the images, where all is taken. */
    assert_int_in_range(nr_refused, 1000,
                        8 * (size - sizeof(struct sample_kernel)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sample_is_read, set_up),
        cmocka_unit_test_setup(test_defaults, set_up),
        cmocka_unit_test_setup(test_packed_and_with_more_behind, set_up),
        cmocka_unit_test_setup(test_what_is_ignored, set_up),
        cmocka_unit_test_setup(test_limits_are_inside, set_up),
        cmocka_unit_test_setup(test_not_a_tree, set_up),
        cmocka_unit_test_setup(test_truncated, set_up),
        cmocka_unit_test_setup(test_endless_property, set_up),
        cmocka_unit_test_setup(test_damaged_header, set_up),
        cmocka_unit_test_setup(test_parents, set_up),
        cmocka_unit_test_setup(test_number_of_domains, set_up),
        cmocka_unit_test_setup(test_index_of_a_domain, set_up),
        cmocka_unit_test_setup(test_name_of_a_domain, set_up),
        cmocka_unit_test_setup(test_unknown_in_a_domain, set_up),
        cmocka_unit_test_setup(test_images, set_up),
        cmocka_unit_test_setup(test_missing_properties, set_up),
        cmocka_unit_test_setup(test_strings, set_up),
        cmocka_unit_test_setup(test_privileged, set_up),
        cmocka_unit_test_setup(test_memory, set_up),
        cmocka_unit_test_setup(test_numbers, set_up),
        cmocka_unit_test_setup(test_words_have_bounds, set_up),
        cmocka_unit_test_setup(test_many_engines, set_up),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_every_honest_truncation_is_survived),
        cmocka_unit_test(test_every_flipped_bit_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
