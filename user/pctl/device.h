/* SPDX-License-Identifier: MIT
 *
 * The machine that pctl runs on: /dev/parapet (abi/control_device.h).
 */
#ifndef USER_PCTL_DEVICE_H
#define USER_PCTL_DEVICE_H

#include "user/pctl/machine.h"

#define DEVICE_PATH "/dev/parapet"

extern struct pctl_machine device;

#endif
