/* SPDX-License-Identifier: MIT
 *
 * Random numbers that are the same for the same seed: xorshift64* (Vigna, "An
 * experimental exploration of Marsaglia's xorshift generators, scrambled").
 */
#ifndef KERNELS_RANDOM_H
#define KERNELS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct mg_random {
    uint64_t state; /* never 0 */
};

/*
 * Starts a sequence, and prints the seed so that a run can be repeated: the
 * boot arguments' seed=N (tests/kernels/run has RANDOM_SEED) is taken for it.
 */
void mg_random_init(struct mg_random *random, uint64_t seed);

/* A seed of this boot's own, for tests that can be told another. */
uint64_t mg_random_seed(void);

uint64_t mg_random_next(struct mg_random *random);

/* A number below limit, which is not 0. */
uint64_t mg_random_below(struct mg_random *random, uint64_t limit);

void mg_random_fill(struct mg_random *random, void *buffer, size_t size);

#endif
