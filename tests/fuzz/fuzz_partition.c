/* SPDX-License-Identifier: MIT
 *
 * Any changes of good partition tables. The first byte says which disk it is
 * and whether its checksums are right again afterwards; then three bytes for
 * each change, of a byte of the first sectors or of the last one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/disk_tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "fuzz_partition: expected %s\n", #condition);      \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* More reads than the longest chain and two arrays of entries take. */
#define MAX_READS (2 * (1 + 512) + 1 + 64)

static struct disk disk;

static void check(const struct partition_table *table, uint64_t nr_sectors)
{
    for (unsigned int i = 0; i < PARTITION_MAX; i++) {
        const struct partition *partition = &table->partitions[i];

        if (partition->nr_sectors == 0)
            continue;
        CHECK(table->kind != NULL);
        CHECK(partition->first > 0 && partition->first < nr_sectors);
        CHECK(partition->nr_sectors <= nr_sectors - partition->first);
    }
    CHECK(disk.nr_reads <= MAX_READS);
}

#define FIRST_BYTES                                                            \
    0x8000u /* of the disk, that change; then the last sector                  \
             */
#define HAS_MBR 1u
#define HAS_GPT 2u
#define IS_SEALED 4u
#define IS_SMALL 8u /* what is above this bit is its size */

static void make_disk(uint8_t kind)
{
    disk_init(&disk);
    if ((kind & IS_SMALL) != 0)
        disk.nr_sectors = 3 + kind / (2 * IS_SMALL);
    if ((kind & HAS_MBR) != 0) {
        disk_put_mbr(&disk, 0, 0, 0x83, 1, 8);
        disk_put_mbr(&disk, 0, 2, 0x05, 10, 50);
        disk_put_mbr(&disk, 10, 0, 0x83, 1, 8);
        disk_put_mbr(&disk, 10, 1, 0x05, 20, 9);
        disk_put_mbr(&disk, 30, 0, 0x83, 1, 8);
    }
    if ((kind & HAS_GPT) != 0 && disk.nr_sectors > 40) {
        disk_put_gpt(&disk, 128, 128);
        disk_put_gpt_entry(&disk, 1, 34, 40);
        disk_put_gpt_entry(&disk, 2, 41, 50);
    }
}

static void change(uint32_t at, uint8_t value)
{
    size_t last = (disk.nr_sectors - 1) * PARTITION_SECTOR;

    if (at >= FIRST_BYTES)
        at = (uint32_t)last + at % PARTITION_SECTOR;
    disk.bytes[at] ^= value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct partition_table table;

    if (size == 0)
        return 0;
    make_disk(data[0]);
    for (size_t i = 1; i + 2 < size; i += 3)
        change(data[i] + 256u * data[i + 1], data[i + 2]);
    if ((data[0] & IS_SEALED) != 0)
        disk_seal_gpt(&disk);
    CHECK(disk_scan(&disk, &table) == 0);
    check(&table, disk.nr_sectors);
    return 0;
}
