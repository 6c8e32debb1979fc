/* SPDX-License-Identifier: MIT
 *
 * How a back-end listens to its port. An event rings the bell; a second one
 * before it was served masks the port, and what serves unmasks it when there is
 * nothing left to do. So a domain that is at work sends few events, and costs
 * no call for the mask; one that floods has its port masked; and one that sends
 * events for nothing is heard more and more rarely.
 */
#ifndef PVDRIVERS_LISTEN_H
#define PVDRIVERS_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

struct env_bell;

/* Events for nothing: the first is heard so much later, each one in a row twice
 * as late as the last, and the most is reached after some. */
#define LISTEN_DELAY_NS 50000ull
#define LISTEN_MAX_DELAY_NS 50000000ull

struct listener {
    struct env_bell *bell;
    uint64_t unmask_at;   /* 0: at once */
    unsigned int nr_idle; /* events for nothing, one after the other */
    bool worked;          /* since the last event: who serves sets it */
    bool masked;
    uint32_t told; /* atomic: events; from the second on the port is masked */
};

/* The first event, that of the binding, is not for nothing. */
void listener_init(struct listener *listener, struct env_bell *bell);

/* The handler of the port (env_handler_t), whose context is the listener. */
void listener_hear(uint32_t port, void *context);

/* There is nothing to do, and the events are asked for: unmasks the port, or
 * says when to come again for that. ENV_FOREVER: the bell will ring. */
uint64_t listener_rest(struct listener *listener, uint32_t port);

#endif
