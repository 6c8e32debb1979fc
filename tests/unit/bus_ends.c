/* SPDX-License-Identifier: MIT */
#include "tests/unit/bus_ends.h"

#include <string.h>

#include "abi/errors.h"
#include "pvdrivers/env.h"
#include "tests/unit/env_host.h"

static void hear(uint32_t port, void *context)
{
    (void)port;
    ++*(unsigned int *)context;
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
    port = env_port_alloc(BUS_WORLD_BACK, hear, &front->nr_heard);
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
    if (env_take_back(front->ref)) {
        memset(front->ring, 0xff, ENV_PAGE_SIZE); /* nobody writes there */
        env_page_free(front->ring);
    } else
        front->nr_parked++;
    front->phase = FRONT_HAS_NOTHING;
}

const struct bus_front_driver bus_ends_front = {want, begin_front, end_front,
                                                let_go};

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
    port = env_port_bind(BUS_WORLD_FRONT, wish->port, hear, &back->nr_heard);
    if (port < 0) {
        env_unmap(&loan, 1);
        return port;
    }
    back->begun = true;
    back->ring = loan.page;
    back->ring[1]++;
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
    back->ring[1]++;
    env_port_close(back->port);
    env_unmap(&loan, 1);
    back->begun = false;
}

static bool back_is_quiet(void *context)
{
    struct bus_world_back *back = context;

    MUST(env_host_is() == BUS_WORLD_BACK);
    MUST(back->begun);
    return !back->busy;
}

const struct bus_back_driver bus_ends_back = {begin_back, end_back,
                                              back_is_quiet};
