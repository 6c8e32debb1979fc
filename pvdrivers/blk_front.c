/* SPDX-License-Identifier: MIT
 *
 * A disk's front-end at its slot of the bus, and what it has for that. See
 * blk_front.h.
 */
#include "pvdrivers/blk_front_parts.h"

#include "abi/errors.h"
#include "lib/macros.h"
#include "pvdrivers/env.h"
#include "pvdrivers/error.h"

/* Who has fewer entries cannot lend the longest request. */
#define LEAST_ENTRIES 64u

_Static_assert(LEAST_ENTRIES >= PARAPET_BLK_SEGMENTS,
               "the longest request finds room");

/* ---- the bus ---- */

static void on_event(uint32_t port, void *context)
{
    struct blk_front *front = context;

    (void)port;
    front->user->event(front->context);
}

/* The first nr pages. One that is in use stays as it is. */
static void give_back_pages(struct blk_front *front, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        if (env_take_back(front->refs[i]))
            env_page_free(front->pages[i]);
}

static int lend_page(struct blk_front *front, unsigned int i)
{
    int ref;

    front->pages[i] = env_page_alloc();
    if (!front->pages[i])
        return -PARAPET_ENOMEM;
    ref = env_lend(front->domain, front->pages[i], false);
    if (ref < 0)
        env_page_free(front->pages[i]);
    front->refs[i] = (uint32_t)ref;
    return ref < 0 ? ref : 0;
}

static int want(void *context, const struct bus_device *device,
                struct bus_wish *wish)
{
    struct blk_front *front = context;
    unsigned int nr = 0;
    int error = 0, port;

    (void)device;
    while (nr < ARRAY_SIZE(front->pages) && error == 0) {
        error = lend_page(front, nr);
        if (error == 0)
            nr++;
    }
    port = error ? error : env_port_alloc(front->domain, on_event, front);
    if (port < 0) {
        give_back_pages(front, nr);
        return port;
    }
    front->port = (uint32_t)port;
    ring_front_init(&front->ring, front->pages[0],
                    sizeof(struct parapet_blk_request));
    wish->ring = front->refs[0];
    wish->port = front->port;
    wish->parameters[PARAPET_BLK_FRONT_VERSION] = PARAPET_BLK_VERSION;
    for (unsigned int i = 0; i < PARAPET_BLK_LIST_PAGES; i++)
        wish->parameters[PARAPET_BLK_FRONT_LISTS + i] = front->refs[1 + i];
    return 0;
}

static bool is_same(const struct blk_disk *disk, const struct blk_disk *other)
{
    return disk->nr_sectors == other->nr_sectors &&
           disk->block_size == other->block_size && disk->most == other->most &&
           disk->max_discard == other->max_discard &&
           disk->read_only == other->read_only &&
           disk->can_flush == other->can_flush &&
           disk->can_discard == other->can_discard;
}

static int begin(void *context, const struct bus_device *device)
{
    struct blk_front *front = context;
    struct blk_disk disk;

    if (!blk_disk_understand(&disk, device->parameters) ||
        (front->has_disk && !is_same(&disk, &front->disk)))
        return -PARAPET_EINVAL;
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
    give_back_pages(front, ARRAY_SIZE(front->pages));
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
    uint32_t nr = BLK_FRONT_ENTRIES;
    int ref = env_lend_reserve(nr, &front->entries);

    while (ref < 0 && nr > LEAST_ENTRIES) {
        nr /= 2;
        ref = env_lend_reserve(nr, &front->entries);
    }
    if (ref < 0)
        return ref;
    front->first_ref = (uint32_t)ref;
    front->nr_entries = front->nr_free_entries = nr;
    for (uint32_t i = 0; i < nr; i++)
        front->free_entries[i] = (uint16_t)(nr - 1 - i);
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
    env_lend_unreserve(front->first_ref, front->nr_entries);
    return 0;
}
