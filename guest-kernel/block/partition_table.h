/* SPDX-License-Identifier: MIT
 *
 * A disk to look at, and what partitions are found on it; and how those who
 * look read and enter them.
 */
#ifndef GUEST_KERNEL_BLOCK_PARTITION_TABLE_H
#define GUEST_KERNEL_BLOCK_PARTITION_TABLE_H

#include <stdint.h>

#define PARTITION_SECTOR 512u

/* Numbers are 1 to this; partitions above are left out. */
#define PARTITION_MAX 15u

struct partition {
    uint64_t first; /* in sectors of the disk, as below */
    uint64_t nr_sectors;
};

struct partition_table {
    /* By number - 1. nr_sectors is 0: there is none. None is beyond the end of
     * the disk, and none begins at sector 0. */
    struct partition partitions[PARTITION_MAX];
    const char *kind; /* "MBR", "GPT"; NULL: the disk has no table */
};

/* A disk of nr_sectors. read() gets one sector and returns 0 or a negative
 * error number; it is asked only for sectors that there are. */
struct partition_disk {
    uint64_t nr_sectors;
    int64_t (*read)(void *context, uint64_t sector, void *to);
    void *context;
};

/* Enters it if it is on the disk and its number is not above
 * PARTITION_MAX. */
void partition_enter(const struct partition_disk *disk,
                     struct partition_table *table, uint32_t number,
                     uint64_t first, uint64_t nr_sectors);

/* What is at a place that may be odd, the lowest byte first. */
uint32_t partition_u32(const uint8_t *at);
uint64_t partition_u64(const uint8_t *at);

#endif
