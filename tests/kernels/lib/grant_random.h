/* SPDX-License-Identifier: MIT
 *
 * Plays with grants at random: lends and takes back, maps, holds and copies
 * what others lend, with arguments that are good for something or for nothing;
 * meanwhile the frames become tables, go to the machine and come back.
 *
 * Two or more domains that play with each other come to all that can be
 * between them. What each of them can be sure of by itself is looked at: its
 * handles are there until it lets go of them, what it has mapped can be
 * touched, an entry of a grant is changed by nobody else, and each result is
 * one that the ABI names.
 */
#ifndef KERNELS_GRANT_RANDOM_H
#define KERNELS_GRANT_RANDOM_H

#include <stdint.h>

#include "tests/kernels/lib/random.h"

#define MG_GRANT_PEERS 8

struct mg_grant_play {
    struct mg_random numbers;
    uint32_t peers[MG_GRANT_PEERS]; /* the last ones may be nobody's ids */
    uint64_t nr_calls, nr_refused;  /* hypercalls, and elements */
    uint64_t nr_borrowed;           /* elements that gave a handle, or a copy */
};

/* The pages and tables that are played with; peers and seed are set. */
void mg_grant_play_init(struct mg_grant_play *play);

/* One thing more; a failure when something is not as it has to be. */
void mg_grant_play(struct mg_grant_play *play);

/* Lets go of all that is borrowed. */
void mg_grant_play_end(struct mg_grant_play *play);

#endif
