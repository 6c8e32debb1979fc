/* SPDX-License-Identifier: MIT
 *
 * Character devices: /dev/null and its kin, by device number.
 */
#ifndef GUEST_KERNEL_FS_DEVICE_H
#define GUEST_KERNEL_FS_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/fs/file.h"

/* What a device inode with this number (st_rdev: major << 8 | minor) is opened
 * with; NULL: there is no such device, -ENXIO. */
const struct file_ops *device_file_ops(uint64_t device);

/* Makes the nodes in /dev. At boot, after the RAM disk has been unpacked. */
void device_init(void);

#endif
