/* SPDX-License-Identifier: MIT
 *
 * Memory for the code under test at DIRECT_BASE, which objects.mk puts where
 * the host lets a program have it. What a test has not asked for is a hole: to
 * touch it ends the program.
 */
#ifndef TESTS_UNIT_DIRECT_MAP_H
#define TESTS_UNIT_DIRECT_MAP_H

#include <stdint.h>

/* How much of the direct map is there, at most. */
#define DIRECT_MAP_SIZE 0x180000000ul

/* Takes all memory away. To be called first, and before each new machine. */
void direct_map_reset(void);

/* The pages that hold [start, end) are memory, which reads 0. */
void direct_map_add(uint64_t start, uint64_t end);

/* Called while a lock is waited for, if set: by a test of one thread, which
 * gives it up in another CPU's name. */
struct spinlock;
extern void (*direct_map_at_wait)(const struct spinlock *lock);

#endif
