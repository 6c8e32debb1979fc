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

    env_port_mask(port);
    __atomic_store_n(&listener->told, true, __ATOMIC_RELEASE);
    env_bell_ring(listener->bell);
}

uint64_t listener_rest(struct listener *listener, uint32_t port, uint64_t now)
{
    if (__atomic_exchange_n(&listener->told, false, __ATOMIC_ACQ_REL)) {
        uint64_t delay = 0;

        listener->nr_idle = listener->worked ? 0 : listener->nr_idle + 1;
        if (listener->nr_idle > 0)
            delay = LISTEN_DELAY_NS << MIN(listener->nr_idle - 1, 20u);
        listener->unmask_at = now + MIN(delay, LISTEN_MAX_DELAY_NS);
        listener->worked = false;
        listener->masked = true;
    }
    if (!listener->masked)
        return ENV_FOREVER;
    if (now < listener->unmask_at)
        return listener->unmask_at;
    listener->masked = false;
    env_port_unmask(port);
    return ENV_FOREVER;
}
