/* SPDX-License-Identifier: MIT
 *
 * A small disk in memory, with partition tables that a test writes on it.
 */
#ifndef TESTS_UNIT_DISK_TABLES_H
#define TESTS_UNIT_DISK_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/block/partition.h"

#define DISK_SECTORS 512u

struct disk {
    uint8_t bytes[DISK_SECTORS * PARTITION_SECTOR];
    uint64_t nr_sectors; /* at most DISK_SECTORS */
    unsigned int nr_reads;
    int64_t error; /* what reads from bad_sector on return */
    uint64_t bad_sector;
};

/* Empty, and good. */
void disk_init(struct disk *disk);

/* What partition_scan() finds on it. */
int64_t disk_scan(struct disk *disk, struct partition_table *table);

/* Entry i of the table in a sector, with the signature. */
void disk_put_mbr(struct disk *disk, uint64_t sector, unsigned int i,
                  uint8_t type, uint32_t first, uint32_t nr_sectors);

/* A GPT without entries, and the sector 0 that goes with it; an entry; and all
 * checksums, of the header in sector 1 and of its copy. */
void disk_put_gpt(struct disk *disk, uint32_t nr_entries, uint32_t entry_size);
void disk_put_gpt_entry(struct disk *disk, uint32_t number, uint64_t first,
                        uint64_t last);
void disk_seal_gpt(struct disk *disk);
/* The checksums of one header as it is, if it names an array on the disk. */
void disk_seal_header(struct disk *disk, uint64_t sector);

/* Little-endian. */
void disk_put(struct disk *disk, size_t at, uint64_t value, unsigned int size);
uint64_t disk_get(const struct disk *disk, size_t at, unsigned int size);

#endif
