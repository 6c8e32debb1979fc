/* SPDX-License-Identifier: MIT
 *
 * GUID partition tables, for block/partition.c.
 */
#ifndef GUEST_KERNEL_BLOCK_PARTITION_GPT_H
#define GUEST_KERNEL_BLOCK_PARTITION_GPT_H

#include "guest-kernel/block/partition_table.h"

/* The GPT of the disk, or the copy of it in the last sector. 0; -ENOENT:
 * neither is good; else what read() said. */
int64_t partition_scan_gpt(const struct partition_disk *disk,
                           struct partition_table *table);

#endif
