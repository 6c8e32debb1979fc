/* SPDX-License-Identifier: MIT
 *
 * A split virtqueue (lib/virtio.h) seen from the driver: which requests are
 * with the device, and when one of both has to wake the other. Pure code that
 * runs on the host too; no registers.
 *
 * The queue has slots. A request in a slot is a chain of descriptors, in a
 * table of the owner's own when the device takes indirect ones, else in a part
 * of the ring's. A slot's table is prepared once; what stays the same in it is
 * not written again.
 *
 * The memory that the device writes is read with suspicion: a device that names
 * a request that it does not have, or has written more than it was given, is
 * broken, and nothing it says from then on counts.
 */
#ifndef GUEST_KERNEL_DEV_VIRTQUEUE_H
#define GUEST_KERNEL_DEV_VIRTQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/virtio.h"

/* All of a queue of that size lies in one page. */
#define VIRTQUEUE_MAX_SIZE 128u

struct virtqueue {
    struct virtq_desc *descriptors;
    struct virtq_available *available;
    struct virtq_used *used;
    uint16_t size;
    uint16_t nr_slots;
    uint16_t chain;  /* how many descriptors a request has at most */
    uint16_t stride; /* and how many of the ring's are a slot's */
    bool is_indirect;
    bool has_event_index;
    uint16_t next_available; /* counts what was put */
    uint16_t published;      /* and what of it the device can see */
    uint16_t next_used;      /* counts what was got */
    uint16_t nr_free;
    uint8_t free[VIRTQUEUE_MAX_SIZE];
    /* By slot, what the device may write; 0: it does not have it. */
    uint32_t writable[VIRTQUEUE_MAX_SIZE];
};

/* Where the rings of a queue of that size are in its page. */
uint32_t virtqueue_available_offset(uint16_t size);
uint32_t virtqueue_used_offset(uint16_t size);

/*
 * In a page of zeroes. size: a power of 2, at most VIRTQUEUE_MAX_SIZE; chain:
 * how many descriptors a request has at most. features: those that were
 * agreed on. False: not even one request fits.
 */
bool virtqueue_init(struct virtqueue *queue, void *page, uint16_t size,
                    uint16_t chain, uint64_t features);

/*
 * The slot's table, in which each descriptor leads to the next: table, which is
 * at maddr, or the slot's part of the ring's. Before its first use.
 */
struct virtq_desc *virtqueue_prepare(struct virtqueue *queue, unsigned int slot,
                                     struct virtq_desc *table, uint64_t maddr);

/* A slot for the caller to fill, or -1: all are taken. */
int virtqueue_take(struct virtqueue *queue);

/* The slot's first nr descriptors are a request, of which the device may write
 * so many bytes: one at the least. */
void virtqueue_put(struct virtqueue *queue, unsigned int slot, uint16_t nr,
                   uint32_t writable);

/* Lets the device see all that was put. True: it wants to be notified. */
bool virtqueue_publish(struct virtqueue *queue);

/*
 * What the device is done with: 1, and the slot, which is free again, and how
 * many bytes it has written; 0: nothing more; -EIO: it is broken.
 */
int virtqueue_get(struct virtqueue *queue, unsigned int *slot,
                  uint32_t *length);

/* After the last virtqueue_get(): the device shall interrupt for what comes.
 * True: something came meanwhile, so go on. */
bool virtqueue_arm(struct virtqueue *queue);

/* The device need not interrupt for what comes, until virtqueue_arm(). */
void virtqueue_disarm(struct virtqueue *queue);

/* Whether the device is done with more. */
bool virtqueue_has_more(const struct virtqueue *queue);

#endif
