/* SPDX-License-Identifier: MIT
 *
 * A disk that another domain serves: the end of the domain that uses it. What
 * is read or written lies in memory of its own, named by machine addresses. A
 * page is lent for the request alone, and is the owner's again when that is
 * done.
 *
 * All calls for one front-end are made one at a time, and none of them sleeps
 * but blk_front_begin() and blk_front_look(). event() alone is called at any
 * time, by a handler of a port.
 *
 * When the back-end goes, requests without an answer stay, and are put again,
 * in their order, when the next one has come. When the connection is broken
 * they fail, and so do all later ones. A page that a back-end keeps in spite of
 * its answer is never given back: its request is not done until it is.
 */
#ifndef PVDRIVERS_BLK_FRONT_H
#define PVDRIVERS_BLK_FRONT_H

#include "pvdrivers/blk.h"
#include "pvdrivers/ring.h"

/* Pages that one front-end can lend at once, fewer when the table has no more.
 * Those of one request are in the same group of 64. */
#define BLK_FRONT_GROUPS 4u

/* The owner's. */
struct blk_front_user {
    /* There is a back-end: the first one says what the disk is like. Later ones
     * have the same, or the one of replace(). */
    void (*ready)(void *context, const struct blk_disk *disk);
    /* 0, -PV_EIO, -PARAPET_EINVAL, -PV_EROFS or -PV_EOPNOTSUPP. It may submit,
     * and does not kick. */
    void (*done)(void *context, void *cookie, int status);
    /* There may be room again, after blk_front_submit() said that there was
     * none. */
    void (*room)(void *context);
    /* blk_front_serve() is to be called. */
    void (*event)(void *context);
    /* Another disk is offered, and no request is under way. True: that is the
     * disk from now on; false: the old one is in use. Then this is asked again
     * when blk_front_look() is called. NULL: never another one. */
    bool (*replace)(void *context, const struct blk_disk *disk);
};

struct blk_front_slot {
    struct blk_request request;
    uint32_t order; /* of those under way: when it was submitted */
    uint16_t entry; /* the first one that lends a page of it */
    uint8_t nr_lent;
    bool is_taken;
    uint64_t parts[5]; /* as they stand in the ring */
};

struct blk_front {
    /* The owner sets slot, port and index of this one, */
    struct bus_front bus;
    uint32_t domain; /* who serves it, */
    const struct blk_front_user *user;
    void *context;

    void *page; /* the ring's, lent as long as a back-end has it */
    uint32_t ref;
    uint32_t port;
    struct ring_front ring;
    bool is_connected;

    /* Notifications of requests, and of answers. */
    uint64_t nr_told;
    uint64_t nr_heard;

    struct blk_disk disk;
    bool has_disk;
    uint32_t wants_life; /* the back-end that it wanted last */
    bool wants_room;

    struct parapet_grant_entry *entries;
    uint32_t first_ref;
    uint32_t nr_groups;
    uint64_t free_entries[BLK_FRONT_GROUPS]; /* a bit for each */
    uint32_t nr_free;
    uint32_t order;
    uint8_t free[PARAPET_BLK_REQUESTS]; /* ids of slots */
    struct blk_front_slot slots[PARAPET_BLK_REQUESTS];
};

/* Begins at its slot of the bus; then as blk_front_look(). -PARAPET_ENOSPC: no
 * pages can be lent. */
int blk_front_begin(struct blk_front *front);

/* The bus page's port had an event: see bus_front_look(). */
int blk_front_look(struct blk_front *front);

/* As those of bus.h. Requests without an answer stay. */
int blk_front_stop(struct blk_front *front);
int blk_front_go_on(struct blk_front *front);

/* It has stopped, or never begun: what it has is given back, and its requests
 * fail. -PARAPET_EBUSY: it has not, or a page of a request is still in use. */
int blk_front_end(struct blk_front *front);

/*
 * Puts a request. 0: done() will be called, later, with its cookie;
 * -PARAPET_EAGAIN: no room now, or no back-end: room() will be called;
 * -PARAPET_EINVAL: it has more segments than a request can have; -PV_EIO: the
 * connection is broken. The back-end may not hear of it before
 * blk_front_kick().
 */
int blk_front_submit(struct blk_front *front,
                     const struct blk_request *request);

/* Tells the back-end of all that was put. */
void blk_front_kick(struct blk_front *front);

/* Takes all answers. */
void blk_front_serve(struct blk_front *front);

#endif
