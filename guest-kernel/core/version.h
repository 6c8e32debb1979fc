/* SPDX-License-Identifier: MIT
 *
 * What the kernel calls itself.
 */
#ifndef GUEST_KERNEL_CORE_VERSION_H
#define GUEST_KERNEL_CORE_VERSION_H

#define KERNEL_VERSION "0.1"

/* What programs for Linux are told (uname(2)): they look at it to see which
 * calls to expect. */
#define KERNEL_LINUX_RELEASE "6.1.0-parapet"

#endif
