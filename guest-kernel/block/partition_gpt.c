/* SPDX-License-Identifier: MIT
 *
 * A GUID partition table (UEFI specification, section 5.3): a header in sector
 * 1, and a copy in the last sector, each with an array of entries, all with
 * checksums.
 */
#include "guest-kernel/block/partition_gpt.h"

#include <stdbool.h>
#include <stddef.h>

#include "guest-kernel/errno.h"
#include "lib/macros.h"
#include "lib/string.h"

/* The header's fields. */
#define SIGNATURE "EFI PART"
#define HEADER_SIZE 12u
#define HEADER_CRC 16u
#define HEADER_SELF 24u /* the sector that it is in */
#define HEADER_ENTRIES 72u
#define HEADER_NR_ENTRIES 80u
#define HEADER_ENTRY_SIZE 84u
#define HEADER_ENTRIES_CRC 88u
#define HEADER_MIN_SIZE 92u

/* An entry's. */
#define ENTRY_FIRST 32u
#define ENTRY_LAST 40u
#define ENTRY_TYPE_SIZE 16u
#define ENTRY_MIN_SIZE 128u

/* Of entries: far more than the 16 KiB that all partitioning programs make. */
#define MAX_ARRAY_BYTES 0x40000u

struct header {
    uint64_t entries; /* the sector where they begin */
    uint32_t nr_entries;
    uint32_t entry_size;
    uint32_t entries_crc;
};

/* CRC-32 as in Ethernet: crc is 0 at first, then what was returned. */
static uint32_t crc32(uint32_t crc, const uint8_t *bytes, size_t size)
{
    size_t i;
    int bit;

    crc = ~crc;
    for (i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320u & -(crc & 1u));
    }
    return ~crc;
}

static bool is_header(uint8_t *sector, uint64_t self)
{
    uint32_t size = partition_u32(sector + HEADER_SIZE);
    uint32_t crc = partition_u32(sector + HEADER_CRC);

    if (memcmp(sector, SIGNATURE, sizeof(SIGNATURE) - 1) != 0 ||
        size < HEADER_MIN_SIZE || size > PARTITION_SECTOR)
        return false;
    memset(sector + HEADER_CRC, 0, sizeof(crc));
    return crc32(0, sector, size) == crc &&
           partition_u64(sector + HEADER_SELF) == self;
}

/* Whether the array is on the disk, and of a size that is a power of two times
 * 128 for each entry. */
static bool is_array(const struct partition_disk *disk,
                     const struct header *header)
{
    uint64_t size = (uint64_t)header->nr_entries * header->entry_size;
    uint64_t nr_sectors = (size + PARTITION_SECTOR - 1) / PARTITION_SECTOR;

    return header->entry_size >= ENTRY_MIN_SIZE &&
           (header->entry_size & (header->entry_size - 1)) == 0 && size > 0 &&
           size <= MAX_ARRAY_BYTES && header->entries < disk->nr_sectors &&
           nr_sectors <= disk->nr_sectors - header->entries;
}

/* 0, -ENOENT: it is none, or what read() said. */
static int64_t read_header(const struct partition_disk *disk, uint64_t at,
                           struct header *header)
{
    uint8_t sector[PARTITION_SECTOR];
    int64_t error = disk->read(disk->context, at, sector);

    if (error != 0)
        return error;
    if (!is_header(sector, at))
        return -ENOENT;
    header->entries = partition_u64(sector + HEADER_ENTRIES);
    header->nr_entries = partition_u32(sector + HEADER_NR_ENTRIES);
    header->entry_size = partition_u32(sector + HEADER_ENTRY_SIZE);
    header->entries_crc = partition_u32(sector + HEADER_ENTRIES_CRC);
    return is_array(disk, header) ? 0 : -ENOENT;
}

static void enter(const struct partition_disk *disk,
                  struct partition_table *table, uint32_t number,
                  const uint8_t *entry)
{
    static const uint8_t unused[ENTRY_TYPE_SIZE];
    uint64_t first = partition_u64(entry + ENTRY_FIRST);
    uint64_t last = partition_u64(entry + ENTRY_LAST);

    if (memcmp(entry, unused, sizeof(unused)) != 0 && first <= last &&
        last < disk->nr_sectors)
        partition_enter(disk, table, number, first, last - first + 1);
}

/* Entries begin at multiples of 128 in the array, so that what of one matters
 * is in one sector. */
static int64_t read_entries(const struct partition_disk *disk,
                            const struct header *header,
                            struct partition_table *table)
{
    uint32_t size = header->nr_entries * header->entry_size;
    uint8_t sector[PARTITION_SECTOR];
    uint32_t crc = 0, at, in_sector;
    int64_t error;

    for (at = 0; at < size; at += ENTRY_MIN_SIZE) {
        in_sector = at % PARTITION_SECTOR;
        if (in_sector == 0) {
            error = disk->read(disk->context,
                               header->entries + at / PARTITION_SECTOR, sector);
            if (error != 0)
                return error;
            crc = crc32(crc, sector, MIN(size - at, PARTITION_SECTOR));
        }
        if (at % header->entry_size == 0)
            enter(disk, table, at / header->entry_size + 1, sector + in_sector);
    }
    return crc == header->entries_crc ? 0 : -ENOENT;
}

static int64_t scan_at(const struct partition_disk *disk, uint64_t at,
                       struct partition_table *table)
{
    struct header header;
    int64_t error = read_header(disk, at, &header);

    if (error == 0)
        error = read_entries(disk, &header, table);
    if (error == 0)
        table->kind = "GPT";
    else
        memset(table, 0, sizeof(*table));
    return error;
}

int64_t partition_scan_gpt(const struct partition_disk *disk,
                           struct partition_table *table)
{
    int64_t error = -ENOENT;

    if (disk->nr_sectors > 1)
        error = scan_at(disk, 1, table);
    if (error == -ENOENT && disk->nr_sectors > 2)
        error = scan_at(disk, disk->nr_sectors - 1, table);
    return error;
}
