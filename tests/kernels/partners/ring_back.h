/* SPDX-License-Identifier: MIT
 *
 * What rings and the domain beside it know of each other.
 */
#ifndef PARTNERS_RING_BACK_H
#define PARTNERS_RING_BACK_H

#include <stdint.h>

#include "abi/stubs.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

/* By tests/kernels/run. */
#define FRONT_ID 1
#define BACK_ID 2

#define RING_REF 3
#define RING_PORT 1 /* of the front-end */
#define NR_REQUESTS 20000u

struct ring_request {
    uint64_t number;
    uint64_t more[3]; /* made from it */
};

struct ring_response {
    uint64_t number;
    uint64_t nr_waits; /* of the back-end so far */
};

/* An event may have come before: then it does not sleep. */
static inline void ring_sleep(volatile uint64_t *told)
{
    mg_cli();
    if (*told == 0)
        MG_CHECK_EQ(hypercall_block(), 0);
    *told = 0;
    mg_sti();
}

#endif
