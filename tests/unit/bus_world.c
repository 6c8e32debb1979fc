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

#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,         \
                    #condition);                                               \
            abort();                                                           \
        }                                                                      \
    } while (0)

struct parapet_bus_page *bus_page;
struct bus_world_front bus_front[2];
struct bus_world_back bus_back[2];

static enum bus_hostile hostile;
static bool was_refused;
static unsigned int nr_begins;
static uint32_t front_bus_port, back_bus_port;
static struct env_loan stolen; /* by a hostile back-end */
static unsigned int nr_heard[2][2];
static bool told[2][2]; /* of each slot: an end is to look */

static void hear(uint32_t port, void *context)
{
    (void)port;
    ++*(unsigned int *)context;
}

/* The page's port: which slot it is about is not told. */
static void hear_bus(uint32_t port, void *context)
{
    (void)port;
    (void)context;
    told[0][env_host_is()] = true;
    told[1][env_host_is()] = true;
}

/* ---- the front-end's driver ---- */

static int want(void *context, const struct bus_device *device,
                struct bus_wish *wish)
{
    struct bus_world_front *front = context;
    int ref, port;

    MUST(env_host_is() == BUS_WORLD_FRONT);
    MUST(front->phase == FRONT_HAS_NOTHING);
    MUST(device->kind == BUS_WORLD_KIND);
    front->ring = env_page_alloc();
    if (!front->ring)
        return -PARAPET_ENOMEM;
    ref = env_lend(BUS_WORLD_BACK, front->ring, false);
    if (ref < 0) {
        env_page_free(front->ring);
        return ref;
    }
    port = env_port_alloc(BUS_WORLD_BACK, hear,
                          &nr_heard[front - bus_front][BUS_WORLD_FRONT]);
    if (port < 0) {
        MUST(env_take_back((uint32_t)ref));
        env_page_free(front->ring);
        return port;
    }
    wish->ring = front->ref = (uint32_t)ref;
    wish->port = front->port = (uint32_t)port;
    wish->parameters[3] = 33;
    front->phase = FRONT_LENDS;
    return 0;
}

/* A device has its own index as a parameter, and 44 once it is connected. */
static int begin_front(void *context, const struct bus_device *device)
{
    struct bus_world_front *front = context;

    MUST(front->phase == FRONT_LENDS);
    front->phase = FRONT_BEGUN;
    if (device->parameters[0] != device->index || device->parameters[1] != 44)
        return -PARAPET_EINVAL;
    front->nr_begun++;
    return 0;
}

static void end_front(void *context)
{
    struct bus_world_front *front = context;

    MUST(front->phase == FRONT_BEGUN);
    front->phase = FRONT_ENDED;
}

static void let_go(void *context)
{
    struct bus_world_front *front = context;

    MUST(env_host_is() == BUS_WORLD_FRONT);
    MUST(front->phase == FRONT_LENDS || front->phase == FRONT_ENDED);
    env_port_close(front->port);
    if (env_take_back(front->ref))
        env_page_free(front->ring);
    else
        front->nr_parked++;
    front->phase = FRONT_HAS_NOTHING;
}

static const struct bus_front_driver front_driver = {want, begin_front,
                                                     end_front, let_go};

/* ---- the back-end's ---- */

static int begin_back(void *context, const struct bus_wish *wish,
                      struct bus_device *device)
{
    struct bus_world_back *back = context;
    struct env_loan loan = {.domain = BUS_WORLD_FRONT, .ref = wish->ring};
    int port;

    MUST(env_host_is() == BUS_WORLD_BACK);
    MUST(!back->begun);
    if (wish->parameters[3] != 33)
        return -PARAPET_EINVAL;
    env_map(&loan, 1);
    if (loan.status)
        return loan.status;
    port = env_port_bind(BUS_WORLD_FRONT, wish->port, hear,
                         &nr_heard[back - bus_back][BUS_WORLD_BACK]);
    if (port < 0) {
        env_unmap(&loan, 1);
        return port;
    }
    back->begun = true;
    back->ring = loan.page;
    back->ref = wish->ring;
    back->port = (uint32_t)port;
    back->nr_begun++;
    device->parameters[1] = 44;
    return 0;
}

static void end_back(void *context)
{
    struct bus_world_back *back = context;
    struct env_loan loan = {
        .domain = BUS_WORLD_FRONT, .ref = back->ref, .page = back->ring};

    MUST(env_host_is() == BUS_WORLD_BACK);
    MUST(back->begun);
    env_port_close(back->port);
    env_unmap(&loan, 1);
    back->begun = false;
}

static const struct bus_back_driver back_driver = {begin_back, end_back};

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
        MUST(state == PARAPET_BUS_closed);
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
        end_back(&bus_back[slot]);
}

static void new_back(unsigned int slot)
{
    struct bus_world_back *back = &bus_back[slot];

    back->bus = (struct bus_back){
        .slot = &bus_page->slots[slot],
        .driver = &back_driver,
        .context = back,
        .port = back_bus_port,
        .domain = BUS_WORLD_FRONT,
        .device = {BUS_WORLD_KIND, slot, {[0] = slot}},
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
        .driver = &front_driver,
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
    memset(nr_heard, 0, sizeof(nr_heard));
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
    if (state == PARAPET_BUS_wanted && want(front, &device, &wish) == 0) {
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

static void back_step(unsigned int step)
{
    if (step == BUS_BACK_LOOKS)
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
        if (hostile != BUS_BACK_HOSTILE)
            back_step(step);
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
    unsigned int heard = nr_heard[slot][BUS_WORLD_BACK];

    if (front->bus.state != PARAPET_BUS_connected ||
        back->bus.state != PARAPET_BUS_connected)
        return false;
    front->ring[7] = (uint8_t)(back->ring[7] + 1);
    MUST(front->ring == back->ring);
    env_host_be(BUS_WORLD_FRONT);
    env_port_send(front->port);
    MUST(nr_heard[slot][BUS_WORLD_BACK] == heard + 1);
    heard = nr_heard[slot][BUS_WORLD_FRONT];
    env_host_be(BUS_WORLD_BACK);
    env_port_send(back->port);
    MUST(nr_heard[slot][BUS_WORLD_FRONT] == heard + 1);
    return true;
}

/* Nobody is hostile: whoever is broken is so by a refusal. */
static void check_slot_0(void)
{
    const struct bus_front *front = &bus_front[0].bus;
    const struct bus_back *back = &bus_back[0].bus;

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
