/* SPDX-License-Identifier: MIT
 *
 * How disks are written: STORE,DEVICE,MODE, as in xl. The store is
 * phy:/dev/NAME or ram:SIZE, the device xvda to xvdz, the mode r or w.
 */
#ifndef USER_PCTL_DISK_H
#define USER_PCTL_DISK_H

#include <stdint.h>

#include "abi/control_device.h"

/* Of one such text; the domain is left as it is. NULL, or what is wrong. */
const char *disk_parse(const char *text, struct parapet_blk_attach *attach);

/* The index of xvda and so on, or -1. */
int disk_index(const char *device);

#endif
