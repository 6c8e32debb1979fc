/* SPDX-License-Identifier: MIT
 *
 * A virtio disk as the control domain drives it (virtio 1.2, sections 2.7, 4.2
 * and 5.2): as little as tests need.
 */
#ifndef KERNELS_VIRTIO_H
#define KERNELS_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/virtio.h"

#define MG_VIRTIO_REQUESTS 8u /* at once */

struct mg_virtio {
    uint64_t paddr; /* of its registers, as the device tree says */
    uint64_t size;
    uint32_t irq;
    volatile uint32_t *registers; /* NULL until they are mapped */
    void *queue;                  /* this file's own */
    uint16_t nr_put;
    uint16_t nr_taken;
};

/* The device tree's nth, from 0 on; false: there are not so many. */
bool mg_virtio_find(unsigned int nth, struct mg_virtio *device);

/* Maps its registers into a window of their own; a failure ends the test. */
void mg_virtio_map(struct mg_virtio *device);

/* Resets the disk and sets up its queue; what it refuses ends the test. */
void mg_virtio_start(struct mg_virtio *disk);

/* Asks for a page's worth from a sector, into the frame at this machine
 * address; the device is told by mg_virtio_tell() alone. */
void mg_virtio_read(struct mg_virtio *disk, uint64_t sector, uint64_t maddr);
void mg_virtio_tell(struct mg_virtio *disk);

/* Whether the next answer is there, which is taken; *status is the device's, 0
 * for success. */
bool mg_virtio_take(struct mg_virtio *disk, uint8_t *status);

/* What the device wants of an interrupt: to be asked and told, before the port
 * is unmasked. Returns its reasons. */
uint32_t mg_virtio_acknowledge(const struct mg_virtio *disk);

#endif
