/* SPDX-License-Identifier: MIT
 *
 * The table in sector 0 (MBR). Four entries of 16 bytes from byte 446 on:
 *
 *   0 boot flag, 0 or 0x80 | 4 type, 0 none | 8 first sector | 12 sectors
 *
 * One of them may be extended: a chain of sectors with such a table each, of
 * which the first entry is a logical partition, from that sector on, and the
 * second leads to the next, from the start of the chain on. Logical ones have
 * the numbers from 5 on. A first entry of type 0xee says that there is a GPT.
 */
#include "guest-kernel/block/partition.h"

#include <stdbool.h>
#include <stddef.h>

#include "guest-kernel/block/partition_gpt.h"
#include "guest-kernel/errno.h"
#include "lib/macros.h"
#include "lib/string.h"

#define TABLE 446u
#define ENTRY_SIZE 16u
#define NR_PRIMARY 4u
#define SIGNATURE 510u

#define TYPE_PROTECTIVE 0xeeu

/* The extended one itself: enough for a boot loader, and no way to overwrite
 * what is in it. */
#define EXTENDED_SECTORS 2u

/* A chain that is longer, or a circle, ends there. */
#define MAX_LINKS 64u

struct entry {
    uint8_t flag;
    uint8_t type;
    uint32_t first;
    uint32_t nr_sectors;
};

static struct entry entry_of(const uint8_t *sector, unsigned int i)
{
    const uint8_t *at = sector + TABLE + i * ENTRY_SIZE;

    return (struct entry){at[0], at[4], partition_u32(at + 8),
                          partition_u32(at + 12)};
}

static bool is_extended(const struct entry *entry)
{
    return entry->type == 0x05 || entry->type == 0x0f || entry->type == 0x85;
}

/* A file system's boot sector has the signature too, and a program where the
 * table would be: flags tell. */
static bool is_table(const uint8_t *sector)
{
    unsigned int i;

    if (sector[SIGNATURE] != 0x55 || sector[SIGNATURE + 1] != 0xaa)
        return false;
    for (i = 0; i < NR_PRIMARY; i++)
        if ((entry_of(sector, i).flag & 0x7f) != 0)
            return false;
    return true;
}

/* The chain that begins at sector start. */
static int64_t scan_logical(const struct partition_disk *disk, uint64_t start,
                            struct partition_table *table)
{
    uint32_t number = NR_PRIMARY + 1;
    uint8_t sector[PARTITION_SECTOR];
    uint64_t at = start;
    struct entry entry;
    unsigned int i;
    int64_t error;

    for (i = 0; i < MAX_LINKS && at != 0 && at < disk->nr_sectors; i++) {
        error = disk->read(disk->context, at, sector);
        if (error != 0)
            return error;
        if (!is_table(sector))
            break;
        entry = entry_of(sector, 0);
        if (entry.type != 0 && entry.nr_sectors != 0)
            partition_enter(disk, table, number++, at + entry.first,
                            entry.nr_sectors);
        entry = entry_of(sector, 1);
        if (!is_extended(&entry) || entry.first == 0)
            break;
        at = start + entry.first;
    }
    return 0;
}

static int64_t scan_primary(const struct partition_disk *disk,
                            const uint8_t *sector,
                            struct partition_table *table)
{
    bool has_chain = false;
    struct entry entry;
    unsigned int i;
    int64_t error = 0;

    table->kind = "MBR";
    for (i = 0; i < NR_PRIMARY && error == 0; i++) {
        entry = entry_of(sector, i);
        if (entry.type == 0 || entry.nr_sectors == 0)
            continue;
        if (!is_extended(&entry)) {
            partition_enter(disk, table, i + 1, entry.first, entry.nr_sectors);
            continue;
        }
        partition_enter(disk, table, i + 1, entry.first,
                        MIN(entry.nr_sectors, EXTENDED_SECTORS));
        if (!has_chain)
            error = scan_logical(disk, entry.first, table);
        has_chain = true;
    }
    return error;
}

static int64_t scan(const struct partition_disk *disk,
                    struct partition_table *table)
{
    uint8_t sector[PARTITION_SECTOR];
    bool is_protective = false;
    unsigned int i;
    int64_t error = disk->read(disk->context, 0, sector);

    if (error != 0 || !is_table(sector))
        return error;
    for (i = 0; i < NR_PRIMARY; i++)
        is_protective |= entry_of(sector, i).type == TYPE_PROTECTIVE;
    if (is_protective) {
        error = partition_scan_gpt(disk, table);
        if (error != -ENOENT)
            return error;
    }
    return scan_primary(disk, sector, table);
}

int64_t partition_scan(const struct partition_disk *disk,
                       struct partition_table *table)
{
    int64_t error = 0;

    memset(table, 0, sizeof(*table));
    if (disk->nr_sectors > 0)
        error = scan(disk, table);
    if (error != 0)
        memset(table, 0, sizeof(*table));
    return error;
}
