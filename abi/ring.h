/* SPDX-License-Identifier: MIT
 *
 * A ring: one page that two domains share, in which one asks (the front-end)
 * and the other answers (the back-end). docs/RINGS.md has the pictures.
 *
 *   0     64     128    192    256                                   4096
 *   | req_prod   | rsp_prod    | slot 0 | slot 1 | ...      | unused |
 *          | req_event  | rsp_event
 *
 * Requests and responses use the same slots: request number i and response
 * number i both lie in slot i % nr_slots. The numbers are those of all that
 * ever was, modulo 2^32. A new ring is all zeros.
 *
 * Who writes what:
 *   - A request: the front-end, when response number i - nr_slots was taken;
 *     then it raises req_prod above i.
 *   - A response: the back-end, when it has copied request number i; then it
 *     raises rsp_prod above i. Responses come in any order of the requests: the
 *     protocol's structures say which request they answer.
 * What the other one has written may be a lie, and may change at any time:
 * each end copies before it looks, and keeps what it wrote itself in memory of
 * its own.
 *
 * When to notify: who waits for request (response) number i writes i to
 * req_event (rsp_event), looks at the index once more, and sleeps if there is
 * nothing. Who raises an index from a to b then looks at the event, and
 * notifies if a <= event < b. Both do so in an order that all see: a store and
 * the load after it do not pass each other.
 */
#ifndef ABI_RING_H
#define ABI_RING_H

#include <stdint.h>

#include "abi/shared.h"

#define PARAPET_RING_LINE 64
#define PARAPET_RING_SLOT_BYTES (4096 - 4 * PARAPET_RING_LINE)

/* Each index has a cache line of its own. */
struct parapet_ring {
    uint32_t req_prod; /* front-end: so many requests */
    uint8_t reserved0[PARAPET_RING_LINE - 4];
    uint32_t req_event; /* back-end: tell me of this request */
    uint8_t reserved1[PARAPET_RING_LINE - 4];
    uint32_t rsp_prod; /* back-end: so many responses */
    uint8_t reserved2[PARAPET_RING_LINE - 4];
    uint32_t rsp_event; /* front-end: tell me of this response */
    uint8_t reserved3[PARAPET_RING_LINE - 4];
    uint8_t slots[PARAPET_RING_SLOT_BYTES];
};

/* How many slots of that many bytes a ring has: a power of two. The size is a
 * multiple of 8, at most PARAPET_RING_SLOT_BYTES / 2. */
#define PARAPET_RING_SLOTS(size)                                               \
    ((uint32_t)PARAPET_RING_FLOOR(PARAPET_RING_SLOT_BYTES / (size)))

/* The largest power of two up to n, which is below 512. */
#define PARAPET_RING_FLOOR(n)                                                  \
    ((n) >= 256   ? 256                                                        \
     : (n) >= 128 ? 128                                                        \
     : (n) >= 64  ? 64                                                         \
     : (n) >= 32  ? 32                                                         \
     : (n) >= 16  ? 16                                                         \
     : (n) >= 8   ? 8                                                          \
     : (n) >= 4   ? 4                                                          \
                  : 2)

PARAPET_ASSERT_OFFSET(parapet_ring, req_event, 64);
PARAPET_ASSERT_OFFSET(parapet_ring, rsp_prod, 128);
PARAPET_ASSERT_OFFSET(parapet_ring, rsp_event, 192);
PARAPET_ASSERT_OFFSET(parapet_ring, slots, 256);
PARAPET_ASSERT_SIZE(parapet_ring, 4096);

#endif
