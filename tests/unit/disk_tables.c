/* SPDX-License-Identifier: MIT
 *
 * The disk of disk_tables.h.
 */
#include "tests/unit/disk_tables.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES 2u /* the sector of the first array */

void disk_init(struct disk *disk)
{
    memset(disk, 0, sizeof(*disk));
    disk->nr_sectors = DISK_SECTORS;
    disk->bad_sector = UINT64_MAX;
}

static int64_t read_sector(void *context, uint64_t sector, void *to)
{
    struct disk *disk = context;

    if (sector >= disk->nr_sectors)
        abort();
    disk->nr_reads++;
    if (sector >= disk->bad_sector)
        return disk->error;
    memcpy(to, disk->bytes + sector * PARTITION_SECTOR, PARTITION_SECTOR);
    return 0;
}

int64_t disk_scan(struct disk *disk, struct partition_table *table)
{
    const struct partition_disk what = {disk->nr_sectors, read_sector, disk};

    disk->nr_reads = 0;
    memset(table, 0x5a, sizeof(*table));
    return partition_scan(&what, table);
}

void disk_put(struct disk *disk, size_t at, uint64_t value, unsigned int size)
{
    for (unsigned int i = 0; i < size; i++)
        disk->bytes[at + i] = (uint8_t)(value >> 8 * i);
}

uint64_t disk_get(const struct disk *disk, size_t at, unsigned int size)
{
    uint64_t value = 0;

    for (unsigned int i = 0; i < size; i++)
        value |= (uint64_t)disk->bytes[at + i] << 8 * i;
    return value;
}

void disk_put_mbr(struct disk *disk, uint64_t sector, unsigned int i,
                  uint8_t type, uint32_t first, uint32_t nr_sectors)
{
    size_t start = sector * PARTITION_SECTOR, at = start + 446 + 16 * i;

    disk->bytes[at + 4] = type;
    disk_put(disk, at + 8, first, 4);
    disk_put(disk, at + 12, nr_sectors, 4);
    disk_put(disk, start + 510, 0xaa55, 2);
}

/* ---- GPT ---- */

static uint64_t copy_at(const struct disk *disk)
{
    return disk->nr_sectors - 1;
}

static void put_header(struct disk *disk, uint64_t sector, uint64_t entries,
                       uint32_t nr_entries, uint32_t entry_size)
{
    size_t at = sector * PARTITION_SECTOR;

    memcpy(disk->bytes + at, "EFI PART", 8);
    disk_put(disk, at + 8, 0x10000, 4);
    disk_put(disk, at + 12, 92, 4);
    disk_put(disk, at + 24, sector, 8);
    disk_put(disk, at + 72, entries, 8);
    disk_put(disk, at + 80, nr_entries, 4);
    disk_put(disk, at + 84, entry_size, 4);
}

void disk_put_gpt(struct disk *disk, uint32_t nr_entries, uint32_t entry_size)
{
    uint64_t nr = ((uint64_t)nr_entries * entry_size + 511) / 512;

    disk_put_mbr(disk, 0, 0, 0xee, 1, (uint32_t)disk->nr_sectors - 1);
    put_header(disk, 1, ENTRIES, nr_entries, entry_size);
    put_header(disk, copy_at(disk), copy_at(disk) - nr, nr_entries, entry_size);
    disk_seal_gpt(disk);
}

void disk_put_gpt_entry(struct disk *disk, uint32_t number, uint64_t first,
                        uint64_t last)
{
    const uint64_t headers[] = {1, copy_at(disk)};

    for (unsigned int i = 0; i < 2; i++) {
        size_t header = headers[i] * PARTITION_SECTOR;
        size_t at = disk_get(disk, header + 72, 8) * PARTITION_SECTOR +
                    (number - 1) * disk_get(disk, header + 84, 4);

        disk_put(disk, at, 0x1234, 8);
        disk_put(disk, at + 32, first, 8);
        disk_put(disk, at + 40, last, 8);
    }
}

/* By a table, unlike the kernel's. */
static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
    static uint32_t table[256];
    uint32_t crc = UINT32_MAX;

    for (uint32_t i = 0; table[255] == 0 && i < 256; i++) {
        uint32_t value = i;

        for (int bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? value >> 1 ^ 0xedb88320 : value >> 1;
        table[i] = value;
    }
    for (size_t i = 0; i < size; i++)
        crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
    return ~crc;
}

void disk_seal_header(struct disk *disk, uint64_t sector)
{
    size_t at = sector * PARTITION_SECTOR, size = disk_get(disk, at + 12, 4);
    uint64_t entries = disk_get(disk, at + 72, 8);
    uint64_t array = disk_get(disk, at + 80, 4) * disk_get(disk, at + 84, 4);

    if (entries < disk->nr_sectors &&
        array <= (disk->nr_sectors - entries) * PARTITION_SECTOR)
        disk_put(disk, at + 88,
                 crc32_of(disk->bytes + entries * PARTITION_SECTOR, array), 4);
    disk_put(disk, at + 16, 0, 4);
    if (size <= PARTITION_SECTOR)
        disk_put(disk, at + 16, crc32_of(disk->bytes + at, size), 4);
}

void disk_seal_gpt(struct disk *disk)
{
    disk_seal_header(disk, 1);
    disk_seal_header(disk, copy_at(disk));
}
