/* SPDX-License-Identifier: MIT
 *
 * Tests that monitor/selftest.c runs and has no room for. Each returns NULL
 * or what went wrong.
 */
#ifndef GUEST_KERNEL_MONITOR_SELFTEST_H
#define GUEST_KERNEL_MONITOR_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/mm/space.h"

#define SELFTEST_RW (SPACE_READ | SPACE_WRITE)

/* selftest_space.c */
const char *selftest_space_areas(void);
const char *selftest_space_pages(void);
const char *selftest_space_clones(void);
const char *selftest_space_memory(void);

/* selftest_object.c; selftest_space_pages() runs it */
const char *selftest_space_objects(void);

/* selftest_random.c */
const char *selftest_space_random(void);

/* Runs a test in a space of its own. Says also when memory is lost, or the
 * hypervisor counts otherwise. */
const char *selftest_in_space(const char *test(struct space *space));

/* A word of user memory; what is there, ~0 if nothing can be read. */
bool selftest_store(struct space *space, uint64_t vaddr, uint64_t value);
uint64_t selftest_load(struct space *space, uint64_t vaddr);

/* Free pages of the allocator. */
uint64_t selftest_nr_free(void);

#endif
