/* SPDX-License-Identifier: MIT
 *
 * The registers of one virtio device at virtio-mmio (lib/virtio.h): from its
 * reset to the running device, in the order of virtio 1.2, 3.1.1. In both
 * builds, by privops_device_map().
 */
#ifndef GUEST_KERNEL_DEV_VIRTIO_MMIO_H
#define GUEST_KERNEL_DEV_VIRTIO_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/virtio.h"

struct virtio_mmio {
    volatile char *registers;
    uint64_t paddr; /* for messages */
    uint64_t features;
};

static inline uint32_t virtio_mmio_read(const struct virtio_mmio *device,
                                        uint32_t offset)
{
    return *(volatile uint32_t *)(device->registers + offset);
}

static inline void virtio_mmio_write(const struct virtio_mmio *device,
                                     uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(device->registers + offset) = value;
}

/* Which kind of device it is: VIRTIO_ID_NONE if none that can be driven, and
 * then a line has said why, if there is anything to say. */
uint32_t virtio_mmio_identify(const struct virtio_mmio *device);

/*
 * Resets it, and agrees with it on those of the wanted features that it has:
 * device->features. NULL, or why it is not to be driven.
 */
const char *virtio_mmio_begin(struct virtio_mmio *device, uint64_t wanted);

/* The size that its queue can have, of at most so many. 0: there is none. */
uint16_t virtio_mmio_queue_size(const struct virtio_mmio *device,
                                uint32_t queue, uint16_t most);

/* Where the queue's three parts are, as machine addresses. */
struct virtio_mmio_rings {
    uint64_t descriptors;
    uint64_t available;
    uint64_t used;
};
void virtio_mmio_set_queue(const struct virtio_mmio *device, uint32_t queue,
                           uint16_t size,
                           const struct virtio_mmio_rings *rings);

/* From now on it works. */
void virtio_mmio_start(const struct virtio_mmio *device);

/* Tells it that there is something in the queue. A function, not inlined, as
 * the bench counts its calls (tools/bench_lib/parts.py). */
void virtio_mmio_notify(const struct virtio_mmio *device, uint32_t queue);

/* It is given up. */
void virtio_mmio_fail(const struct virtio_mmio *device);

/* Afterwards it touches no memory, whatever it was asked to do. False: it does
 * not say that it has stopped. */
bool virtio_mmio_reset(const struct virtio_mmio *device);

/* The fields of its configuration, of `size` bytes, all of one time; a
 * multiple of 4. */
void virtio_mmio_config(const struct virtio_mmio *device, void *config,
                        uint32_t size);

#endif
