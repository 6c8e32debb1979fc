/* SPDX-License-Identifier: MIT
 *
 * What events_race and the domain beside it know of each other.
 */
#ifndef PARTNERS_EVENTS_RACE_H
#define PARTNERS_EVENTS_RACE_H

#include "abi/stubs.h"
#include "tests/kernels/lib/test.h"

/* By tests/kernels/run. */
#define RACE_TEST_ID 1
#define RACE_PEER_ID 2

#define RACE_VCPUS 4
/* The peer's port for its end; and those that both race for. */
#define RACE_END 1
#define RACE_FIRST 2
#define RACE_PORTS 6

/* What a call may come to when others are at the same ports. */
static inline void race_note(int64_t result)
{
    if (result < 0 && result != -PARAPET_EINVAL &&
        result != -PARAPET_ENOTCONN && result != -PARAPET_ENOSPC)
        mg_failure("expected a port, EINVAL, ENOTCONN or ENOSPC, got %ld",
                   result);
}

#endif
