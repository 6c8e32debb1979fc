/* SPDX-License-Identifier: MIT */
#include "tests/unit/bus_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"
#include "pvdrivers/error.h"
#include "tests/unit/env_host.h"

#define NR_WORDS (PARAPET_BUS_SLOT_SIZE / 4)
#define MAX_BEGINS 12 /* of front-ends that leave a page behind */
#define ENOUGH 100    /* looks until an honest pair is quiet; 10 are needed */

struct parapet_bus_page *bus_page;
struct bus_world_front bus_front[2];
struct bus_world_back bus_back[2];

static enum bus_hostile hostile;
static bool was_refused;
static unsigned int nr_begins;
static uint32_t front_bus_port, back_bus_port;
static struct env_loan stolen; /* by a hostile back-end */
static bool told[2][2];        /* of each slot: an end is to look */

/* The page's port: which slot it is about is not told. */
static void hear_bus(uint32_t port, void *context)
{
    (void)port;
    (void)context;
    told[0][env_host_is()] = true;
    told[1][env_host_is()] = true;
}

/* ---- the ends ---- */

static bool is_honest(unsigned int slot, enum bus_hostile who)
{
    return slot != 0 || hostile != who;
}

/* What each look leaves behind. */
static void check_front(unsigned int slot, int result)
{
    const struct bus_world_front *front = &bus_front[slot];
    uint32_t state = front->bus.state;

    MUST(state < PARAPET_NR_BUS_STATES && state != PARAPET_BUS_offered);
    MUST(front->bus.has_ring == (front->phase != FRONT_HAS_NOTHING));
    MUST((state == PARAPET_BUS_connected) == (front->phase == FRONT_BEGUN));
    MUST((result == -PV_EIO) == front->bus.broken);
    if (front->bus.broken)
        MUST(state == PARAPET_BUS_closing || state == PARAPET_BUS_closed);
}

static void check_back(unsigned int slot, int result)
{
    const struct bus_world_back *back = &bus_back[slot];
    uint32_t state = back->bus.state;

    MUST(state < PARAPET_NR_BUS_STATES && state != PARAPET_BUS_wanted);
    MUST((state == PARAPET_BUS_connected) == back->begun);
    MUST((result == -PV_EIO) == back->bus.broken);
    if (back->bus.broken)
        MUST(state == PARAPET_BUS_closed || (back->begun && back->busy));
}

static int do_front(unsigned int slot, int (*call)(struct bus_front *front))
{
    int result;

    env_host_be(BUS_WORLD_FRONT);
    result = call(&bus_front[slot].bus);
    told[slot][BUS_WORLD_FRONT] |= result == 1;
    check_front(slot, result);
    return result;
}

static int do_back(unsigned int slot, int (*call)(struct bus_back *back))
{
    int result;

    env_host_be(BUS_WORLD_BACK);
    result = call(&bus_back[slot].bus);
    told[slot][BUS_WORLD_BACK] |= result == 1;
    check_back(slot, result);
    return result;
}

/* What the kernel of one that died, or begins again, does for it. */
static void bury_back(unsigned int slot)
{
    env_host_be(BUS_WORLD_BACK);
    if (bus_back[slot].begun)
        bus_ends_back.end(&bus_back[slot]);
}

static void new_back(unsigned int slot)
{
    struct bus_world_back *back = &bus_back[slot];

    back->busy = false;
    back->bus = (struct bus_back){
        .slot = &bus_page->slots[slot],
        .driver = &bus_ends_back,
        .context = back,
        .port = back_bus_port,
        .domain = BUS_WORLD_FRONT,
        .device = {BUS_WORLD_KIND, slot, 0, {[0] = slot}},
    };
    (void)do_back(slot, bus_back_begin);
}

/* The ring of the one before stays lent: nobody knows of it any more. */
static void new_front(unsigned int slot)
{
    struct bus_world_front *front = &bus_front[slot];

    if (front->phase != FRONT_HAS_NOTHING) {
        env_host_be(BUS_WORLD_FRONT);
        env_port_close(front->port);
        front->nr_parked++;
        front->phase = FRONT_HAS_NOTHING;
    }
    front->bus = (struct bus_front){
        .slot = &bus_page->slots[slot],
        .driver = &bus_ends_front,
        .context = front,
        .port = front_bus_port,
        .kind = BUS_WORLD_KIND,
        .index = slot,
    };
    (void)do_front(slot, bus_front_begin);
}

void bus_world_begin(enum bus_hostile who)
{
    env_host_reset();
    memset(bus_front, 0, sizeof(bus_front));
    memset(bus_back, 0, sizeof(bus_back));
    memset(told, 0, sizeof(told));
    stolen = (struct env_loan){.domain = BUS_WORLD_FRONT};
    hostile = who;
    was_refused = false;
    nr_begins = 0;
    env_host_be(BUS_WORLD_FRONT);
    bus_page = env_page_alloc();
    front_bus_port = (uint32_t)env_port_alloc(BUS_WORLD_BACK, hear_bus, NULL);
    env_host_be(BUS_WORLD_BACK);
    back_bus_port = (uint32_t)env_port_bind(BUS_WORLD_FRONT, front_bus_port,
                                            hear_bus, NULL);
    for (unsigned int slot = 0; slot < 2; slot++) {
        if (is_honest(slot, BUS_BACK_HOSTILE))
            new_back(slot);
        if (is_honest(slot, BUS_FRONT_HOSTILE))
            new_front(slot);
    }
    bus_world_settle(1);
}

/* ---- a hostile one ---- */

static void steal(void)
{
    env_host_be(BUS_WORLD_BACK);
    if (stolen.page || bus_front[0].phase == FRONT_HAS_NOTHING)
        return;
    stolen.ref = bus_front[0].ref;
    env_map(&stolen, 1);
}

static void give_up(void)
{
    env_host_be(BUS_WORLD_BACK);
    env_unmap(&stolen, 1);
}

/* All is as it must be, but for the state, and when. A page of the front-end's
 * is lent for it each time, and never taken back. */
static void say_state(uint32_t state)
{
    struct parapet_bus_slot *slot = &bus_page->slots[0];
    struct bus_world_front *front = &bus_front[0];
    struct bus_device device = {.kind = BUS_WORLD_KIND};
    struct bus_wish wish = {.ring = 0};

    if (hostile == BUS_BACK_HOSTILE) {
        slot->back.kind = BUS_WORLD_KIND;
        slot->back.index = 0;
        slot->back.parameters[0] = 0;
        slot->back.parameters[1] = 44;
        slot->back.state = state;
        return;
    }
    env_host_be(BUS_WORLD_FRONT);
    front->phase = FRONT_HAS_NOTHING;
    if (state == PARAPET_BUS_wanted &&
        bus_ends_front.want(front, &device, &wish) == 0) {
        slot->front.ring = wish.ring;
        slot->front.port = wish.port;
        memcpy(slot->front.parameters, wish.parameters,
               sizeof(wish.parameters));
    }
    slot->front.state = state;
}

static void hostile_step(unsigned int step, uint8_t a, uint32_t b)
{
    if (step == BUS_WRITES)
        ((uint32_t *)&bus_page->slots[0])[a % NR_WORDS] = b;
    else if (step == BUS_SAYS)
        say_state(b);
    else if (hostile == BUS_BACK_HOSTILE && step == BUS_MAPS)
        steal();
    else if (hostile == BUS_BACK_HOSTILE && step == BUS_UNMAPS)
        give_up();
}

/* ---- steps ---- */

static void front_step(unsigned int step)
{
    if (step == BUS_FRONT_LOOKS)
        (void)do_front(0, bus_front_look);
    else if (step == BUS_FRONT_STOPS)
        (void)do_front(0, bus_front_stop);
    else if (step == BUS_FRONT_GOES_ON)
        (void)do_front(0, bus_front_go_on);
    else if (nr_begins++ < MAX_BEGINS)
        new_front(0);
}

/* Who has become quiet looks. */
static void set_busy(unsigned int slot, bool busy)
{
    bus_back[slot].busy = busy && bus_back[slot].begun;
    if (!busy && is_honest(slot, BUS_BACK_HOSTILE))
        (void)do_back(slot, bus_back_look);
}

static void back_step(unsigned int step, uint8_t a)
{
    if (step == BUS_BACK_BUSY)
        set_busy(0, a % 2);
    else if (step == BUS_BACK_LOOKS)
        (void)do_back(0, bus_back_look);
    else if (step == BUS_BACK_STOPS)
        (void)do_back(0, bus_back_stop);
    else if (step == BUS_BACK_GOES_ON)
        (void)do_back(0, bus_back_go_on);
    else {
        bury_back(0);
        new_back(0);
    }
}

void bus_world_step(unsigned int step, uint8_t a, uint32_t b)
{
    switch (step) {
    case BUS_FRONT_LOOKS:
    case BUS_FRONT_STOPS:
    case BUS_FRONT_GOES_ON:
    case BUS_FRONT_BEGINS:
        if (hostile != BUS_FRONT_HOSTILE)
            front_step(step);
        break;
    case BUS_BACK_LOOKS:
    case BUS_BACK_STOPS:
    case BUS_BACK_GOES_ON:
    case BUS_BACK_DIES:
    case BUS_BACK_BUSY:
        if (hostile != BUS_BACK_HOSTILE)
            back_step(step, a);
        break;
    case BUS_REFUSED:
        was_refused = true;
        env_host_refuse_after(a % 4);
        break;
    default:
        if (hostile != BUS_NOBODY_HOSTILE)
            hostile_step(step, a, b);
    }
}

/* ---- what comes of it ---- */

void bus_world_settle(unsigned int slot)
{
    bool *to_look = told[slot];

    for (unsigned int i = 0; i < ENOUGH; i++) {
        if (to_look[BUS_WORLD_FRONT] && is_honest(slot, BUS_FRONT_HOSTILE)) {
            to_look[BUS_WORLD_FRONT] = false;
            (void)do_front(slot, bus_front_look);
        } else if (to_look[BUS_WORLD_BACK] &&
                   is_honest(slot, BUS_BACK_HOSTILE)) {
            to_look[BUS_WORLD_BACK] = false;
            (void)do_back(slot, bus_back_look);
        } else
            return;
    }
    fprintf(stderr, "slot %u does not come to rest\n", slot);
    abort();
}

bool bus_world_talks(unsigned int slot)
{
    struct bus_world_front *front = &bus_front[slot];
    struct bus_world_back *back = &bus_back[slot];
    unsigned int heard = back->nr_heard;

    if (front->bus.state != PARAPET_BUS_connected ||
        back->bus.state != PARAPET_BUS_connected)
        return false;
    front->ring[7] = (uint8_t)(back->ring[7] + 1);
    MUST(front->ring == back->ring);
    env_host_be(BUS_WORLD_FRONT);
    env_port_send(front->port);
    MUST(back->nr_heard == heard + 1);
    heard = front->nr_heard;
    env_host_be(BUS_WORLD_BACK);
    env_port_send(back->port);
    MUST(front->nr_heard == heard + 1);
    return true;
}

/* Nobody is hostile: whoever is broken is so by a refusal. */
static void check_slot_0(void)
{
    const struct bus_front *front = &bus_front[0].bus;
    const struct bus_back *back = &bus_back[0].bus;

    set_busy(0, false);
    (void)do_front(0, bus_front_go_on);
    (void)do_back(0, bus_back_go_on);
    bus_world_settle(0);
    if (!was_refused)
        MUST(!front->broken && !back->broken);
    MUST(bus_world_talks(0) || front->broken || back->broken);
}

static void stop(unsigned int slot)
{
    if (is_honest(slot, BUS_BACK_HOSTILE)) {
        set_busy(slot, false);
        (void)do_back(slot, bus_back_stop);
        MUST(bus_back[slot].bus.state == PARAPET_BUS_closed);
    }
    if (is_honest(slot, BUS_FRONT_HOSTILE))
        (void)do_front(slot, bus_front_stop);
}

void bus_world_end(void)
{
    bus_world_settle(1);
    MUST(bus_world_talks(1));
    MUST(bus_front[1].nr_begun == 1 && bus_back[1].nr_begun == 1);
    if (hostile == BUS_NOBODY_HOSTILE)
        check_slot_0();
    stop(0);
    stop(1);
    give_up();
    MUST(env_host_use(BUS_WORLD_BACK).mapped == 0);
    MUST(env_host_use(BUS_WORLD_BACK).ports == 1);
    MUST(env_host_use(BUS_WORLD_FRONT).in_use == 0);
    MUST(bus_front[1].bus.state == PARAPET_BUS_closed);
    MUST(bus_front[1].nr_parked == 0);
    if (hostile == BUS_NOBODY_HOSTILE) {
        MUST(env_host_use(BUS_WORLD_FRONT).lent == bus_front[0].nr_parked);
        MUST(env_host_use(BUS_WORLD_FRONT).ports == 1);
    }
}

void bus_world_explore(const uint8_t *data, size_t size)
{
    const uint8_t *end =
        data + (size < BUS_WORLD_BYTES ? size : BUS_WORLD_BYTES);

    if (size == 0)
        return;
    bus_world_begin((enum bus_hostile)(*data++ % 3));
    for (; end - data >= 3; data += 3) {
        unsigned int step = data[0] % NR_BUS_STEPS;
        /* States, and what looks like one, more often than any number. */
        uint32_t word = data[2] < 0x80 ? data[2] % 8u : data[2] * 0x01020304u;

        /* Most walks are not refused anything. */
        if (step != BUS_REFUSED || data[2] < 4)
            bus_world_step(step, data[1], word);
    }
    bus_world_end();
}
