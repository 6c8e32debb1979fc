/* SPDX-License-Identifier: MIT
 *
 * How a front-end and a back-end meet, and part: the walk of each through the
 * states of abi/bus_states.def. It owns the words of a slot; rings, and what
 * the parameters mean, are the drivers' own. docs/RINGS.md has the picture.
 *
 * An end looks (bus_front_look(), bus_back_look()) at its start, whenever the
 * page's port has an event, and after it was told to stop or to go on. All
 * calls for one end are made by one thread; its driver's functions are called
 * below them.
 *
 * What the other end wrote is believed nothing. A number that is no state, a
 * state in which it cannot be, an error of the driver's own functions: each
 * breaks this connection, once and for ever, says why, and leaves all others
 * alone.
 */
#ifndef PVDRIVERS_BUS_H
#define PVDRIVERS_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/bus.h"

/* A look makes so many moves at most, however fast the other end's are. */
#define BUS_MAX_MOVES 8

/* What a back-end says of its device. */
struct bus_device {
    uint32_t kind;
    uint32_t index;
    uint32_t life; /* of the back-end: for the front-end */
    uint32_t parameters[PARAPET_BUS_PARAMETERS];
};

/* What a front-end says, and by what it can be reached. */
struct bus_wish {
    uint32_t ring;
    uint32_t port;
    uint32_t parameters[PARAPET_BUS_PARAMETERS];
};

/* ---- the front-end ---- */

/*
 * The driver. Called in this order, again and again: want, begin, end, let_go;
 * let_go may follow want at once. An error (-PARAPET_E*) breaks the connection.
 */
#define BUS_NOT_NOW 1

struct bus_front_driver {
    /* Lends a ring and makes a port; nothing is left of them after an error.
     * BUS_NOT_NOW: this device is not wanted. The front-end stays closed, says
     * the wish's parameters, and wants to be asked at the next look. */
    int (*want)(void *context, const struct bus_device *device,
                struct bus_wish *wish);
    /* The back-end has both: requests may be put. BUS_NOT_NOW: another
     * device came after want. The front-end closes, and want is asked. */
    int (*begin)(void *context, const struct bus_device *device);
    /* No more requests. Those without an answer are done again after the next
     * begin, or failed. Called after an error of begin, too. */
    void (*end)(void *context);
    /* The back-end says that it has nothing any more. What it does have all the
     * same stays lent (env_take_back()), and is left alone. */
    void (*let_go)(void *context);
};

struct bus_front {
    struct parapet_bus_slot *slot;
    const struct bus_front_driver *driver;
    void *context;
    uint32_t port;  /* of the page */
    uint32_t kind;  /* the device that it wants */
    uint32_t index; /* of that kind */

    uint32_t state; /* what the slot says of this end; never read there */
    bool stops;
    bool broken;
    bool put_off;  /* want said BUS_NOT_NOW */
    bool has_ring; /* want was called, let_go not yet */
};

/* The fields before state are set. Looks, too: see bus_front_look(). */
int bus_front_begin(struct bus_front *front);

/*
 * Makes the moves that are due. 0: nothing to do until an event; 1: it stopped
 * after BUS_MAX_MOVES, look again soon; -PV_EIO: the connection is broken.
 */
int bus_front_look(struct bus_front *front);

/* To stop is done when the state is closed; then it may go on. Both look. */
int bus_front_stop(struct bus_front *front);
int bus_front_go_on(struct bus_front *front);

/* What the driver found wrong, in the ring or in the parameters. */
void bus_front_break(struct bus_front *front, const char *why);

/* ---- the back-end ---- */

/* The driver: begin and end follow each other; quiet is asked between. */
struct bus_back_driver {
    /* Maps the ring and binds the port; may change the device's parameters. An
     * error breaks the connection, and nothing is left of it then. */
    int (*begin)(void *context, const struct bus_wish *wish,
                 struct bus_device *device);
    /* Lets go of both, when no request is under way any more. */
    void (*end)(void *context);
    /* Whether it can end now. If not, it takes no more requests, and looks
     * (bus_back_look()) when none is under way. NULL: it always can. */
    bool (*quiet)(void *context);
};

struct bus_back {
    struct parapet_bus_slot *slot;
    const struct bus_back_driver *driver;
    void *context;
    uint32_t port;   /* of the page */
    uint32_t domain; /* of the front-end; for messages */
    struct bus_device device;

    uint32_t state;    /* what the slot says of this end; never read there */
    bool front_closes; /* it has said so to this end, which is connected yet */
    bool stops;
    bool broken;
};

/*
 * The fields before state are set. If there was a back-end here before, all
 * that it had of the front-end's domain has been let go.
 */
int bus_back_begin(struct bus_back *back);

/* As for the front-end. To stop is done when the state is closed: at once,
 * unless the driver is not quiet. So it is with a connection that broke. */
int bus_back_look(struct bus_back *back);
int bus_back_stop(struct bus_back *back);
int bus_back_go_on(struct bus_back *back);
void bus_back_break(struct bus_back *back, const char *why);

/* The device is taken away, not only its back-end, whose state is closed: the
 * slot is empty, until a back-end begins there. port is the page's. */
void bus_slot_empty(struct parapet_bus_slot *slot, uint32_t port);

static inline bool bus_slot_is_empty(const struct parapet_bus_slot *slot)
{
    return __atomic_load_n(&slot->back.kind, __ATOMIC_RELAXED) ==
           PARAPET_BUS_NO_DEVICE;
}

#endif
