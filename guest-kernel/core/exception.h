/* SPDX-License-Identifier: MIT
 *
 * Exceptions in words, for reports.
 */
#ifndef GUEST_KERNEL_CORE_EXCEPTION_H
#define GUEST_KERNEL_CORE_EXCEPTION_H

#include <stdint.h>

/* "page fault"; never NULL. */
const char *exception_name(uint64_t vector);

/* "write to": what a page fault with this error code was about to do. */
const char *exception_access(uint64_t error);

#endif
