/* SPDX-License-Identifier: MIT
 *
 * Contexts of io_setup(2): requests that are under way, and events that say
 * what has become of them. Knows no process; a process has a list of contexts,
 * which its threads share.
 *
 * A context outlives its process, without being found any more, while requests
 * are under way: a device has them, and nobody waits for it.
 */
#ifndef GUEST_KERNEL_PROC_AIO_H
#define GUEST_KERNEL_PROC_AIO_H

#include <stdint.h>

#include "guest-kernel/fs/file.h"
#include "lib/list.h"

struct aio;

/* Linux's struct io_event, in user memory. */
struct io_event {
    uint64_t data;   /* of the request, as the next one */
    uint64_t iocb;   /* where the program has it */
    int64_t result;  /* bytes, or a negative error number */
    int64_t result2; /* 0 */
};

/* How many requests one context may have; and contexts a process. */
#define AIO_MAX_REQUESTS 2048u
#define AIO_MAX_CONTEXTS 16u

/* What its done() gives back; `request` is filled in by the caller. */
struct aio_request {
    struct file_request request;
    struct aio *aio;
    uint64_t data;
    uint64_t iocb;
};

/* One that is found by id, for nr requests at once. 0, -EAGAIN or -ENOMEM. */
int64_t aio_create(struct list_node *contexts, uint64_t id, uint32_t nr);

/* By its id: counted, until aio_put(). NULL. */
struct aio *aio_get(struct list_node *contexts, uint64_t id);
void aio_put(struct aio *aio);

/* It is found no more, and whoever waits for events gives up. */
void aio_end(struct aio *aio);

/* Waits until none of its requests is under way. */
void aio_drain(struct aio *aio);

/* All of a process that ends, or runs another program. */
void aio_end_all(struct list_node *contexts);

/* A request whose event has a place: NULL if there is none (the events that
 * are not taken count), or no memory. aio_drop(): nothing comes of it. */
struct aio_request *aio_prepare(struct aio *aio);
void aio_drop(struct aio_request *request);

/* Its event is there. Any context. */
void aio_done(struct aio_request *request, int64_t result);

/* The first event, which stays until it is taken. NULL: there is none. */
const struct io_event *aio_first(const struct aio *aio);
void aio_take(struct aio *aio);

/* Sleeps until there are nr events, or as many as there can be. 0; -EINVAL: the
 * context has ended; or what wait_queue_sleep_until() says. */
int64_t aio_wait(struct aio *aio, uint64_t nr, uint64_t deadline_ns);

#endif
