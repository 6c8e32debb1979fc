/* SPDX-License-Identifier: MIT
 *
 * What the files of blk.h share, and nobody else: control/blk.c (what programs
 * ask for) and control/blk_serve.c (the thread). Interrupts are disabled.
 */
#ifndef GUEST_KERNEL_CONTROL_BLK_PARTS_H
#define GUEST_KERNEL_CONTROL_BLK_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/bus.h"
#include "abi/control_device.h"
#include "guest-kernel/control/store.h"
#include "lib/list.h"
#include "pvdrivers/blk_back.h"
#include "pvdrivers/env.h"
#include "pvdrivers/listen.h"

/* A domain that has a bus. */
struct bus {
    struct list_node node;
    uint32_t domain;
    uint32_t remote_port;
    struct env_loan loan; /* page is NULL: nothing is mapped or bound */
    uint32_t port;
    struct listener listener; /* of it: a domain's moves, or its flood */
    bool told;                /* this round */
    bool is_ended;
    unsigned int nr_disks;
    struct {
        uint8_t whose;         /* 1 + the index of its disk; 0: none */
        bool has_known;        /* the domain's kernel has had a disk there, */
        struct blk_disk knows; /* the last one */
    } slots[PARAPET_BUS_SLOTS];
};

_Static_assert(PARAPET_BLK_ATTACH_MAX <= PARAPET_BUS_SLOTS,
               "there is a slot for each disk that a domain can have");

struct disk {
    struct list_node node; /* of all */
    struct list_node turn; /* of all, too */
    struct bus *bus;
    struct control_store store;
    struct blk_back back;
    char name[PARAPET_BLK_STORE_NAME];
    uint32_t slot;
    uint64_t next;  /* when it is to be served, without news */
    bool has_begun; /* else there is no back-end now */
    bool is_ending; /* and it goes with its back-end */
};

/* All of them. */
extern struct control_blk {
    struct list_node buses;
    struct list_node disks;
    struct list_node turns;  /* who is served first */
    struct env_bell *bell;   /* of the thread */
    struct env_bell *events; /* of the back-ends: they have news */
} control_blk;

/* The back-end of a disk that is to stop goes when its requests are done and
 * nothing of the domain's is left. A disk that is to go is freed then. */
void control_blk_end_if_closed(struct disk *disk);

/* Its state, or its domain's answer, may be another one. */
void control_blk_tell_change(void);

/* The bus gets no disk any more, and those that it has end. */
void control_blk_end_disks(struct bus *bus);

#endif
