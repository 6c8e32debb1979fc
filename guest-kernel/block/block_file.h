/* SPDX-License-Identifier: MIT
 *
 * Disks and partitions as files: what programs open in /dev.
 */
#ifndef GUEST_KERNEL_BLOCK_BLOCK_FILE_H
#define GUEST_KERNEL_BLOCK_BLOCK_FILE_H

#include <stdint.h>

struct disk;
struct file;
struct file_ops;

/* Of every file of a disk. */
extern const struct file_ops block_file_ops;

/* What is open: file->private. */
struct block_file {
    struct disk *disk;
    unsigned int partition; /* 0: the whole */
    uint64_t start;         /* in bytes of the device */
    uint64_t end;
    uint64_t next; /* where the last read ended, in bytes of the device */
};

/* block/block_ioctl.c: what can be asked about it. May sleep. */
int64_t block_file_ioctl(struct file *file, uint32_t request, uint64_t arg);

#endif
