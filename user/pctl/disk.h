/* SPDX-License-Identifier: MIT
 *
 * How a disk is written, as xl-disk-configuration(5) has it:
 *
 *   TARGET,[FORMAT],[NAME],[ACCESS]      /dev/vda,raw,xvda,w
 *   phy:TARGET,[NAME],[ACCESS]           phy:/dev/vda,xvda,w
 *   ram:SIZE,[NAME],[ACCESS]             ram:8M,xvdb,ro
 *
 * and each part by its key: access=ro, vdev=xvda, target=/dev/vda. It must not
 * know which disks there are.
 */
#ifndef USER_PCTL_DISK_H
#define USER_PCTL_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "abi/control_device.h"

#define DISK_ANY_INDEX UINT32_MAX /* no name was said */

/*
 * Reads one: all of *disk but the domain. 0, or -PARAPET_EINVAL with a clean
 * line in why. The store is as the device takes it: /dev/vda, or ram:8M.
 */
int disk_read(const char *text, struct parapet_blk_attach *disk, char *why,
              size_t size);

/* The index of xvda to xvdz, or DISK_ANY_INDEX: that is no name. */
uint32_t disk_index(const char *name);

/* The name's last letter. */
static inline char disk_letter(uint32_t index)
{
    return (char)('a' + index % PARAPET_BLK_ATTACH_MAX);
}

#endif
