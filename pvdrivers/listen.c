/* SPDX-License-Identifier: MIT
 *
 * See listen.h.
 */
#include "pvdrivers/listen.h"

#include "lib/macros.h"
#include "pvdrivers/env.h"

void listener_init(struct listener *listener, struct env_bell *bell)
{
    *listener = (struct listener){.bell = bell, .worked = true};
}

void listener_hear(uint32_t port, void *context)
{
    struct listener *listener = context;

    if (__atomic_load_n(&listener->told, __ATOMIC_RELAXED) > 0) {
        /* Told last: who serves after that unmasks it. */
        env_port_mask(port);
        __atomic_store_n(&listener->told, 2, __ATOMIC_RELEASE);
    } else {
        __atomic_store_n(&listener->told, 1, __ATOMIC_RELEASE);
    }
    env_bell_ring(listener->bell);
}

/* When to unmask: the clock is looked at only if that is not at once. */
static void set_time(struct listener *listener, uint32_t port)
{
    uint64_t delay;

    listener->nr_idle = listener->worked ? 0 : listener->nr_idle + 1;
    listener->worked = false;
    listener->unmask_at = 0;
    if (listener->nr_idle == 0)
        return;
    delay = LISTEN_DELAY_NS << MIN(listener->nr_idle - 1, 20u);
    listener->unmask_at = env_now() + MIN(delay, LISTEN_MAX_DELAY_NS);
    listener->masked = true;
    env_port_mask(port);
}

/* Of events that come meanwhile, the first is told the next time. */
static void hear_all(struct listener *listener, uint32_t port)
{
    uint32_t told = __atomic_exchange_n(&listener->told, 0, __ATOMIC_ACQ_REL);

    listener->masked |= told > 1;
    if (told > 0)
        set_time(listener, port);
}

uint64_t listener_rest(struct listener *listener, uint32_t port)
{
    if (__atomic_load_n(&listener->told, __ATOMIC_RELAXED) > 0)
        hear_all(listener, port);
    if (!listener->masked)
        return ENV_FOREVER;
    if (listener->unmask_at > 0 && env_now() < listener->unmask_at)
        return listener->unmask_at;
    listener->masked = false;
    env_port_unmask(port);
    return ENV_FOREVER;
}
