/* SPDX-License-Identifier: MIT
 *
 * See bus.h. tests/models/bus.pml has both ends, step by step.
 */
#include "pvdrivers/bus.h"

#include "pvdrivers/env.h"
#include "pvdrivers/error.h"

/* In the order of the code, as on x86 all loads are, and all stores. */
static uint32_t read_word(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void write_word(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/*
 * Sequentially consistent, both: an end writes its state and then looks at the
 * other's, and of two that do so at once one must see the other. (On x86 the
 * store is an exchange; a plain one could be seen after the later load.) So are
 * the words before a state seen with it, too.
 */
static uint32_t look_at(const uint32_t *state)
{
    return __atomic_load_n(state, __ATOMIC_SEQ_CST);
}

static void say(uint32_t *word, uint32_t state, uint32_t port)
{
    __atomic_store_n(word, state, __ATOMIC_SEQ_CST);
    env_port_send(port);
}

static void copy_in(uint32_t *own, const uint32_t *shared)
{
    for (unsigned int i = 0; i < PARAPET_BUS_PARAMETERS; i++)
        own[i] = read_word(&shared[i]);
}

static void copy_out(uint32_t *shared, const uint32_t *own)
{
    for (unsigned int i = 0; i < PARAPET_BUS_PARAMETERS; i++)
        write_word(&shared[i], own[i]);
}

/* ---- the front-end ---- */

static void front_say(struct bus_front *front, uint32_t state)
{
    front->state = state;
    say(&front->slot->front.state, state, front->port);
}

void bus_front_break(struct bus_front *front, const char *why)
{
    if (front->broken)
        return;
    front->broken = true;
    env_say("bus: device %u of kind %#x is broken: %s", front->index,
            front->kind, why);
    if (front->state == PARAPET_BUS_connected)
        front->driver->end(front->context);
    if (front->state == PARAPET_BUS_connected ||
        front->state == PARAPET_BUS_wanted)
        front_say(front, PARAPET_BUS_closing);
}

/*
 * What one back-end says, which is in that state; false: it is to look again,
 * or is broken. Another one may begin meanwhile: abi/bus.h says what life is
 * for.
 */
static bool front_reads_device(struct bus_front *front, uint32_t state,
                               struct bus_device *device)
{
    const struct parapet_bus_back *shared = &front->slot->back;
    uint32_t life = read_word(&shared->life);

    if (read_word(&shared->state) != state)
        return false;
    device->kind = read_word(&shared->kind);
    device->index = read_word(&shared->index);
    device->life = life;
    copy_in(device->parameters, shared->parameters);
    if (read_word(&shared->life) != life)
        return false;
    if (device->kind == front->kind && device->index == front->index)
        return true;
    bus_front_break(front, "it has become another one");
    return false;
}

/* False: it does not come to that. */
static bool front_wants(struct bus_front *front)
{
    struct parapet_bus_front *shared = &front->slot->front;
    struct bus_device device;
    struct bus_wish wish = {.ring = 0};
    int result;

    if (!front_reads_device(front, PARAPET_BUS_offered, &device))
        return false;
    result = front->driver->want(front->context, &device, &wish);
    if (result < 0) {
        bus_front_break(front, "no ring can be made");
        return false;
    }
    copy_out(shared->parameters, wish.parameters);
    front->put_off = result == BUS_NOT_NOW;
    if (front->put_off) {
        env_port_send(front->port);
        return false;
    }
    front->has_ring = true;
    write_word(&shared->ring, wish.ring);
    write_word(&shared->port, wish.port);
    return true;
}

static bool front_begins(struct bus_front *front)
{
    struct bus_device device;
    int result;

    if (!front_reads_device(front, PARAPET_BUS_connected, &device))
        return false;
    result = front->driver->begin(front->context, &device);
    if (result == 0)
        return true;
    if (result == BUS_NOT_NOW) {
        front_say(front, PARAPET_BUS_closing);
        return false;
    }
    front->driver->end(front->context);
    bus_front_break(front, "its parameters are refused");
    return false;
}

static void front_lets_go(struct bus_front *front)
{
    if (front->has_ring)
        front->driver->let_go(front->context);
    front->has_ring = false;
}

/* Where it would go; the list says whether it may. */
static uint32_t front_goal(const struct bus_front *front, uint32_t seen)
{
    bool stops = front->stops || front->broken;

    switch (front->state) {
    case PARAPET_BUS_closed:
        return stops ? PARAPET_BUS_closed : PARAPET_BUS_wanted;
    case PARAPET_BUS_wanted:
        return stops ? PARAPET_BUS_closing : PARAPET_BUS_connected;
    case PARAPET_BUS_connected:
        return stops || seen != PARAPET_BUS_connected ? PARAPET_BUS_closing
                                                      : PARAPET_BUS_connected;
    default:
        return PARAPET_BUS_closed;
    }
}

static void front_moves(struct bus_front *front, uint32_t to)
{
    if (front->state == PARAPET_BUS_connected)
        front->driver->end(front->context);
    if (to == PARAPET_BUS_closed)
        front_lets_go(front);
    if (to == PARAPET_BUS_wanted && !front_wants(front))
        return;
    if (to == PARAPET_BUS_connected && !front_begins(front))
        return;
    front_say(front, to);
}

int bus_front_look(struct bus_front *front)
{
    front->put_off = false;
    for (unsigned int i = 0; i < BUS_MAX_MOVES; i++) {
        uint32_t seen = look_at(&front->slot->back.state);
        uint32_t to;

        if (!parapet_bus_sees(PARAPET_BUS_front, front->state, seen))
            bus_front_break(front, "the back-end is in no state that can be");
        to = front_goal(front, seen);
        if (to == front->state ||
            !parapet_bus_may(PARAPET_BUS_front, front->state, seen, to))
            return front->broken ? -PV_EIO : 0;
        front_moves(front, to);
        if (front->put_off)
            return 0;
    }
    return 1;
}

int bus_front_begin(struct bus_front *front)
{
    front->stops = false;
    front->broken = false;
    front->has_ring = false;
    front_say(front, PARAPET_BUS_closing);
    return bus_front_look(front);
}

int bus_front_stop(struct bus_front *front)
{
    front->stops = true;
    return bus_front_look(front);
}

int bus_front_go_on(struct bus_front *front)
{
    front->stops = false;
    return bus_front_look(front);
}

/* ---- the back-end ---- */

static void back_say(struct bus_back *back, uint32_t state)
{
    back->state = state;
    back->front_closes = false;
    say(&back->slot->back.state, state, back->port);
}

/* False: not yet. */
static bool back_ends(struct bus_back *back)
{
    if (back->state != PARAPET_BUS_connected)
        return true;
    if (back->driver->quiet && !back->driver->quiet(back->context))
        return false;
    back->driver->end(back->context);
    return true;
}

static void back_is_broken(struct bus_back *back)
{
    if (back->state != PARAPET_BUS_closed && back_ends(back))
        back_say(back, PARAPET_BUS_closed);
}

void bus_back_break(struct bus_back *back, const char *why)
{
    if (back->broken)
        return;
    back->broken = true;
    env_say("bus: device %u of kind %#x of domain %u is broken: %s",
            back->device.index, back->device.kind, back->domain, why);
    back_is_broken(back);
}

/* False: it is broken. */
static bool back_begins(struct bus_back *back)
{
    const struct parapet_bus_front *shared = &back->slot->front;
    struct bus_wish wish = {.ring = read_word(&shared->ring),
                            .port = read_word(&shared->port)};

    copy_in(wish.parameters, shared->parameters);
    if (back->driver->begin(back->context, &wish, &back->device)) {
        bus_back_break(back, "its ring or port cannot be had");
        return false;
    }
    copy_out(back->slot->back.parameters, back->device.parameters);
    return true;
}

static uint32_t back_goal(const struct bus_back *back, uint32_t seen)
{
    if (back->stops)
        return PARAPET_BUS_closed;
    switch (back->state) {
    case PARAPET_BUS_offered:
        return seen == PARAPET_BUS_closing ? PARAPET_BUS_closing
                                           : PARAPET_BUS_connected;
    case PARAPET_BUS_connected:
        return PARAPET_BUS_closing;
    default:
        return PARAPET_BUS_offered;
    }
}

/* False: it cannot yet, or is broken. */
static bool back_moves(struct bus_back *back, uint32_t to)
{
    if (!back_ends(back) || (to == PARAPET_BUS_connected && !back_begins(back)))
        return false;
    back_say(back, to);
    return true;
}

/* Who has said closing waits for the answer, and says nothing else before. */
static bool back_sees(struct bus_back *back, uint32_t seen)
{
    if (back->front_closes && seen != PARAPET_BUS_closing)
        return false;
    back->front_closes =
        back->state == PARAPET_BUS_connected && seen == PARAPET_BUS_closing;
    return parapet_bus_sees(PARAPET_BUS_back, back->state, seen);
}

int bus_back_look(struct bus_back *back)
{
    for (unsigned int i = 0; i < BUS_MAX_MOVES; i++) {
        uint32_t seen = look_at(&back->slot->front.state);
        uint32_t to;

        if (!back_sees(back, seen))
            bus_back_break(back, "the front-end is in no state that can be");
        if (back->broken) {
            back_is_broken(back);
            return -PV_EIO;
        }
        to = back_goal(back, seen);
        if (to == back->state ||
            !parapet_bus_may(PARAPET_BUS_back, back->state, seen, to))
            return 0;
        if (!back_moves(back, to))
            return back->broken ? -PV_EIO : 0;
    }
    return 1;
}

int bus_back_begin(struct bus_back *back)
{
    struct parapet_bus_back *shared = &back->slot->back;

    back->stops = false;
    back->broken = false;
    back_say(back, PARAPET_BUS_closed);
    /* The only word of its own that it reads. Whatever the front-end has
     * written there, what it sees next is another number. */
    write_word(&shared->life, read_word(&shared->life) + 1);
    write_word(&shared->kind, back->device.kind);
    write_word(&shared->index, back->device.index);
    copy_out(shared->parameters, back->device.parameters);
    return bus_back_look(back);
}

int bus_back_stop(struct bus_back *back)
{
    back->stops = true;
    return bus_back_look(back);
}

int bus_back_go_on(struct bus_back *back)
{
    back->stops = false;
    return bus_back_look(back);
}

void bus_slot_empty(struct parapet_bus_slot *slot, uint32_t port)
{
    write_word(&slot->back.kind, PARAPET_BUS_NO_DEVICE);
    env_port_send(port);
}
