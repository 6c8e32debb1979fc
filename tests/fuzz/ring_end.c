/* SPDX-License-Identifier: MIT
 *
 * See ring_end.h. What must hold, with 64-bit counts that never wrap:
 *   - an index that is looked at is taken if and only if it can be true; after
 * one that cannot, every call says that the connection is broken, and none
 * touches the page
 *   - a message that was taken is what was in its slot, all of it and no more
 *   - nothing is written but the slot that is next, and this end's two words
 *   - the other end is notified if and only if it waits for one of what is new
 */
#include "tests/fuzz/ring_end.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"
#include "lib/macros.h"
#include "pvdrivers/error.h"

#define MAX_STEPS 128u
#define STEP 2u /* bytes */

static const uint32_t slot_sizes[] = {8, 24, 32, 64, 120, 1920};

/* The sanitizer sees what is touched beside them. */
static _Alignas(4096) struct parapet_ring page;
static _Alignas(8) uint8_t message[1920];

static struct parapet_ring before; /* what page should be */
static const struct ring_end *end;
static uint32_t slot_size;
static uint64_t nr_slots, put, pushed, taken, seen;
static bool broken;

static void check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "ring: %s\n", what);
        abort();
    }
}

static uint32_t word(size_t offset)
{
    uint32_t value;

    memcpy(&value, (const uint8_t *)&page + offset, sizeof(value));
    return value;
}

static void set_word(struct parapet_ring *of, size_t offset, uint32_t value)
{
    memcpy((uint8_t *)of + offset, &value, sizeof(value));
}

static uint8_t *slot_of(struct parapet_ring *of, uint64_t number)
{
    return of->slots + number % nr_slots * slot_size;
}

static void begin(uint32_t size, uint32_t first)
{
    ASAN_UNPOISON_MEMORY_REGION(&page, sizeof(page));
    memset(&page, 0, sizeof(page));
    slot_size = size;
    nr_slots = PARAPET_RING_SLOTS(size);
    put = pushed = taken = seen = (1ull << 32) + first;
    broken = false;
    end->begin(&page, size, first);
}

/* What a look at the other end's index should find. */
static int expected_look(void)
{
    uint64_t most = end->may_come(nr_slots, pushed, taken);
    uint32_t more = word(end->other_prod) - (uint32_t)taken;

    if (most == 0)
        return 0; /* it does not look */
    if (more > most) {
        broken = true;
        return -PV_EIO;
    }
    seen = taken + more;
    return more != 0;
}

static void step_put(uint8_t byte)
{
    int result;

    memset(message, byte, slot_size);
    result = end->put(message, slot_size);
    if (end->may_put(nr_slots, put, taken) == 0) {
        check(result == -PARAPET_EAGAIN, "no room, and it was put");
        return;
    }
    check(result == 0, "there is room, and it was not put");
    memset(slot_of(&before, put++), byte, slot_size);
}

static void step_push(void)
{
    uint64_t old = pushed;
    bool waits = word(end->other_event) - (uint32_t)old < put - old;

    pushed = put;
    check(end->push() == waits, "notified is not who waits");
    if (old != put)
        set_word(&before, end->prod, (uint32_t)put);
}

static void step_take(void)
{
    int expected = taken != seen ? 1 : expected_look();

    check(end->take(message, slot_size) == expected, "taken is what cannot be");
    if (expected == 1) {
        check(memcmp(message, slot_of(&page, taken++), slot_size) == 0,
              "a message is not what was in the slot");
    }
}

static void step_wait(void)
{
    int expected = 1;

    if (taken == seen) {
        set_word(&before, end->event, (uint32_t)taken);
        expected = expected_look();
    }
    check(end->wait() == expected, "it sleeps, or it does not");
}

/* Broken for good; the page may be anything's by now. */
static void check_broken(void)
{
    ASAN_POISON_MEMORY_REGION(&page, sizeof(page));
    check(end->room() == -PV_EIO && end->put(message, slot_size) == -PV_EIO &&
              !end->push() && end->take(message, slot_size) == -PV_EIO &&
              end->wait() == -PV_EIO,
          "it was broken, and is not any more");
}

/* The other end: about where things change, or any line's word at all. */
static void lie(const uint8_t *data)
{
    uint32_t near = (uint32_t)(int8_t)data[1];
    uint64_t most = taken + end->may_come(nr_slots, pushed, taken);

    switch (data[0] >> 6) {
    case 0:
        set_word(&page, end->other_prod, (uint32_t)taken + near);
        break;
    case 1:
        set_word(&page, end->other_prod, (uint32_t)most + near % 4 - 1);
        break;
    case 2:
        set_word(&page, end->other_event, (uint32_t)put + near % 4 - 1);
        break;
    default:
        set_word(&page, data[1] % 64u * 64, data[1] * 0x9e3779b1u);
        break;
    }
}

static void step(const uint8_t *data)
{
    switch (data[0] % 8) {
    case 0:
    case 1:
        lie(data);
        return;
    case 2:
    case 3:
        memcpy(&before, &page, sizeof(page));
        step_put(data[1]);
        break;
    case 4:
        memcpy(&before, &page, sizeof(page));
        step_push();
        break;
    case 5:
    case 6:
        memcpy(&before, &page, sizeof(page));
        step_take();
        break;
    default:
        memcpy(&before, &page, sizeof(page));
        step_wait();
        break;
    }
    check(memcmp(&before, &page, sizeof(page)) == 0,
          "it has written what it must not");
    check(broken || end->room() == (int)end->may_put(nr_slots, put, taken),
          "its room is another");
}

void ring_end_fuzz(const struct ring_end *of, const uint8_t *data, size_t size)
{
    if (size < STEP || size > (1 + MAX_STEPS) * STEP)
        return;
    end = of;
    /* 2^32 may come soon. */
    begin(slot_sizes[data[0] % ARRAY_SIZE(slot_sizes)],
          (uint32_t)(int8_t)data[1]);
    for (size_t at = STEP; at + STEP <= size && !broken; at += STEP)
        step(data + at);
    if (broken)
        check_broken();
}
