/* SPDX-License-Identifier: MIT
 *
 * Tests that monitor/selftest.c runs and has no room for. Each returns NULL
 * or what went wrong.
 */
#ifndef GUEST_KERNEL_MONITOR_SELFTEST_H
#define GUEST_KERNEL_MONITOR_SELFTEST_H

#include <stdint.h>

/* selftest_space.c */
const char *selftest_space_areas(void);
const char *selftest_space_pages(void);
const char *selftest_space_clones(void);
const char *selftest_space_memory(void);

/* selftest_random.c */
const char *selftest_space_random(void);

/* Free pages of the allocator. */
uint64_t selftest_nr_free(void);

#endif
