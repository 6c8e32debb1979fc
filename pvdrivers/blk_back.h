/* SPDX-License-Identifier: MIT
 *
 * A disk for another domain: the end of the domain that has it. Where its
 * sectors are is the store's: a device, which reads and writes the frames
 * themselves, held for it, or memory, which is copied from and to.
 *
 * One thread does all calls for a back-end, and may have many; the bell is rung
 * when one of them is to be served. blk_back_done() alone is called by anybody,
 * at any time.
 *
 * The ring, and all that the other domain says, is believed nothing. A request
 * that is none is answered with an error. An index that cannot be true breaks
 * the connection. Neither costs anybody else anything, and one front-end has
 * BLK_BACK_HELD frames held at most.
 */
#ifndef PVDRIVERS_BLK_BACK_H
#define PVDRIVERS_BLK_BACK_H

#include "pvdrivers/blk.h"
#include "pvdrivers/env.h"
#include "pvdrivers/listen.h"
#include "pvdrivers/ring.h"

#define BLK_BACK_HELD 256 /* no more requests are taken then */
#define BLK_BACK_BATCH 72 /* frames that are held, or copied, by one call */
#define BLK_BACK_RUNS 16  /* and runs of them */
#define BLK_BACK_ROOM 12  /* words */

/* ---- the store ---- */

/* request's cookie is blk_back.c's own. A read or a write has its segments, and
 * nr_sectors is their sum. */
struct blk_store_request {
    struct blk_request request;
    uint64_t room[BLK_BACK_ROOM]; /* the store's, from submit to done */
};

struct blk_store;

struct blk_store_ops {
    /* Takes a request that has been checked against the disk, and does not
     * sleep: blk_back_done() is called for it once, also by submit itself. */
    void (*submit)(struct blk_store *store, struct blk_store_request *request);
    /* After one or several. */
    void (*kick)(struct blk_store *store);
    /*
     * NULL where the store is a device. Else what is read and written is copied
     * by the back-end, and submit() gets the rest: the page of so many sectors
     * (ENV_PAGE_SIZE bytes) with this number, valid until the next submit;
     * NULL: there is no memory.
     */
    void *(*page)(struct blk_store *store, uint64_t number, bool to_write);
    /* After kick() and before blk_back_serve() returns: for a store that takes
     * then what is done already. Or NULL. */
    void (*rest)(struct blk_store *store);
};

/* Its user sets all three; several back-ends may have one store. */
struct blk_store {
    struct blk_disk disk;
    const struct blk_store_ops *ops;
    void *context;
};

/* The store is done with it: 0 or the negative error of abi/blk.h. Any
 * context. */
void blk_back_done(struct blk_store_request *request, int status);

/* ---- the back-end ---- */

struct blk_back_request {
    struct blk_store_request store;
    struct blk_back *back;
    struct blk_back_request *next; /* in the list that it is in */
    uint32_t id;                   /* the front-end's */
    int status;
    uint32_t ref;           /* of the first part's page */
    unsigned int nr_held;   /* frames: held, or to be; or to be copied */
    unsigned int nr_copies; /* in the batch */
    union {
        /* Of a short request, for each frame that it has held, */
        struct parapet_grant_unmap handles[BLK_SHORT_PARTS];
        /* and of a long one, for all. */
        struct {
            struct parapet_grant_unmap handle;
            uint64_t maddrs[PARAPET_BLK_PARTS];
        } run;
    };
    struct blk_segment segments[PARAPET_BLK_PARTS];
    uint8_t parts[40]; /* as the front-end said, and checked */
};

#define BLK_BACK_PER_PAGE 4

_Static_assert(BLK_BACK_PER_PAGE * sizeof(struct blk_back_request) <=
                   ENV_PAGE_SIZE,
               "so many requests in a page");

/* First in, first out. */
struct blk_back_list {
    struct blk_back_request *first;
    struct blk_back_request **last; /* where the next one is put */
};

struct blk_back {
    /* The owner sets slot, port, domain and device.index of this one, */
    struct bus_back bus;
    struct blk_store *store;
    struct env_bell *bell;

    struct env_loan loan; /* of the ring */
    uint32_t port;
    struct ring_back ring;
    struct listener listener;
    bool has_met;     /* a front-end took the disk; its owner resets it */
    bool ends;        /* when it is quiet */
    bool looks_again; /* the bus has more to do */

    unsigned int nr_under_way; /* at the store */
    unsigned int nr_held;
    unsigned int nr_refused; /* holds for which there was no room, in a row */
    struct blk_back_request *free;
    struct blk_back_list to_begin; /* taken, and not begun */
    struct blk_back_request *done; /* atomic: a stack */
    void *pages[PARAPET_BLK_REQUESTS / BLK_BACK_PER_PAGE];
    union {
        struct {
            struct parapet_grant_hold holds[BLK_BACK_BATCH];
            struct parapet_grant_run runs[BLK_BACK_RUNS];
        };
        struct env_copy copies[BLK_BACK_BATCH];
        struct parapet_grant_unmap handles[BLK_BACK_BATCH];
    } batch;
};

/* Offers the disk at its slot; then as blk_back_look(). -PARAPET_ENOMEM. */
int blk_back_begin(struct blk_back *back);

/* The bus page's port had an event: see bus_back_look(). */
int blk_back_look(struct blk_back *back);

/* To stop is done when bus.state is closed: until then it is to be served. */
int blk_back_stop(struct blk_back *back);

/* Gives back what blk_back_begin() took. The state is closed. */
void blk_back_end(struct blk_back *back);

/* Whether there is anything to serve since the last time; what it named a time
 * for is not among that, nor the bus. */
static inline bool blk_back_has_news(const struct blk_back *back)
{
    return __atomic_load_n(&back->listener.told, __ATOMIC_RELAXED) > 0 ||
           __atomic_load_n(&back->done, __ATOMIC_RELAXED) != NULL;
}

/* Does what there is to do, for each slot of the ring once at most. When to
 * call it again, if the bell is not rung before: 0 at once, ENV_FOREVER never.
 */
uint64_t blk_back_serve(struct blk_back *back);

#endif
