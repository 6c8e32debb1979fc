/* SPDX-License-Identifier: MIT
 *
 * A disk's front-end at its slot of the bus, and what it has for that. See
 * blk_front.h.
 */
#include "pvdrivers/blk_front_parts.h"

#include "abi/errors.h"
#include "pvdrivers/env.h"
#include "pvdrivers/error.h"

/* ---- the bus ---- */

static void on_event(uint32_t port, void *context)
{
    struct blk_front *front = context;

    (void)port;
    front->nr_heard++;
    front->user->event(front->context);
}

/* A page that is in use stays as it is. */
static void give_back_ring(struct blk_front *front)
{
    if (env_take_back(front->ref))
        env_page_free(front->page);
}

/* 0 or the error. */
static int lend_ring(struct blk_front *front)
{
    int ref;

    front->page = env_page_alloc();
    if (!front->page)
        return -PARAPET_ENOMEM;
    ref = env_lend(front->domain, front->page, false);
    if (ref < 0) {
        env_page_free(front->page);
        return ref;
    }
    front->ref = (uint32_t)ref;
    ring_front_init(&front->ring, front->page,
                    sizeof(struct parapet_blk_request));
    return 0;
}

/* False: it is not the disk that there was, and that one is in use. */
static bool takes(struct blk_front *front, const struct bus_device *device)
{
    struct blk_disk disk;

    /* What cannot be is begin()'s. */
    if (!front->has_disk || !blk_disk_understand(&disk, device->parameters) ||
        blk_disk_is_same(&disk, &front->disk))
        return true;
    if (front->nr_free != PARAPET_BLK_REQUESTS || !front->user->replace ||
        !front->user->replace(front->context, &disk))
        return false;
    front->disk = disk;
    return true;
}

static int want(void *context, const struct bus_device *device,
                struct bus_wish *wish)
{
    struct blk_front *front = context;
    int port;

    if (!takes(front, device)) {
        wish->parameters[PARAPET_BLK_FRONT_REFUSES] = device->life;
        return BUS_NOT_NOW;
    }
    port = lend_ring(front);
    if (port < 0)
        return port;
    port = env_port_alloc(front->domain, on_event, front);
    if (port < 0) {
        give_back_ring(front);
        return port;
    }
    front->port = (uint32_t)port;
    front->wants_life = device->life;
    wish->ring = front->ref;
    wish->port = front->port;
    wish->parameters[PARAPET_BLK_FRONT_VERSION] = PARAPET_BLK_VERSION;
    return 0;
}

static int begin(void *context, const struct bus_device *device)
{
    struct blk_front *front = context;
    struct blk_disk disk;

    if (!blk_disk_understand(&disk, device->parameters))
        return -PARAPET_EINVAL;
    if (front->has_disk && !blk_disk_is_same(&disk, &front->disk))
        return device->life == front->wants_life ? -PARAPET_EINVAL
                                                 : BUS_NOT_NOW;
    front->disk = disk;
    front->has_disk = true;
    front->is_connected = true;
    blk_front_put_again(front);
    blk_front_kick(front);
    front->user->ready(front->context, &front->disk);
    blk_front_tell_room(front);
    return 0;
}

static void end(void *context)
{
    struct blk_front *front = context;

    front->is_connected = false;
}

static void let_go(void *context)
{
    struct blk_front *front = context;

    env_port_close(front->port);
    give_back_ring(front);
}

static const struct bus_front_driver driver = {want, begin, end, let_go};

/* ---- the owner's calls ---- */

static int settle(struct blk_front *front, int result)
{
    if (front->bus.broken) {
        blk_front_fail(front);
        blk_front_tell_room(front);
    }
    return result;
}

static int reserve(struct blk_front *front)
{
    uint32_t nr = BLK_FRONT_GROUPS;
    int ref = env_lend_reserve(nr * BLK_FRONT_GROUP, &front->entries);

    while (ref < 0 && nr > 1) {
        nr /= 2;
        ref = env_lend_reserve(nr * BLK_FRONT_GROUP, &front->entries);
    }
    if (ref < 0)
        return ref;
    front->first_ref = (uint32_t)ref;
    front->nr_groups = nr;
    for (uint32_t i = 0; i < nr; i++)
        front->free_entries[i] = ~0ull;
    return 0;
}

int blk_front_begin(struct blk_front *front)
{
    int error = reserve(front);

    if (error)
        return error;
    for (uint32_t id = 0; id < PARAPET_BLK_REQUESTS; id++) {
        front->slots[id].is_taken = false;
        front->free[id] = (uint8_t)(PARAPET_BLK_REQUESTS - 1 - id);
    }
    front->nr_free = PARAPET_BLK_REQUESTS;
    front->is_connected = front->has_disk = front->wants_room = false;
    front->bus.driver = &driver;
    front->bus.context = front;
    front->bus.kind = PARAPET_BUS_BLK;
    return settle(front, bus_front_begin(&front->bus));
}

int blk_front_look(struct blk_front *front)
{
    return settle(front, bus_front_look(&front->bus));
}

int blk_front_stop(struct blk_front *front)
{
    return settle(front, bus_front_stop(&front->bus));
}

int blk_front_go_on(struct blk_front *front)
{
    return settle(front, bus_front_go_on(&front->bus));
}

int blk_front_end(struct blk_front *front)
{
    if (front->bus.state != PARAPET_BUS_closed)
        return -PARAPET_EBUSY;
    front->bus.broken = true;
    blk_front_fail(front);
    if (front->nr_free != PARAPET_BLK_REQUESTS)
        return -PARAPET_EBUSY;
    env_lend_unreserve(front->first_ref, front->nr_groups * BLK_FRONT_GROUP);
    return 0;
}
