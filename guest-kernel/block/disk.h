/* SPDX-License-Identifier: MIT
 *
 * Disks: block devices with their partitions, as /dev has them. A device that
 * is registered gets its nodes when a kernel thread has read its partition
 * table: /dev/vda, and /dev/vda1 and so on. Of the first DISK_MAX devices.
 */
#ifndef GUEST_KERNEL_BLOCK_DISK_H
#define GUEST_KERNEL_BLOCK_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/block/partition.h"

struct block_device;
struct file_ops;

/* st_rdev: this major, of those that Linux leaves to local use; and minor 16 *
 * device + partition. */
#define DISK_MAJOR 254u
#define DISK_MINORS (PARTITION_MAX + 1)
#define DISK_MAX 16u

struct disk {
    struct block_device *device; /* NULL: there is none of this number yet */
    bool is_scanning;
    bool has_changed; /* and is to be scanned */
    struct partition_table table;
    unsigned int nr_open[DISK_MINORS]; /* by partition; 0: the whole */
};

/* The ops are those of all disks' files. After device_make_nodes(). */
void disk_init(const struct file_ops *ops);

/* Waits until the devices that are there have their nodes, but not for ever: a
 * device may not answer. For the first thread. */
void disk_wait(void);

/* By the number of a node; NULL. */
struct disk *disk_find(uint64_t number);

/* Where a partition is, in bytes of the device; 0: all of it. False: there is
 * no such partition. */
bool disk_range(const struct disk *disk, unsigned int partition,
                uint64_t *start, uint64_t *end);

/* Reads the partition table again. Sleeps. 0; -EBUSY: a partition is open, or
 * somebody is reading it; or the device's error. */
int64_t disk_scan(struct disk *disk);

/* Whether a file has it open, or its partition table is being read. Any
 * context, here and below. */
bool disk_is_used(const struct block_device *device);

/* The device has other sectors, and other members, from now on; nobody uses it.
 * disk_read_again(): and can be read. */
void disk_replaced(struct block_device *device);
void disk_read_again(struct block_device *device);

/* What has been written to any disk is safe, unless its device says otherwise,
 * which nobody hears of: sync(2). Sleeps. Does not wait for one that was taken
 * away: who had it has all that was written. */
void disk_sync_all(void);

/* For /proc/partitions: calls put for each disk and each partition. */
void disk_list(void (*put)(void *context, const char *name, uint64_t number,
                           uint64_t bytes),
               void *context);

#endif
