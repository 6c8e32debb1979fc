/* SPDX-License-Identifier: MIT
 *
 * What grants and the domain beside it know of each other: the entries that the
 * lender has, and what is in the page by which they talk.
 */
#ifndef PARTNERS_GRANTS_LENDER_H
#define PARTNERS_GRANTS_LENDER_H

#include <stdint.h>

/* By tests/kernels/run. */
#define TEST_ID 1
#define LENDER_ID 2

#define REF_TALK 0      /* to write to: struct talk */
#define REF_WRITABLE 1  /* full of LENT_WORD */
#define REF_READONLY 2  /* the same */
#define REF_OTHERS 3    /* lent to a domain that there is not */
#define REF_FRESH 4     /* a frame that has never been writable memory */
#define REF_FRESH_TOO 5 /* another one */
#define REF_NOTHING 6
#define NR_REFS 300 /* the lender's table has grown */
#define REF_LAST (NR_REFS - 1)

#define LENT_WORD 0x1e17

struct talk {
    volatile uint64_t ready; /* the lender has lent all */
    volatile uint64_t step;  /* what the other wants it to do, then 0 */
};

/* To take back what is lent, but for REF_TALK: all of it must succeed; or all
 * but REF_WRITABLE, which must be in use. To lend it again. */
#define STEP_TAKE_BACK 1
#define STEP_IN_USE 2
#define STEP_LEND 3
#define STEP_END 4

#endif
