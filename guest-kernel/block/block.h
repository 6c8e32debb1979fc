/* SPDX-License-Identifier: MIT
 *
 * Block devices: disks by name, and requests to them. A driver registers its
 * device; whoever reads or writes it submits requests and is told when each is
 * done. What a request transfers is named by machine addresses, so that a
 * device can reach it, a front-end can lend it, and a back-end can pass on what
 * it holds. Nothing here knows files, partitions or a particular driver.
 *
 * A request belongs to its owner, who keeps it and its memory where they are
 * until it is done. Several can be under way, and end in any order. A flush
 * covers the writes that were done when it was submitted.
 */
#ifndef GUEST_KERNEL_BLOCK_BLOCK_H
#define GUEST_KERNEL_BLOCK_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/thread/wait.h"
#include "lib/list.h"

/* What sectors are counted in, whatever the device's own blocks are. */
#define BLOCK_SECTOR 512u

/* The status of a request that is not done. */
#define BLOCK_UNDER_WAY 1

enum block_operation {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,
    BLOCK_DISCARD,
};

/* Memory inside one page: a multiple of the device's block_size. */
struct block_segment {
    uint64_t maddr;
    uint32_t size;
};

struct block_request {
    /* The owner's before and after; the driver's, or the queue's, between. */
    struct list_node node;
    enum block_operation operation;
    uint32_t nr_sectors; /* of a discard; block_submit() counts the others' */
    uint64_t sector;     /* the first one */
    const struct block_segment *segments; /* of a read or a write */
    unsigned int nr_segments;
    /*
     * Called when it is done, interrupts disabled, often by an interrupt
     * handler; also by block_submit() itself, if it refuses. The request is
     * the owner's again. NULL: block_wait() will be called.
     */
    void (*done)(struct block_request *request);
    int64_t status; /* 0, a negative error number, or BLOCK_UNDER_WAY */
    void *context;  /* the owner's */
    struct wait_queue waiters; /* block_wait()'s */
};

struct block_device;

/* A driver's. All are called with interrupts disabled and do not sleep. */
struct block_device_ops {
    /* Takes a request that has been checked; the device need not hear of it
     * yet, and it is not done before this returns. False: no room; the driver
     * calls block_has_room() later. */
    bool (*submit)(struct block_device *device, struct block_request *request);
    /* Tells the device of all that was taken. */
    void (*kick)(struct block_device *device);
    /* No file has it open any more. NULL: that is nothing to the driver. */
    void (*unused)(struct block_device *device);
    /* block_kick_quietly() and block_rest(); both or none. */
    void (*kick_quietly)(struct block_device *device);
    void (*rest)(struct block_device *device);
};

/* Filled in by its driver before block_register(), but for the last five. */
struct block_device {
    const char *name; /* "vda" */
    uint64_t nr_sectors;
    uint32_t block_size;   /* what it can write: a power of 2, from 512 on */
    uint32_t max_bytes;    /* of a request */
    uint32_t max_segments; /* of a request */
    uint32_t max_discard;  /* sectors of a request */
    bool read_only;
    bool can_flush; /* false: what is written is safe when it is done */
    bool can_discard;
    const struct block_device_ops *ops;
    void *context; /* the driver's */
    /* The driver counts how often it told the device of requests, and how often
     * the device told it. */
    uint64_t nr_told;
    uint64_t nr_heard;
    bool has_failed; /* block_fail() */
    bool is_away;    /* it was taken away: what is asked of it waits until it
                        is given again; its driver says so */
    unsigned int number;      /* counts devices from 0 */
    struct list_node waiting; /* requests that found no room, in their order */
    struct list_node node;
};

/* The device is kept, for ever. Any interrupt state, here and below. */
void block_register(struct block_device *device);

/* Is called for each device that is registered from now on, interrupts
 * disabled. There is one such function. */
void block_watch(void (*registered)(void));

/* By name; NULL: there is none. */
struct block_device *block_find(const char *name);

/* The one with the next higher number: the first of all after NULL. NULL: there
 * is none. */
struct block_device *block_next(const struct block_device *device);

/*
 * Gives the request to the device, at the latest when there is room, and does
 * not sleep. What the device cannot do is done at once, as a failure: -EINVAL
 * (segments or size), -EIO (beyond the end, or the device has failed), -EROFS,
 * -EOPNOTSUPP (discard).
 * The device may not hear of it before block_kick().
 */
void block_submit(struct block_device *device, struct block_request *request);

/* The same for who has checked it, with nr_sectors of every operation: a
 * back-end, which believes nothing anyhow. */
void block_submit_checked(struct block_device *device,
                          struct block_request *request);

/* Tells the device of all that was submitted to it: once for many. */
void block_kick(struct block_device *device);

/*
 * The same, and the device need not say so when it is done with requests. The
 * caller, who has interrupts disabled, calls block_rest() before it enables
 * them: that takes what is done, and from then on the device says so again. A
 * device that is quick enough costs no interrupt by that.
 */
void block_kick_quietly(struct block_device *device);
void block_rest(struct block_device *device);

/* Sleeps until the request, whose `done` is NULL, is done: its status. */
int64_t block_wait(struct block_request *request);

/* Submits it, kicks and waits: `done` is NULL. */
int64_t block_do(struct block_device *device, struct block_request *request);

/* ---- for drivers; interrupts are disabled ---- */

/* The device is done with it. */
void block_complete(struct block_request *request, int64_t status);

/* There is room after submit() said that there was none: requests that wait
 * are submitted, and the device kicked. */
void block_has_room(struct block_device *device);

/* The device does nothing any more: requests that wait, and all that come, are
 * done with -EIO. Its driver does so with those that it has taken. */
void block_fail(struct block_device *device);

#endif
