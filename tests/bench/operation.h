/* SPDX-License-Identifier: MIT
 *
 * What is measured: tables of operations, in the order in which they run.
 */
#ifndef BENCH_OPERATION_H
#define BENCH_OPERATION_H

#include <stddef.h>
#include <stdint.h>

#include "tests/bench/loops.h"

/* For a loop whose rax says nothing. */
#define RESULT_ANY INT64_MIN
/* For one that takes the time itself: its result is the ticks. */
#define RESULT_TICKS (INT64_MIN + 1)

struct operation {
    const char *name;
    const char *way;
    bench_loop_t *loop;
    uint64_t iterations;
    uint64_t per_iteration; /* operations */
    void (*prepare)(void);
    int64_t result; /* of the loop, or the figure means nothing */
};

/* Set by prepare() of one that copies: makes it a copy of one word. What the
 * whole copy takes more is told apart. */
extern void (*bench_copy_word)(void);

/* Set by prepare(), too: so many bytes one operation moves. */
extern uint64_t bench_bytes;

extern const struct operation core_operations[];
extern const size_t nr_core_operations;
/* Of the bench beside others: tests/bench/crowd.c. */
extern const struct operation crowd_operations[];
extern const size_t nr_crowd_operations;
extern const struct operation memory_operations[];
extern const size_t nr_memory_operations;

extern const struct operation peer_operations[];
extern const size_t nr_peer_operations;
extern const struct operation ring_operations[];
extern const size_t nr_ring_operations;
extern const struct operation console_operations[];
extern const size_t nr_console_operations;
extern const struct operation grant_operations[];
extern const size_t nr_grant_operations;

/* Once: waits for the domain beside this one, and binds its ports. The other
 * way: then it ends. */
void peer_operations_init(void);
void peer_operations_end(void);

/* Once, after that: what the rows of grants need; each is done once. */
void grant_operations_init(void);

/* Once, before all others: what the rows of memory need for good. */
void memory_operations_init(void);
/* Once, before those of the crowd: it is as it will be. */
void crowd_operations_init(void);

/*
 * Each operation once does what it should, or the figures mean nothing; a
 * failed check fails the bench.
 */
void verify_core_operations(void);
void verify_memory_operations(void);

#endif
