/* SPDX-License-Identifier: MIT
 *
 * Random bytes for programs, and for what no program is to guess.
 */
#ifndef GUEST_KERNEL_FS_RANDOM_H
#define GUEST_KERNEL_FS_RANDOM_H

#include <stddef.h>

/* size random bytes: the CPU's rdrand where there is one. */
void random_bytes(void *to, size_t size);

#endif
