/* SPDX-License-Identifier: MIT
 *
 * What the kernel calls itself.
 */
#ifndef GUEST_KERNEL_CORE_VERSION_H
#define GUEST_KERNEL_CORE_VERSION_H

#define KERNEL_VERSION "0.1"

#endif
