/* SPDX-License-Identifier: MIT
 *
 * hypervisor/boot/start_info.c: a PVH boot as it should be, and then with
 * each field wrong in turn. The structures are written by their offsets (Xen,
 * public/arch-x86/hvm/start_info.h), in a direct map with holes around them.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "hypervisor/base/log.h"
#include "hypervisor/boot/start_info.h"
#include "tests/unit/direct_map.h"
#include "tests/unit/refusal.h"

#define GIB 0x40000000ul
#define END_OF_BOOT_MAP (4 * GIB)
#define IMAGE_END 0x280000ul

/* Odd numbers: nothing says that a structure is aligned. */
#define START_INFO 0x1003ul
#define MEMMAP 0x2005ul
#define MODLIST 0x3007ul
#define CMDLINE 0x4009ul
#define SCRATCH_END 0x6000ul
#define BUNDLE 0x4000123ul
#define BUNDLE_SIZE 0x5678ul
#define RAM_END 0x8000000ul

#define START_INFO_SIZE 56

enum memory_type { RAM = 1, RESERVED = 2 };

/* What the loader hands over; a test changes it. */
static struct {
    uint64_t paddr;
    uint32_t magic;
    uint32_t version;
    uint32_t nr_modules;
    uint64_t modlist;
    uint64_t cmdline;
    uint64_t memmap;
    uint32_t nr_entries;
    struct {
        uint64_t start;
        uint64_t size;
        uint32_t type;
    } entries[32];
    uint64_t module;
    uint64_t module_size;
} boot;

static struct boot_info info;
static unsigned int nr_warnings;

void log_line(enum log_level level, const char *format, ...)
{
    (void)format;
    assert_int_equal(level, LOG_WARN);
    nr_warnings++;
}

static void put32(uint64_t paddr, uint32_t value)
{
    memcpy(paddr_to_vaddr(paddr), &value, sizeof(value));
}

static void put64(uint64_t paddr, uint64_t value)
{
    memcpy(paddr_to_vaddr(paddr), &value, sizeof(value));
}

static void put_text(uint64_t paddr, const char *text, size_t size)
{
    memcpy(paddr_to_vaddr(paddr), text, size);
}

static int set_up(void **state)
{
    (void)state;
    direct_map_reset();
    direct_map_add(0x1000, SCRATCH_END);
    memset(&boot, 0, sizeof(boot));
    boot.paddr = START_INFO;
    boot.magic = 0x336ec578;
    boot.version = 1;
    boot.nr_modules = 1;
    boot.modlist = MODLIST;
    boot.cmdline = CMDLINE;
    boot.memmap = MEMMAP;
    boot.nr_entries = 3;
    boot.entries[0].size = 0x9fc00;
    boot.entries[0].type = RAM;
    boot.entries[1].start = 0xfd00000000;
    boot.entries[1].size = 0x300000000;
    boot.entries[1].type = RESERVED;
    boot.entries[2].start = 0x100000;
    boot.entries[2].size = RAM_END - 0x100000;
    boot.entries[2].type = RAM;
    boot.module = BUNDLE;
    boot.module_size = BUNDLE_SIZE;
    put_text(CMDLINE, "log=debug", 10);
    return 0;
}

/* Writes the structures that lie in the scratch pages, where they belong. */
static void write_boot(void)
{
    put32(START_INFO + 0, boot.magic);
    put32(START_INFO + 4, boot.version);
    put32(START_INFO + 12, boot.nr_modules);
    put64(START_INFO + 16, boot.modlist);
    put64(START_INFO + 24, boot.cmdline);
    put64(START_INFO + 40, boot.memmap);
    put32(START_INFO + 48, boot.nr_entries);
    for (uint32_t i = 0; i < 32; i++) {
        put64(MEMMAP + i * 24, boot.entries[i].start);
        put64(MEMMAP + i * 24 + 8, boot.entries[i].size);
        put32(MEMMAP + i * 24 + 16, boot.entries[i].type);
    }
    put64(MODLIST, boot.module);
    put64(MODLIST + 8, boot.module_size);
}

static void read_info(void *unused)
{
    (void)unused;
    start_info_read(boot.paddr, IMAGE_END, &info);
}

static const char *refusal(void)
{
    write_boot();
    memset(&info, 0xa5, sizeof(info));
    nr_warnings = 0;
    return refusal_of(read_info, NULL);
}

static void accept(void)
{
    const char *text = refusal();

    if (text)
        fail_msg("refused: %s", text);
}

static void refuse(const char *expected)
{
    const char *text = refusal();

    assert_non_null(text);
    assert_string_equal(text, expected);
}

static void check_range(const struct memory_range *range, uint64_t start,
                        uint64_t end)
{
    assert_int_equal(range->start, start);
    assert_int_equal(range->end, end);
}

static void test_a_good_one(void **state)
{
    (void)state;
    for (boot.version = 1; boot.version < 3; boot.version++) {
        accept();
        assert_int_equal(info.nr_ram, 2);
        check_range(&info.ram[0], 0, 0x9fc00);
        check_range(&info.ram[1], 0x100000, RAM_END);
        assert_int_equal(info.nr_reserved, 3);
        check_range(&info.reserved[0], 0, 0x100000);
        check_range(&info.reserved[1], HV_LOAD_PADDR, IMAGE_END);
        check_range(&info.reserved[2], BUNDLE, BUNDLE + BUNDLE_SIZE);
        assert_ptr_equal(info.bundle, paddr_to_vaddr(BUNDLE));
        assert_int_equal(info.bundle_size, BUNDLE_SIZE);
        assert_string_equal(info.cmdline, "log=debug");
        assert_int_equal(nr_warnings, 0);
    }
}

static void test_no_start_info(void **state)
{
    (void)state;
    boot.magic ^= 0x100;
    refuse("PVH start info at 1003: expected magic 336ec578, version 1 or "
           "above; got 336ec478, 1");
    boot.magic ^= 0x100;
    boot.version = 0;
    refuse("PVH start info at 1003: expected magic 336ec578, version 1 or "
           "above; got 336ec578, 0");
    boot.version = 1;
    boot.paddr = 0;
    refuse("start info at 0, 56 bytes: expected within 1..ffffffff");
    boot.paddr = END_OF_BOOT_MAP - START_INFO_SIZE + 1;
    refuse("start info at ffffffc9, 56 bytes: expected within 1..ffffffff");
    boot.paddr = END_OF_BOOT_MAP;
    refuse("start info at 100000000, 56 bytes: expected within 1..ffffffff");
    boot.paddr = UINT64_MAX - 3;
    refuse("start info at fffffffffffffffc, 56 bytes: expected within "
           "1..ffffffff");
}

/* The last bytes that are mapped can be used, all of them. */
static void test_start_info_at_the_end(void **state)
{
    (void)state;
    write_boot();
    boot.paddr = END_OF_BOOT_MAP - START_INFO_SIZE;
    direct_map_add(boot.paddr, END_OF_BOOT_MAP);
    memcpy(paddr_to_vaddr(boot.paddr), paddr_to_vaddr(START_INFO),
           START_INFO_SIZE);
    accept();
    assert_int_equal(info.nr_ram, 2);
}

static void test_no_memory_map(void **state)
{
    (void)state;
    boot.memmap = 0;
    refuse("the memory map at 0, 72 bytes: expected within 1..ffffffff");
    boot.memmap = END_OF_BOOT_MAP - 3 * 24 + 1;
    refuse("the memory map at ffffffb9, 72 bytes: expected within "
           "1..ffffffff");
    boot.memmap = UINT64_MAX - 71;
    refuse("the memory map at ffffffffffffffb8, 72 bytes: expected within "
           "1..ffffffff");
    boot.memmap = MEMMAP;
    /* In 32 bits this number times 24 would be 8. */
    boot.nr_entries = 0xaaaaaaab;
    refuse("the memory map at 2005, 68719476744 bytes: expected within "
           "1..ffffffff");
    boot.nr_entries = UINT32_MAX;
    refuse("the memory map at 2005, 103079215080 bytes: expected within "
           "1..ffffffff");
}

static void test_no_ram(void **state)
{
    (void)state;
    boot.nr_entries = 0;
    refuse("the memory map has no RAM");
    boot.nr_entries = 3;
    boot.entries[0].type = RESERVED;
    boot.entries[2].size = 0;
    refuse("the memory map has no RAM");
    boot.entries[0].type = 0;
    refuse("the memory map has no RAM");
    boot.entries[0].type = RAM;
    boot.entries[0].start = DIRECT_SIZE;
    refuse("the memory map has no RAM");
    assert_int_equal(nr_warnings, 1);
}

/* An entry that sticks out of the direct map, or out of 64 bits, is cut. */
static void test_ram_above_the_direct_map(void **state)
{
    static const struct {
        uint64_t start;
        uint64_t size;
        bool used;
    } cases[] = {
        {DIRECT_SIZE - 0x1000, 0x1000, true},
        {DIRECT_SIZE - 0x1000, 0x1001, true},
        {DIRECT_SIZE - 0x1000, UINT64_MAX, true},
        {0x100000000, 0xffffffff00000000, true}, /* the sum is 0 */
        {0x100000000, 0xffffffffffffffff, true},
        {1, UINT64_MAX, true},
        {DIRECT_SIZE, 0x1000, false},
        {UINT64_MAX, 1, false},
        {UINT64_MAX, UINT64_MAX, false},
    };

    (void)state;
    boot.nr_entries = 4;
    boot.entries[3].type = RAM;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        boot.entries[3].start = cases[i].start;
        boot.entries[3].size = cases[i].size;
        accept();
        assert_int_equal(info.nr_ram, cases[i].used ? 3 : 2);
        assert_int_equal(nr_warnings, cases[i].used ? 0 : 1);
        if (cases[i].used)
            check_range(&info.ram[2], cases[i].start, DIRECT_SIZE);
    }
}

static void test_too_many_ranges(void **state)
{
    (void)state;
    for (uint32_t nr = 15; nr <= 20; nr++) {
        boot.nr_entries = nr;
        for (uint32_t i = 0; i < nr; i++) {
            boot.entries[i].start = i * 0x1000000;
            boot.entries[i].size = 0x1000000;
            boot.entries[i].type = RAM;
        }
        accept();
        assert_int_equal(info.nr_ram, nr < 16 ? nr : 16);
        assert_int_equal(nr_warnings, nr < 16 ? 0 : nr - 16);
        check_range(&info.ram[info.nr_ram - 1], (info.nr_ram - 1) * 0x1000000,
                    info.nr_ram * 0x1000000);
    }
}

static void test_no_modules(void **state)
{
    (void)state;
    boot.nr_modules = 0;
    boot.modlist = 0;
    accept();
    assert_null(info.bundle);
    assert_int_equal(info.bundle_size, 0);
    assert_int_equal(info.nr_reserved, 2);
}

static void test_bad_modules(void **state)
{
    (void)state;
    boot.modlist = 0;
    refuse("the module list at 0, 32 bytes: expected within 1..ffffffff");
    boot.modlist = END_OF_BOOT_MAP - 31;
    refuse("the module list at ffffffe1, 32 bytes: expected within "
           "1..ffffffff");
    boot.modlist = MODLIST;
    boot.module = 0;
    refuse("the boot bundle at 0, 22136 bytes: expected within 1..ffffffff");
    boot.module = END_OF_BOOT_MAP - BUNDLE_SIZE + 1;
    refuse("the boot bundle at ffffa989, 22136 bytes: expected within "
           "1..ffffffff");
    boot.module = 5 * GIB;
    refuse("the boot bundle at 140000000, 22136 bytes: expected within "
           "1..ffffffff");
    boot.module = 0x1000;
    boot.module_size = UINT64_MAX - 0xfff;
    refuse("the boot bundle at 1000, 18446744073709547520 bytes: expected "
           "within 1..ffffffff");
    boot.module_size = END_OF_BOOT_MAP - 0xfff;
    refuse("the boot bundle at 1000, 4294963201 bytes: expected within "
           "1..ffffffff");
}

static void test_modules_and_ram(void **state)
{
    (void)state;
    boot.module = RAM_END - BUNDLE_SIZE;
    accept();
    check_range(&info.reserved[2], RAM_END - BUNDLE_SIZE, RAM_END);
    boot.module++;
    refuse("the boot bundle at 7ffa989, 22136 bytes, is not in RAM");
    boot.module = 0x100000 - 1;
    refuse("the boot bundle at fffff, 22136 bytes, is not in RAM");
    boot.module = 3 * GIB;
    refuse("the boot bundle at c0000000, 22136 bytes, is not in RAM");
    boot.module = 0x100000;
    accept();
    boot.module_size = 0;
    accept();
    assert_non_null(info.bundle);
    assert_int_equal(info.bundle_size, 0);
}

static void test_no_command_line(void **state)
{
    (void)state;
    boot.cmdline = 0;
    accept();
    assert_string_equal(info.cmdline, "");
    put_text(CMDLINE, "", 1);
    boot.cmdline = CMDLINE;
    accept();
    assert_string_equal(info.cmdline, "");
    boot.cmdline = END_OF_BOOT_MAP;
    refuse("the command line at 100000000, 1 bytes: expected within "
           "1..ffffffff");
}

static void test_long_command_lines(void **state)
{
    char line[MAX_CMDLINE + 2];

    (void)state;
    memset(line, 'x', sizeof(line));
    put_text(CMDLINE, line, sizeof(line));
    refuse("the command line does not end within 2048 bytes");
    put_text(CMDLINE + MAX_CMDLINE, "", 1);
    refuse("the command line does not end within 2048 bytes");
    put_text(CMDLINE + MAX_CMDLINE - 1, "", 1);
    accept();
    assert_int_equal(strlen(info.cmdline), MAX_CMDLINE - 1);
}

/* After the last mapped byte is a hole, which must not be read. */
static void test_command_lines_at_the_end(void **state)
{
    (void)state;
    direct_map_add(END_OF_BOOT_MAP - 1, END_OF_BOOT_MAP);
    boot.cmdline = END_OF_BOOT_MAP - 10;
    put_text(boot.cmdline, "poison=on", 10);
    accept();
    assert_string_equal(info.cmdline, "poison=on");
    put_text(boot.cmdline, "poison=off", 10);
    refuse("the command line does not end within 10 bytes");
    boot.cmdline = END_OF_BOOT_MAP - 1;
    refuse("the command line does not end within 1 bytes");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_good_one),
        TEST(test_no_start_info),
        TEST(test_start_info_at_the_end),
        TEST(test_no_memory_map),
        TEST(test_no_ram),
        TEST(test_ram_above_the_direct_map),
        TEST(test_too_many_ranges),
        TEST(test_no_modules),
        TEST(test_bad_modules),
        TEST(test_modules_and_ram),
        TEST(test_no_command_line),
        TEST(test_long_command_lines),
        TEST(test_command_lines_at_the_end),
    };

    return cmocka_run_group_tests_name("boot/start_info", tests, NULL, NULL);
}
