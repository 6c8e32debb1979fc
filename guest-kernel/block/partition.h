/* SPDX-License-Identifier: MIT
 *
 * The partitions of a disk, as its first sectors tell: an MBR with logical
 * partitions, or a GPT. Whoever made the disk may mean harm: everything is
 * checked, and every loop is bounded. Pure code that runs on the host too.
 */
#ifndef GUEST_KERNEL_BLOCK_PARTITION_H
#define GUEST_KERNEL_BLOCK_PARTITION_H

#include "guest-kernel/block/partition_table.h"

/* 0, also when there is no table, or what read() has failed with: *table is
 * empty then. May sleep if read() does. */
int64_t partition_scan(const struct partition_disk *disk,
                       struct partition_table *table);

#endif
