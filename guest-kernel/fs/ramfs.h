/* SPDX-License-Identifier: MIT
 *
 * The RAM file system: the root. All that it holds is in memory and gone with
 * the machine.
 */
#ifndef GUEST_KERNEL_FS_RAMFS_H
#define GUEST_KERNEL_FS_RAMFS_H

#include "guest-kernel/boot_info.h"
#include "guest-kernel/fs/inode.h"

/* Makes the root, and fills it from the boot loader's RAM disk (a cpio archive,
 * of which the memory is free afterwards). Of a damaged one what comes before
 * the damage is there; says so on the console. */
void ramfs_init(const struct boot_info *boot);

/* There is more memory now, or less (page_get_statistics()): so much may the
 * files have of it. */
void ramfs_follow_memory(void);

/* An inode without a name, for pipe(2) and the like. NULL without memory. */
struct inode *ramfs_anonymous(uint32_t mode);

/* What is in use: for statfs(2). */
uint64_t ramfs_nr_pages(void);
uint64_t ramfs_nr_inodes(void);

#endif
