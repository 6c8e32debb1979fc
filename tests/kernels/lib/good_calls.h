/* SPDX-License-Identifier: MIT
 *
 * For each hypercall that has arguments or a certain result: a call of it that
 * is good, and can be made again. Tests that go over all hypercalls start from
 * it: arguments.c makes one argument at a time a bad one, preserve.c makes it
 * ten thousand times.
 */
#ifndef KERNELS_GOOD_CALLS_H
#define KERNELS_GOOD_CALLS_H

#include <stddef.h>
#include <stdint.h>

/* In the table, for what only the test knows: its mg_good_values. */
#define MG_GOOD(n) (0x5afe000000000000 + (n))
#define MG_GOOD_OBJECT MG_GOOD(0)
#define MG_GOOD_PORT MG_GOOD(1)
#define MG_GOOD_PAGE MG_GOOD(2)
#define MG_GOOD_ENTRY MG_GOOD(3)
#define MG_GOOD_FLUSH MG_GOOD(4)
#define MG_GOOD_TABLE MG_GOOD(5)
#define MG_GOOD_ROOT MG_GOOD(6)
#define MG_GOOD_TIME MG_GOOD(7)
#define MG_GOOD_UNBOUND MG_GOOD(8)
#define MG_NR_GOOD 9

struct mg_good_values {
    uint64_t object; /* of the row's size; zero is a good content */
    uint64_t port;   /* open */
    uint64_t page;   /* an address that may be mapped anew */
    uint64_t entry;  /* for that address */
    uint64_t flush;  /* PARAPET_FLUSH_LOCAL or more */
    uint64_t table;  /* the mfn of a table of level 1 */
    uint64_t root;   /* the mfn of a kernel root */
    uint64_t time;
    uint64_t unbound; /* a port that waits for the domain itself */
};

/* As a size: a test of its own tries its pointers; no good object is here. */
#define MG_ELSEWHERE (~0ul)
/* As a result: zero or positive. */
#define MG_SUCCESS INT64_MAX

struct mg_good_call {
    uint64_t number;
    uint64_t args[6];
    size_t size, alignment; /* of the object that it has a pointer to */
    int64_t result;
};

/* NULL if there is no row for it. */
const struct mg_good_call *mg_good_call(uint64_t number);

/* Its arguments, with the values in their places. */
void mg_good_args(const struct mg_good_call *call,
                  const struct mg_good_values *values, uint64_t args[6]);

#endif
