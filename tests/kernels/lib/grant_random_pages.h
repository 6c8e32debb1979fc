/* SPDX-License-Identifier: MIT
 *
 * The pages that grant_random.c lends, and what else becomes of them.
 */
#ifndef KERNELS_GRANT_RANDOM_PAGES_H
#define KERNELS_GRANT_RANDOM_PAGES_H

#include <stdint.h>

#include "tests/kernels/lib/random.h"

/* A failure if abi/hypercalls.def does not name the result. */
void mg_play_check(uint64_t number, int64_t result);

/* Once; then any of the pages, at its place in the direct map, where it may not
 * be mapped, or not be writable. */
void mg_play_pages_init(void);
uint64_t *mg_play_page(struct mg_random *numbers);

/* One of them becomes a table or is none any more, is mapped otherwise, or goes
 * to the machine and comes back. */
void mg_play_change_page(struct mg_random *numbers);

#endif
