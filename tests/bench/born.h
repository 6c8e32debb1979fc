/* SPDX-License-Identifier: MIT
 *
 * What the control domains of the bench know of those that they make (born.c):
 * words of guest[] in the page of their vCPU.
 */
#ifndef TESTS_BENCH_BORN_H
#define TESTS_BENCH_BORN_H

#include <stdint.h>

#define BORN_FIRST 0  /* when its first instruction was */
#define BORN_MODE 1   /* set before it starts: not 0, it yields for good */
#define BORN_YIELDS 2 /* how many there were */

/* The least in which the kernel has room: it lies at 1 MiB. */
#define BORN_MEMORY ((UINT64_C(1) << 20) + (UINT64_C(64) << 10))

#endif
