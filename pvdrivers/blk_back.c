/* SPDX-License-Identifier: MIT
 *
 * A disk's back-end at its slot of the bus, and the round of its requests. See
 * blk_back.h.
 */
#include "pvdrivers/blk_back_parts.h"

#include "abi/errors.h"
#include "lib/macros.h"
#include "pvdrivers/error.h"

/* ---- requests that are done ---- */

void blk_back_answer(struct blk_back *back, struct blk_back_request *request,
                     int status)
{
    struct parapet_blk_response response = {request->id, status};

    /* There is room for each that was taken, unless the ring is broken. */
    (void)ring_back_put(&back->ring, &response, sizeof(response));
    back->nr_held -= request->nr_held;
    request->next = back->free;
    back->free = request;
}

void blk_back_done(struct blk_store_request *store, int status)
{
    struct blk_back_request *request =
        container_of(store, struct blk_back_request, store);
    struct blk_back *back = request->back;
    /* After the exchange it may be gone; its bell stays. */
    struct env_bell *bell = back->bell;
    struct blk_back_request *first =
        __atomic_load_n(&back->done, __ATOMIC_RELAXED);

    request->status = status;
    do {
        request->next = first;
    } while (!__atomic_compare_exchange_n(&back->done, &first, request, false,
                                          __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    if (!first)
        env_bell_ring(bell);
}

static void answer_done(struct blk_back *back)
{
    struct blk_back_request *request;

    if (!__atomic_load_n(&back->done, __ATOMIC_RELAXED))
        return;
    request = __atomic_exchange_n(&back->done, NULL, __ATOMIC_ACQUIRE);
    back->listener.worked = true;
    blk_back_release(back, request);
    while (request) {
        struct blk_back_request *next = request->next;

        back->nr_under_way--;
        blk_back_answer(back, request, request->status);
        request = next;
    }
}

/* ---- the bus ---- */

static int begin(void *context, const struct bus_wish *wish,
                 struct bus_device *device)
{
    struct blk_back *back = context;
    int port;

    (void)device;
    if (wish->parameters[PARAPET_BLK_FRONT_VERSION] != PARAPET_BLK_VERSION)
        return -PARAPET_EINVAL;
    back->loan =
        (struct env_loan){.domain = back->bus.domain, .ref = wish->ring};
    env_map(&back->loan, 1);
    if (back->loan.status != 0)
        return back->loan.status;
    listener_init(&back->listener, back->bell);
    port = env_port_bind(back->bus.domain, wish->port, listener_hear,
                         &back->listener);
    if (port < 0) {
        env_unmap(&back->loan, 1);
        return port;
    }
    back->port = (uint32_t)port;
    ring_back_init(&back->ring, back->loan.page,
                   sizeof(struct parapet_blk_request));
    back->ends = false;
    back->has_met = true;
    back->nr_refused = 0;
    return 0;
}

/* What was taken and not begun is not answered: the front-end puts it again. */
static bool quiet(void *context)
{
    struct blk_back *back = context;

    while (back->to_begin.first) {
        struct blk_back_request *request = blk_back_list_take(&back->to_begin);

        back->nr_held -= request->nr_held;
        request->next = back->free;
        back->free = request;
    }
    back->ends = true;
    return back->nr_under_way == 0;
}

static void end(void *context)
{
    struct blk_back *back = context;

    env_port_close(back->port);
    env_unmap(&back->loan, 1);
    /* Nothing of it is left to be served. */
    back->ends = false;
    listener_init(&back->listener, back->bell);
}

static const struct bus_back_driver driver = {begin, end, quiet};

/* ---- to serve ---- */

static void break_it(struct blk_back *back)
{
    bus_back_break(&back->bus, "its ring's words cannot be true");
}

/* No request is under way any more: it may end now. */
static uint64_t end_quietly(struct blk_back *back)
{
    if (back->nr_under_way == 0)
        (void)blk_back_look(back);
    return back->looks_again ? 0 : ENV_FOREVER;
}

/* All was done that could be; when is there more? */
static uint64_t rest(struct blk_back *back, uint64_t next)
{
    uint64_t heard;

    if (back->nr_held + PARAPET_BLK_PARTS <= BLK_BACK_HELD) {
        int found = ring_back_wait(&back->ring);

        if (found == 1)
            return 0;
        if (found < 0) {
            break_it(back);
            return end_quietly(back);
        }
    }
    heard = listener_rest(&back->listener, back->port);
    return MIN(next, heard);
}

/* Requests that are there, from the ring to the store. When there is more, or
 * -PV_EIO in *error. */
static uint64_t serve_requests(struct blk_back *back, int *error)
{
    uint64_t next = ENV_FOREVER;

    *error = ring_back_has(&back->ring);
    if (*error > 0)
        *error = blk_back_take(back);
    if (back->to_begin.first) {
        next =
            back->store->ops->page ? blk_back_copy(back) : blk_back_hold(back);
        if (back->store->ops->rest)
            back->store->ops->rest(back->store);
        answer_done(back);
    }
    return next;
}

uint64_t blk_back_serve(struct blk_back *back)
{
    uint64_t next = ENV_FOREVER;
    int error = 0;

    if (back->looks_again)
        (void)blk_back_look(back);
    if (back->bus.state != PARAPET_BUS_connected)
        return back->looks_again ? 0 : ENV_FOREVER;
    answer_done(back);
    if (!back->ends)
        next = serve_requests(back, &error);
    if (ring_back_push(&back->ring))
        env_port_send(back->port);
    if (error < 0)
        break_it(back);
    return back->ends ? end_quietly(back) : rest(back, next);
}

/* ---- the owner's calls ---- */

static int looked(struct blk_back *back, int result)
{
    back->looks_again = result == 1;
    return result;
}

int blk_back_look(struct blk_back *back)
{
    return looked(back, bus_back_look(&back->bus));
}

int blk_back_stop(struct blk_back *back)
{
    return looked(back, bus_back_stop(&back->bus));
}

/* Each page has so many requests. False: there is none. */
static bool make_requests(struct blk_back *back)
{
    back->free = NULL;
    for (unsigned int i = 0; i < ARRAY_SIZE(back->pages); i++) {
        struct blk_back_request *requests = env_page_alloc();

        back->pages[i] = requests;
        if (!requests)
            return false;
        for (unsigned int k = 0; k < BLK_BACK_PER_PAGE; k++) {
            requests[k].back = back;
            requests[k].store.request.segments = requests[k].segments;
            requests[k].next = back->free;
            back->free = &requests[k];
        }
    }
    return true;
}

void blk_back_end(struct blk_back *back)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(back->pages) && back->pages[i]; i++)
        env_page_free(back->pages[i]);
    back->pages[0] = NULL;
}

int blk_back_begin(struct blk_back *back)
{
    if (!make_requests(back)) {
        blk_back_end(back);
        return -PARAPET_ENOMEM;
    }
    back->ends = false;
    back->nr_under_way = back->nr_held = 0;
    back->done = NULL;
    blk_back_list_init(&back->to_begin);
    back->bus.driver = &driver;
    back->bus.context = back;
    back->bus.device.kind = PARAPET_BUS_BLK;
    blk_disk_tell(&back->store->disk, back->bus.device.parameters);
    return looked(back, bus_back_begin(&back->bus));
}
