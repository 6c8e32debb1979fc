/* SPDX-License-Identifier: MIT */
#include "guest-kernel/dev/virtio_mmio.h"

#include <stddef.h>

#include "guest-kernel/core/kprintf.h"

/* A device answers at once, or does not. */
#define MAX_READS 1000000u

uint32_t virtio_mmio_identify(const struct virtio_mmio *device)
{
    uint32_t version = virtio_mmio_read(device, VIRTIO_VERSION);
    uint32_t id = virtio_mmio_read(device, VIRTIO_DEVICE_ID);

    if (virtio_mmio_read(device, VIRTIO_MAGIC) != VIRTIO_MAGIC_VALUE) {
        kprintf("guest: no virtio device is at 0x%lx, which the boot line "
                "announces\n",
                device->paddr);
        return VIRTIO_ID_NONE;
    }
    if (id == VIRTIO_ID_NONE || version == VIRTIO_VERSION_MODERN)
        return id;
    kprintf("guest: the virtio device at 0x%lx is %s, version %u, and not "
            "used: give QEMU -global virtio-mmio.force-legacy=false\n",
            device->paddr,
            version == VIRTIO_VERSION_LEGACY ? "a legacy one" : "unknown",
            version);
    return VIRTIO_ID_NONE;
}

/* ---- the order of the start ---- */

bool virtio_mmio_reset(const struct virtio_mmio *device)
{
    unsigned int i;

    virtio_mmio_write(device, VIRTIO_STATUS, 0);
    for (i = 0; i < MAX_READS; i++)
        if (virtio_mmio_read(device, VIRTIO_STATUS) == 0)
            return true;
    return false;
}

static void add_status(const struct virtio_mmio *device, uint32_t bits)
{
    virtio_mmio_write(device, VIRTIO_STATUS,
                      virtio_mmio_read(device, VIRTIO_STATUS) | bits);
}

void virtio_mmio_fail(const struct virtio_mmio *device)
{
    add_status(device, VIRTIO_STATUS_FAILED);
}

static uint64_t offered(const struct virtio_mmio *device)
{
    uint64_t features;

    virtio_mmio_write(device, VIRTIO_DEVICE_FEATURES_SELECT, 1);
    features = virtio_mmio_read(device, VIRTIO_DEVICE_FEATURES);
    virtio_mmio_write(device, VIRTIO_DEVICE_FEATURES_SELECT, 0);
    return features << 32 | virtio_mmio_read(device, VIRTIO_DEVICE_FEATURES);
}

static void accept(const struct virtio_mmio *device)
{
    virtio_mmio_write(device, VIRTIO_DRIVER_FEATURES_SELECT, 1);
    virtio_mmio_write(device, VIRTIO_DRIVER_FEATURES,
                      (uint32_t)(device->features >> 32));
    virtio_mmio_write(device, VIRTIO_DRIVER_FEATURES_SELECT, 0);
    virtio_mmio_write(device, VIRTIO_DRIVER_FEATURES,
                      (uint32_t)device->features);
}

const char *virtio_mmio_begin(struct virtio_mmio *device, uint64_t wanted)
{
    if (!virtio_mmio_reset(device))
        return "its reset does not end";
    add_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
    add_status(device, VIRTIO_STATUS_DRIVER);
    device->features = offered(device) & (wanted | VIRTIO_FEATURE_VERSION_1);
    if ((device->features & VIRTIO_FEATURE_VERSION_1) == 0)
        return "it lacks the feature VERSION_1";
    accept(device);
    add_status(device, VIRTIO_STATUS_FEATURES_OK);
    if ((virtio_mmio_read(device, VIRTIO_STATUS) & VIRTIO_STATUS_FEATURES_OK) ==
        0)
        return "it needs a feature that its driver lacks";
    return NULL;
}

uint16_t virtio_mmio_queue_size(const struct virtio_mmio *device,
                                uint32_t queue, uint16_t most)
{
    uint32_t size;

    virtio_mmio_write(device, VIRTIO_QUEUE_SELECT, queue);
    size = virtio_mmio_read(device, VIRTIO_QUEUE_SIZE_MAX);
    if (virtio_mmio_read(device, VIRTIO_QUEUE_READY) != 0)
        return 0;
    while (most > size)
        most /= 2;
    return most;
}

static void write_address(const struct virtio_mmio *device, uint32_t offset,
                          uint64_t maddr)
{
    virtio_mmio_write(device, offset, (uint32_t)maddr);
    virtio_mmio_write(device, offset + 4, (uint32_t)(maddr >> 32));
}

void virtio_mmio_set_queue(const struct virtio_mmio *device, uint32_t queue,
                           uint16_t size, const struct virtio_mmio_rings *rings)
{
    virtio_mmio_write(device, VIRTIO_QUEUE_SELECT, queue);
    virtio_mmio_write(device, VIRTIO_QUEUE_SIZE, size);
    write_address(device, VIRTIO_QUEUE_DESCRIPTORS, rings->descriptors);
    write_address(device, VIRTIO_QUEUE_AVAILABLE, rings->available);
    write_address(device, VIRTIO_QUEUE_USED, rings->used);
    virtio_mmio_write(device, VIRTIO_QUEUE_READY, 1);
}

void virtio_mmio_start(const struct virtio_mmio *device)
{
    add_status(device, VIRTIO_STATUS_DRIVER_OK);
}

void virtio_mmio_notify(const struct virtio_mmio *device, uint32_t queue)
{
    virtio_mmio_write(device, VIRTIO_QUEUE_NOTIFY, queue);
}

/* ---- configuration ---- */

/* A device that changes it all the time gets what was read last. */
#define MAX_GENERATIONS 100u

void virtio_mmio_config(const struct virtio_mmio *device, void *config,
                        uint32_t size)
{
    uint32_t *words = config;
    uint32_t generation, offset;
    unsigned int i;

    for (i = 0; i < MAX_GENERATIONS; i++) {
        generation = virtio_mmio_read(device, VIRTIO_CONFIG_GENERATION);
        for (offset = 0; offset < size; offset += 4)
            words[offset / 4] =
                virtio_mmio_read(device, VIRTIO_CONFIG + offset);
        if (virtio_mmio_read(device, VIRTIO_CONFIG_GENERATION) == generation)
            return;
    }
}
