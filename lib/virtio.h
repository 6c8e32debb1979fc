/* SPDX-License-Identifier: MIT
 *
 * Virtio devices (OASIS Virtual I/O Device Version 1.2; sections in brackets):
 * the registers of one at virtio-mmio, the shared memory of a split virtqueue,
 * and what a block device wants to be asked. All is little-endian.
 */
#ifndef LIB_VIRTIO_H
#define LIB_VIRTIO_H

#include <stdint.h>

/* ---- registers of 32 bits, by offset [4.2.2] ---- */

#define VIRTIO_MMIO_SIZE 512u /* of one transport on microvm */

#define VIRTIO_MAGIC 0x000u
#define VIRTIO_VERSION 0x004u
#define VIRTIO_DEVICE_ID 0x008u
#define VIRTIO_DEVICE_FEATURES 0x010u
#define VIRTIO_DEVICE_FEATURES_SELECT 0x014u
#define VIRTIO_DRIVER_FEATURES 0x020u
#define VIRTIO_DRIVER_FEATURES_SELECT 0x024u
#define VIRTIO_QUEUE_SELECT 0x030u
#define VIRTIO_QUEUE_SIZE_MAX 0x034u
#define VIRTIO_QUEUE_SIZE 0x038u
#define VIRTIO_QUEUE_READY 0x044u
#define VIRTIO_QUEUE_NOTIFY 0x050u
#define VIRTIO_INTERRUPT_STATUS 0x060u
#define VIRTIO_INTERRUPT_ACK 0x064u
#define VIRTIO_STATUS 0x070u
/* Addresses of 64 bits: the upper half is in the next register. */
#define VIRTIO_QUEUE_DESCRIPTORS 0x080u
#define VIRTIO_QUEUE_AVAILABLE 0x090u
#define VIRTIO_QUEUE_USED 0x0a0u
#define VIRTIO_CONFIG_GENERATION 0x0fcu
#define VIRTIO_CONFIG 0x100u

#define VIRTIO_MAGIC_VALUE 0x74726976u /* "virt" */
#define VIRTIO_VERSION_MODERN 2u
#define VIRTIO_VERSION_LEGACY 1u

#define VIRTIO_ID_NONE 0u
#define VIRTIO_ID_BLOCK 2u

/* VIRTIO_STATUS [2.1]; 0 resets the device. */
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01u
#define VIRTIO_STATUS_DRIVER 0x02u
#define VIRTIO_STATUS_DRIVER_OK 0x04u
#define VIRTIO_STATUS_FEATURES_OK 0x08u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u
#define VIRTIO_STATUS_FAILED 0x80u

/* VIRTIO_INTERRUPT_STATUS */
#define VIRTIO_INTERRUPT_USED 0x1u
#define VIRTIO_INTERRUPT_CONFIG 0x2u

/* Features that are no device's own [6]. */
#define VIRTIO_FEATURE_INDIRECT (1ul << 28)
#define VIRTIO_FEATURE_EVENT_INDEX (1ul << 29)
#define VIRTIO_FEATURE_VERSION_1 (1ul << 32)
#define VIRTIO_FEATURE_ACCESS_PLATFORM (1ul << 33)

/* ---- a split virtqueue [2.7] ---- */

#define VIRTQ_NEXT 0x1u     /* another descriptor follows */
#define VIRTQ_WRITE 0x2u    /* the device writes there */
#define VIRTQ_INDIRECT 0x4u /* there is a table of descriptors */

struct virtq_desc {
    uint64_t maddr;
    uint32_t size;
    uint16_t flags;
    uint16_t next;
};

/* The driver writes, the device reads: descriptors, by the index of the first
 * of a chain. After the ring is the event index of used entries. */
#define VIRTQ_NO_INTERRUPT 0x1u
struct virtq_available {
    uint16_t flags;
    uint16_t index; /* where the next one will go; it only grows */
    uint16_t ring[];
};

/* The device writes, the driver reads. After the ring is the event index of
 * available entries. */
#define VIRTQ_NO_NOTIFY 0x1u
struct virtq_used_entry {
    uint32_t id;     /* what was in the available ring */
    uint32_t length; /* bytes that the device has written */
};
struct virtq_used {
    uint16_t flags;
    uint16_t index;
    struct virtq_used_entry ring[];
};

/* ---- a block device [5.2] ---- */

#define VIRTIO_BLOCK_MAX_SEGMENTS (1ul << 2)
#define VIRTIO_BLOCK_READ_ONLY (1ul << 5)
#define VIRTIO_BLOCK_SIZE (1ul << 6)
#define VIRTIO_BLOCK_FLUSH (1ul << 9)
#define VIRTIO_BLOCK_DISCARD (1ul << 13)

/* At VIRTIO_CONFIG, in units of 512 bytes but for the block's size. */
struct virtio_block_config {
    uint64_t nr_sectors;
    uint32_t max_segment_size;
    uint32_t max_segments;
    uint32_t geometry;
    uint32_t block_size;
    uint64_t topology;
    uint32_t queues;
    uint32_t max_discard_sectors;
    uint32_t max_discard_segments;
    uint32_t discard_alignment;
};

#define VIRTIO_BLOCK_REQUEST_READ 0u
#define VIRTIO_BLOCK_REQUEST_WRITE 1u
#define VIRTIO_BLOCK_REQUEST_FLUSH 4u
#define VIRTIO_BLOCK_REQUEST_DISCARD 11u

/* A request: this, the data if any, and a byte of status that the device
 * writes. */
struct virtio_block_header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

/* The data of a discard. */
struct virtio_block_discard {
    uint64_t sector;
    uint32_t nr_sectors;
    uint32_t flags;
};

#define VIRTIO_BLOCK_OK 0u
#define VIRTIO_BLOCK_IO_ERROR 1u
#define VIRTIO_BLOCK_UNSUPPORTED 2u

_Static_assert(sizeof(struct virtq_desc) == 16, "virtio 1.2, 2.7.5");
_Static_assert(sizeof(struct virtq_used_entry) == 8, "virtio 1.2, 2.7.8");
_Static_assert(sizeof(struct virtio_block_config) == 48, "virtio 1.2, 5.2.4");
_Static_assert(sizeof(struct virtio_block_header) == 16, "virtio 1.2, 5.2.6");
_Static_assert(sizeof(struct virtio_block_discard) == 16, "virtio 1.2, 5.2.6");

#endif
