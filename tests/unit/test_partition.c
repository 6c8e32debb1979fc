/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/block/partition*.c: good tables, and damaged ones.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "guest-kernel/errno.h"
#include "lib/macros.h"
#include "tests/unit/disk_tables.h"

static struct disk disk;
static struct partition_table table;

static int start(void **state)
{
    (void)state;
    disk_init(&disk);
    return 0;
}

static void scan(const char *kind)
{
    assert_int_equal(disk_scan(&disk, &table), 0);
    if (kind == NULL)
        assert_null(table.kind);
    else
        assert_string_equal(table.kind, kind);
}

static void expect(unsigned int number, uint64_t first, uint64_t nr_sectors)
{
    assert_int_equal(table.partitions[number - 1].first, first);
    assert_int_equal(table.partitions[number - 1].nr_sectors, nr_sectors);
}

static void expect_none_from(unsigned int number)
{
    for (; number <= PARTITION_MAX; number++)
        expect(number, 0, 0);
}

/* ---- MBR ---- */

static void no_table(void **state)
{
    (void)state;
    scan(NULL);
    expect_none_from(1);
    disk_put_mbr(&disk, 0, 0, 0x83, 10, 10);
    disk.bytes[511] = 0;
    scan(NULL);
    expect_none_from(1);
    disk.nr_sectors = 0;
    scan(NULL);
    assert_int_equal(disk.nr_reads, 0);
}

/* A file system's boot sector has code where flags would be. */
static void boot_sector(void **state)
{
    (void)state;
    disk_put_mbr(&disk, 0, 0, 0x83, 10, 10);
    disk.bytes[446 + 32] = 0x20;
    scan(NULL);
    disk.bytes[446 + 32] = 0x80;
    scan("MBR");
}

static void primary(void **state)
{
    (void)state;
    disk_put_mbr(&disk, 0, 0, 0x83, 8, 100);
    disk_put_mbr(&disk, 0, 2, 0x82, 108, DISK_SECTORS - 108);
    scan("MBR");
    expect(1, 8, 100);
    expect(2, 0, 0);
    expect(3, 108, DISK_SECTORS - 108);
    expect_none_from(4);
}

static void beyond_the_end(void **state)
{
    (void)state;
    disk_put_mbr(&disk, 0, 0, 0x83, 8, DISK_SECTORS - 7);
    disk_put_mbr(&disk, 0, 1, 0x83, DISK_SECTORS, 1);
    disk_put_mbr(&disk, 0, 2, 0x83, UINT32_MAX, UINT32_MAX);
    disk_put_mbr(&disk, 0, 3, 0x83, 0, 10); /* the table itself */
    scan("MBR");
    expect_none_from(1);
}

static void logical(void **state)
{
    (void)state;
    disk_put_mbr(&disk, 0, 1, 0x05, 100, 200);
    disk_put_mbr(&disk, 100, 0, 0x83, 4, 40);
    disk_put_mbr(&disk, 100, 1, 0x05, 50, 50);
    disk_put_mbr(&disk, 150, 0, 0x83, 4, 46);
    scan("MBR");
    expect(1, 0, 0);
    expect(2, 100, 2);
    expect(5, 104, 40);
    expect(6, 154, 46);
    expect_none_from(7);
}

/* Only the first chain, and a chain only as far as it is one. */
static void odd_chains(void **state)
{
    (void)state;
    disk_put_mbr(&disk, 0, 0, 0x0f, 100, 1);
    disk_put_mbr(&disk, 0, 1, 0x85, 200, 100);
    disk_put_mbr(&disk, 200, 0, 0x83, 1, 1);
    scan("MBR");
    expect(1, 100, 1);
    expect(2, 200, 2);
    expect_none_from(5);
    disk_put_mbr(&disk, 100, 1, 0x0f, DISK_SECTORS - 100, 1);
    scan("MBR");
    expect_none_from(5);
}

/* It leads to itself. */
static void circle(void **state)
{
    (void)state;
    disk_put_mbr(&disk, 0, 0, 0x05, 100, 200);
    disk_put_mbr(&disk, 100, 0, 0x83, 4, 4);
    disk_put_mbr(&disk, 100, 1, 0x05, 100, 50);
    disk_put_mbr(&disk, 200, 0, 0x83, 4, 4);
    disk_put_mbr(&disk, 200, 1, 0x05, 100, 50);
    scan("MBR");
    expect(5, 104, 4);
    expect(PARTITION_MAX, 204, 4);
    assert_true(disk.nr_reads <= 100);
}

static void unreadable(void **state)
{
    (void)state;
    disk.error = -EIO;
    disk.bad_sector = 0;
    assert_int_equal(disk_scan(&disk, &table), -EIO);
    expect_none_from(1);
    disk_put_mbr(&disk, 0, 0, 0x83, 8, 10);
    disk_put_mbr(&disk, 0, 1, 0x05, 100, 200);
    disk.bad_sector = 100;
    assert_int_equal(disk_scan(&disk, &table), -EIO);
    expect_none_from(1);
    assert_null(table.kind);
}

/* ---- GPT ---- */

#define NR_ENTRIES 128u
#define ENTRY_SIZE 128u

static void put_gpt(void)
{
    disk_put_gpt(&disk, NR_ENTRIES, ENTRY_SIZE);
    disk_put_gpt_entry(&disk, 1, 34, 99);
    disk_put_gpt_entry(&disk, 3, 100, 100);
    disk_put_gpt_entry(&disk, 128, 200, 300);
    disk_seal_gpt(&disk);
}

static void expect_gpt(void)
{
    scan("GPT");
    expect(1, 34, 66);
    expect(2, 0, 0);
    expect(3, 100, 1);
    expect_none_from(4);
}

static void gpt(void **state)
{
    (void)state;
    put_gpt();
    expect_gpt();
    assert_int_equal(disk.nr_reads, 2 + NR_ENTRIES * ENTRY_SIZE / 512);
}

/* Entries of 256 bytes and more, with the same partitions. */
static void large_entries(void **state)
{
    (void)state;
    for (uint32_t size = 256; size <= 4096; size *= 2) {
        disk_init(&disk);
        disk_put_gpt(&disk, 4, size);
        disk_put_gpt_entry(&disk, 1, 34, 99);
        disk_put_gpt_entry(&disk, 3, 100, 100);
        disk_seal_gpt(&disk);
        expect_gpt();
    }
}

/* Any bit of the first header or its entries: the copy says the same. */
static void copy(void **state)
{
    uint64_t random = 0x2545f4914f6cdd1d;

    (void)state;
    put_gpt();
    for (unsigned int i = 0; i < 300; i++) {
        size_t at = 512 + unit_random(&random) %
                              (i % 2 == 0 ? 92 : NR_ENTRIES * ENTRY_SIZE + 512);
        uint8_t bit = (uint8_t)(1u << unit_random(&random) % 8);

        if (at >= 512 + 92 && at < 1024)
            continue; /* no part of the header */
        disk.bytes[at] ^= bit;
        expect_gpt();
        assert_true(disk.nr_reads > 2 + NR_ENTRIES * ENTRY_SIZE / 512 ||
                    at < 1024);
        disk.bytes[at] ^= bit;
    }
}

/* Then what sector 0 says is all that there is. */
static void both_bad(void **state)
{
    (void)state;
    put_gpt();
    disk.bytes[512] = 0;
    disk.bytes[(DISK_SECTORS - 1) * 512ul] = 0;
    scan("MBR");
    expect(1, 1, DISK_SECTORS - 1);
    expect_none_from(2);
}

/* Sealed, so that only the field itself is wrong. */
static void bad_field(size_t at, uint64_t value, unsigned int size)
{
    uint64_t before = disk_get(&disk, 512 + at, size);
    size_t other = (DISK_SECTORS - 1) * 512ul + at;
    uint64_t other_before = disk_get(&disk, other, size);

    disk_put(&disk, 512 + at, value, size);
    disk_put(&disk, other, value, size);
    disk_seal_gpt(&disk);
    scan("MBR");
    disk_put(&disk, 512 + at, before, size);
    disk_put(&disk, other, other_before, size);
    disk_seal_gpt(&disk);
    expect_gpt();
}

static void bad_fields(void **state)
{
    (void)state;
    put_gpt();
    bad_field(12, 91, 4);
    bad_field(12, 513, 4);
    bad_field(12, UINT32_MAX, 4);
    bad_field(24, 2, 8);
    bad_field(72, DISK_SECTORS, 8);
    bad_field(72, DISK_SECTORS - 1, 8);
    bad_field(72, UINT64_MAX, 8);
    bad_field(80, 0, 4);
    bad_field(80, UINT32_MAX, 4);
    bad_field(80, 0x2000000, 4); /* times 128 it is 0 in 32 bits */
    bad_field(84, 0, 4);
    bad_field(84, 64, 4);
    bad_field(84, 192, 4);
    bad_field(84, 0x80000000, 4);
}

static void bad_entries(void **state)
{
    (void)state;
    put_gpt();
    disk_put_gpt_entry(&disk, 4, 120, 119);
    disk_put_gpt_entry(&disk, 5, 120, DISK_SECTORS);
    disk_put_gpt_entry(&disk, 6, 0, UINT64_MAX);
    disk_put_gpt_entry(&disk, 7, UINT64_MAX, UINT64_MAX);
    disk_put_gpt_entry(&disk, 8, 0, 9);
    disk_seal_gpt(&disk);
    expect_gpt();
}

static void small_disks(void **state)
{
    (void)state;
    put_gpt();
    for (disk.nr_sectors = 1; disk.nr_sectors < 40; disk.nr_sectors++)
        assert_int_equal(disk_scan(&disk, &table), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_table, start),
        cmocka_unit_test_setup(boot_sector, start),
        cmocka_unit_test_setup(primary, start),
        cmocka_unit_test_setup(beyond_the_end, start),
        cmocka_unit_test_setup(logical, start),
        cmocka_unit_test_setup(odd_chains, start),
        cmocka_unit_test_setup(circle, start),
        cmocka_unit_test_setup(unreadable, start),
        cmocka_unit_test_setup(gpt, start),
        cmocka_unit_test_setup(large_entries, start),
        cmocka_unit_test_setup(copy, start),
        cmocka_unit_test_setup(both_bad, start),
        cmocka_unit_test_setup(bad_fields, start),
        cmocka_unit_test_setup(bad_entries, start),
        cmocka_unit_test_setup(small_disks, start),
    };

    return cmocka_run_group_tests_name("guest block/partition", tests, NULL,
                                       NULL);
}
