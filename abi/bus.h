/* SPDX-License-Identifier: MIT
 *
 * The bus: one page by which a domain finds its devices and connects to those
 * that serve them. The domain lends it to whoever serves it, and one port tells
 * of changes in it. A slot is one device. docs/RINGS.md is the prose.
 *
 * Each word has one writer, which keeps a copy of its own and never reads the
 * word back: the other end can write there, too, and is believed nothing. A
 * slot has two lines of 64 bytes, so that the ends do not share one.
 *
 *   0     kind, index, state, life, parameters   back-end writes
 *   64    state, ring, port, parameters          front-end writes
 */
#ifndef ABI_BUS_H
#define ABI_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/shared.h"

enum parapet_bus_state {
#define PARAPET_BUS_STATE(number, name) PARAPET_BUS_##name = number,
#include "abi/bus_states.def"
#undef PARAPET_BUS_STATE
    PARAPET_NR_BUS_STATES
};

enum parapet_bus_end { PARAPET_BUS_front, PARAPET_BUS_back };

#define PARAPET_BUS_PARAMETERS 8
#define PARAPET_BUS_SLOT_SIZE 128
#define PARAPET_BUS_SLOTS (4096 / PARAPET_BUS_SLOT_SIZE)

/*
 * Kinds of devices; each says what the parameters mean. 0: the slot is empty,
 * or the device was taken away: not only that nobody serves it now.
 * From the last on they are for tests and for protocols of one's own.
 */
#define PARAPET_BUS_NO_DEVICE 0
#define PARAPET_BUS_BLK 1 /* a disk: abi/blk.h */
#define PARAPET_BUS_OWN_KINDS 0x80000000u

/*
 * The back-end writes kind, index and parameters before it says offered, and
 * may change the parameters before it says connected. A new one may begin
 * meanwhile: it says closed, then changes life, then writes the others. So what
 * was read is all of one back-end if its state, as expected, was read after
 * life and before the rest, and life is the same after that. An end writes its
 * state last, and then looks at the other end's with a full barrier between:
 * each of two that move at once sees the other, or is seen.
 */
struct parapet_bus_back {
    uint32_t kind;
    uint32_t index; /* of the devices of one kind, from 0 */
    uint32_t state; /* enum parapet_bus_state */
    uint32_t life;  /* another number for each back-end of the slot */
    uint32_t parameters[PARAPET_BUS_PARAMETERS];
    uint32_t reserved[4];
};

/* The front-end writes all before it says wanted. */
struct parapet_bus_front {
    uint32_t state; /* enum parapet_bus_state */
    uint32_t ring;  /* the grant of the ring's page */
    uint32_t port;  /* of the front-end's domain, for the back-end to bind */
    uint32_t reserved0;
    uint32_t parameters[PARAPET_BUS_PARAMETERS];
    uint32_t reserved1[4];
};

struct parapet_bus_slot {
    struct parapet_bus_back back;
    struct parapet_bus_front front;
};

struct parapet_bus_page {
    struct parapet_bus_slot slots[PARAPET_BUS_SLOTS];
};

/* Sets of states, as the lists have them: bit n is state n. */
#define PARAPET_BUS_SETS                                                       \
    enum {                                                                     \
        closed = 1 << PARAPET_BUS_closed,                                      \
        offered = 1 << PARAPET_BUS_offered,                                    \
        wanted = 1 << PARAPET_BUS_wanted,                                      \
        connected = 1 << PARAPET_BUS_connected,                                \
        closing = 1 << PARAPET_BUS_closing,                                    \
        any = (1 << PARAPET_NR_BUS_STATES) - 1                                 \
    }

/* Whether an end that is `from` and sees the other in `other` may go to `to`.
 * other may be any number at all, since it is what somebody else wrote. */
static inline bool parapet_bus_may(enum parapet_bus_end end, uint32_t from,
                                   uint32_t other, uint32_t to)
{
    PARAPET_BUS_SETS;

    if (other >= PARAPET_NR_BUS_STATES)
        return false;
#define PARAPET_BUS_MOVE(by, in, others, out, text)                            \
    if (end == PARAPET_BUS_##by && from == PARAPET_BUS_##in &&                 \
        to == PARAPET_BUS_##out && ((others) >> other & 1))                    \
        return true;
#include "abi/bus_states.def"
#undef PARAPET_BUS_MOVE
    return false;
}

/* Whether an end that is `in` can see the other in `other`, any number: if not,
 * the other one does not keep to the rules. */
static inline bool parapet_bus_sees(enum parapet_bus_end end, uint32_t in,
                                    uint32_t other)
{
    PARAPET_BUS_SETS;

    if (other >= PARAPET_NR_BUS_STATES)
        return false;
#define PARAPET_BUS_SEES(by, at, others)                                       \
    if (end == PARAPET_BUS_##by && in == PARAPET_BUS_##at)                     \
        return (others) >> other & 1;
#include "abi/bus_states.def"
#undef PARAPET_BUS_SEES
    return false;
}

PARAPET_ASSERT_OFFSET(parapet_bus_back, state, 8);
PARAPET_ASSERT_OFFSET(parapet_bus_back, life, 12);
PARAPET_ASSERT_OFFSET(parapet_bus_back, parameters, 16);
PARAPET_ASSERT_SIZE(parapet_bus_back, 64);
PARAPET_ASSERT_OFFSET(parapet_bus_front, ring, 4);
PARAPET_ASSERT_OFFSET(parapet_bus_front, port, 8);
PARAPET_ASSERT_OFFSET(parapet_bus_front, parameters, 16);
PARAPET_ASSERT_SIZE(parapet_bus_front, 64);
PARAPET_ASSERT_OFFSET(parapet_bus_slot, front, 64);
PARAPET_ASSERT_SIZE(parapet_bus_slot, PARAPET_BUS_SLOT_SIZE);
PARAPET_ASSERT_SIZE(parapet_bus_page, 4096);

#endif
