/* SPDX-License-Identifier: MIT
 *
 * What the parts of the RAM file system share: ramfs.c (names), ramfs_file.c
 * (contents) and ramfs_unpack.c (where both come from at first).
 */
#ifndef GUEST_KERNEL_FS_RAMFS_PARTS_H
#define GUEST_KERNEL_FS_RAMFS_PARTS_H

#include <stdbool.h>

#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/inode.h"

#define RAMFS_DEVICE 1u /* struct inode.fs */

/* An empty root; all else is put into it. Panics without memory. */
void ramfs_make_root(void);

/* Fills the root from a cpio archive, which is not trusted. */
void ramfs_unpack(const void *archive, size_t size);

/* Of an inode with this mode. */
const struct file_ops *ramfs_file_ops(uint32_t mode);

/* The contents of a regular file. False: no memory. */
bool ramfs_make_contents(struct inode *inode);
/* An empty file gets these contents. 0 or -ENOSPC. */
int64_t ramfs_fill(struct inode *inode, const void *bytes, size_t size);
int64_t ramfs_truncate(struct inode *inode, uint64_t size);

#endif
