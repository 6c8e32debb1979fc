/* SPDX-License-Identifier: MIT
 *
 * What is entered of a partition table, and how it is read.
 */
#include "guest-kernel/block/partition_table.h"

void partition_enter(const struct partition_disk *disk,
                     struct partition_table *table, uint32_t number,
                     uint64_t first, uint64_t nr_sectors)
{
    if (number == 0 || number > PARTITION_MAX || first == 0 ||
        first >= disk->nr_sectors || nr_sectors > disk->nr_sectors - first)
        return;
    table->partitions[number - 1] = (struct partition){first, nr_sectors};
}

uint32_t partition_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
           (uint32_t)at[3] << 24;
}

uint64_t partition_u64(const uint8_t *at)
{
    return partition_u32(at) | (uint64_t)partition_u32(at + 4) << 32;
}
