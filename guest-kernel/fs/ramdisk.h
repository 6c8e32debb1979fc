/* SPDX-License-Identifier: MIT
 *
 * The initial RAM disk: a cpio archive that the boot loader put into memory.
 * Read-only, so there are no locks.
 */
#ifndef GUEST_KERNEL_FS_RAMDISK_H
#define GUEST_KERNEL_FS_RAMDISK_H

#include "guest-kernel/boot_info.h"
#include "guest-kernel/fs/cpio.h"

/*
 * Says on the console what there is. Of a damaged archive the entries before
 * the damage can be used.
 */
void ramdisk_init(const struct boot_info *boot);

/* To go through all entries with cpio_next(): in the archive's order. */
void ramdisk_open(struct cpio *cpio);

/* By path; slashes and "./" at its start do not matter. False: not found. */
bool ramdisk_find(const char *path, struct cpio_entry *entry);

/* The name of an entry without slashes and "./" at its start. */
const char *ramdisk_name(const char *path);

#endif
