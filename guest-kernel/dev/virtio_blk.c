/* SPDX-License-Identifier: MIT
 *
 * The driver of disks at virtio-mmio (virtio 1.2, 5.2), one queue each. Each
 * slot of the queue has memory of its own, which the device reads and writes:
 * a table of descriptors, the request's header, and its status.
 *
 *   table:  header | a segment ... | status
 *
 * Interrupts are disabled wherever the queue is touched.
 */
#include "guest-kernel/dev/virtio_blk.h"

#include <stddef.h>

#include "guest-kernel/block/block.h"
#include "guest-kernel/core/irq.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/dev/virtio_mmio.h"
#include "guest-kernel/dev/virtqueue.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/privops/privops.h"
#include "lib/macros.h"
#include "lib/string.h"

#define WANTED                                                                 \
    (VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_INDEX |                    \
     VIRTIO_BLOCK_MAX_SEGMENTS | VIRTIO_BLOCK_READ_ONLY | VIRTIO_BLOCK_SIZE |  \
     VIRTIO_BLOCK_FLUSH | VIRTIO_BLOCK_DISCARD)

/* Of a request: 128 KiB that begin anywhere in a page. */
#define MAX_BYTES 0x20000u
#define MAX_SEGMENTS (MAX_BYTES / PAGE_SIZE + 1)
/* With header and status. */
#define MAX_CHAIN (MAX_SEGMENTS + 2)

/* What the device sees of a request. Never across a page. */
struct shared {
    struct virtq_desc table[MAX_CHAIN];
    struct virtio_block_header header;
    struct virtio_block_discard discard;
    uint8_t status;
} __attribute__((aligned(16)));

#define PER_PAGE (PAGE_SIZE / sizeof(struct shared))

/* No status that a device has. */
#define STATUS_NONE 0xffu

struct slot {
    struct shared *shared;
    uint64_t maddr;           /* of shared */
    struct virtq_desc *table; /* shared->table, or a part of the ring's */
    struct block_request *request;
    uint32_t writable; /* bytes of the request that the device writes */
};

struct disk {
    struct virtio_mmio mmio;
    struct virtqueue queue;
    struct block_device device;
    void *page; /* the queue's */
    uint32_t irq;
    uint32_t port; /* of its interrupt */
    bool is_quiet; /* it need not interrupt: block_rest() is owed */
    char name[4];
    struct slot slots[VIRTQUEUE_MAX_SIZE];
};

/* ---- a request ---- */

static uint32_t type_of(enum block_operation operation)
{
    static const uint32_t types[] = {
        [BLOCK_READ] = VIRTIO_BLOCK_REQUEST_READ,
        [BLOCK_WRITE] = VIRTIO_BLOCK_REQUEST_WRITE,
        [BLOCK_FLUSH] = VIRTIO_BLOCK_REQUEST_FLUSH,
        [BLOCK_DISCARD] = VIRTIO_BLOCK_REQUEST_DISCARD,
    };

    return types[operation];
}

static void set(struct virtq_desc *descriptor, uint64_t maddr, uint32_t size,
                uint16_t flags)
{
    descriptor->maddr = maddr;
    descriptor->size = size;
    descriptor->flags = flags;
}

/* The data's descriptors, from the second on: how many. */
static unsigned int put_segments(const struct slot *slot,
                                 const struct block_request *request)
{
    uint16_t flags = request->operation == BLOCK_READ ? VIRTQ_NEXT | VIRTQ_WRITE
                                                      : VIRTQ_NEXT;
    unsigned int i;

    for (i = 0; i < request->nr_segments; i++)
        set(&slot->table[1 + i], request->segments[i].maddr,
            request->segments[i].size, flags);
    return i;
}

static unsigned int put_discard(const struct slot *slot,
                                const struct block_request *request)
{
    slot->shared->discard.sector = request->sector;
    slot->shared->discard.nr_sectors = request->nr_sectors;
    set(&slot->table[1], slot->maddr + offsetof(struct shared, discard),
        sizeof(slot->shared->discard), VIRTQ_NEXT);
    return 1;
}

static unsigned int put_data(struct slot *slot, struct block_request *request)
{
    struct virtio_block_header *header = &slot->shared->header;

    header->sector = 0;
    slot->writable = sizeof(slot->shared->status);
    if (request->operation == BLOCK_DISCARD)
        return put_discard(slot, request);
    if (request->operation == BLOCK_FLUSH)
        return 0;
    header->sector = request->sector;
    if (request->operation == BLOCK_READ)
        slot->writable += request->nr_sectors * BLOCK_SECTOR;
    return put_segments(slot, request);
}

static bool submit(struct block_device *device, struct block_request *request)
{
    struct disk *disk = device->context;
    int number = virtqueue_take(&disk->queue);
    struct slot *slot;
    unsigned int nr;

    if (number < 0)
        return false;
    slot = &disk->slots[number];
    slot->request = request;
    slot->shared->header.type = type_of(request->operation);
    slot->shared->status = STATUS_NONE;
    nr = 1 + put_data(slot, request);
    set(&slot->table[nr], slot->maddr + offsetof(struct shared, status),
        sizeof(slot->shared->status), VIRTQ_WRITE);
    virtqueue_put(&disk->queue, (unsigned int)number, (uint16_t)(nr + 1),
                  slot->writable);
    return true;
}

static void kick(struct block_device *device)
{
    struct disk *disk = device->context;

    if (!virtqueue_publish(&disk->queue))
        return;
    device->nr_told++;
    virtio_mmio_notify(&disk->mmio, 0);
}

static void kick_quietly(struct block_device *device)
{
    struct disk *disk = device->context;

    disk->is_quiet = true;
    virtqueue_disarm(&disk->queue);
    kick(device);
}

/* ---- what came of it ---- */

/* The device says that it did all, and has written less: that is no success. */
static int64_t status_of(const struct slot *slot, uint32_t length)
{
    switch (*(volatile uint8_t *)&slot->shared->status) {
    case VIRTIO_BLOCK_OK:
        return length == slot->writable ? 0 : -EIO;
    case VIRTIO_BLOCK_UNSUPPORTED:
        return -EOPNOTSUPP;
    default:
        return -EIO;
    }
}

/* It is not to be used any more, and must not reach what it was given. */
static void fail(struct disk *disk, const char *why)
{
    unsigned int i;

    kprintf("guest: %s: %s: the disk is not used any more\n", disk->name, why);
    if (!virtio_mmio_reset(&disk->mmio))
        panic("%s: it cannot be stopped, and may write to memory", disk->name);
    block_fail(&disk->device);
    for (i = 0; i < disk->queue.nr_slots; i++)
        if (disk->queue.writable[i] != 0)
            block_complete(disk->slots[i].request, -EIO);
}

/* Ends: a round has what was submitted before it, by others or, if a request's
 * done() submits the next, by us. */
static int get_all(struct disk *disk)
{
    unsigned int number;
    uint32_t length;
    int result;

    do {
        while ((result = virtqueue_get(&disk->queue, &number, &length)) > 0)
            block_complete(disk->slots[number].request,
                           status_of(&disk->slots[number], length));
    } while (result == 0 && virtqueue_arm(&disk->queue));
    return result;
}

/* False: the disk is not used any more. */
static bool get_or_fail(struct disk *disk)
{
    if (get_all(disk) == 0)
        return true;
    fail(disk, "the device has answered what it was not asked");
    return false;
}

/* What the device says by an interrupt, or has done without one. */
static void hear(struct disk *disk)
{
    uint32_t why = virtio_mmio_read(&disk->mmio, VIRTIO_INTERRUPT_STATUS);

    virtio_mmio_write(&disk->mmio, VIRTIO_INTERRUPT_ACK, why);
    if (disk->device.has_failed)
        return;
    if ((why & VIRTIO_INTERRUPT_CONFIG) != 0 &&
        (virtio_mmio_read(&disk->mmio, VIRTIO_STATUS) &
         VIRTIO_STATUS_NEEDS_RESET) != 0)
        fail(disk, "the device asks for a reset");
    else if (get_or_fail(disk))
        block_has_room(&disk->device);
}

/*
 * The last look is after the interrupt's end, an access to a device's register.
 * In QEMU's emulation of a machine with one CPU a locked instruction is no
 * barrier, though the devices run in other threads of the host: what was
 * written before, for which request to interrupt, may reach the disk only after
 * it has decided not to. The access to the register is under the lock under
 * which the disk decides.
 */
static void interrupt(void *context)
{
    struct disk *disk = context;

    disk->device.nr_heard++;
    do {
        hear(disk);
        privops_device_irq_done(disk->port);
    } while (!disk->device.has_failed && virtqueue_has_more(&disk->queue));
}

/* The register is read for the reason that interrupt() has. */
static void rest(struct block_device *device)
{
    struct disk *disk = device->context;

    if (!disk->is_quiet || device->has_failed)
        return;
    disk->is_quiet = false;
    do {
        if (!get_or_fail(disk))
            return;
        (void)virtio_mmio_read(&disk->mmio, VIRTIO_INTERRUPT_STATUS);
    } while (virtqueue_has_more(&disk->queue));
    block_has_room(device);
}

static const struct block_device_ops ops = {
    .submit = submit,
    .kick = kick,
    .kick_quietly = kick_quietly,
    .rest = rest,
};

/* ---- the start ---- */

static bool set_up_slots(struct disk *disk)
{
    struct shared *page = NULL;
    unsigned int i;

    for (i = 0; i < disk->queue.nr_slots; i++) {
        struct slot *slot = &disk->slots[i];

        if (i % PER_PAGE == 0) {
            page = page_alloc(0);
            if (page == NULL)
                return false;
            memset(page, 0, PAGE_SIZE);
        }
        slot->shared = &page[i % PER_PAGE];
        slot->maddr = privops_machine(slot->shared);
        slot->table =
            virtqueue_prepare(&disk->queue, i, slot->shared->table,
                              slot->maddr + offsetof(struct shared, table));
        set(&slot->table[0], slot->maddr + offsetof(struct shared, header),
            sizeof(slot->shared->header), VIRTQ_NEXT);
    }
    return true;
}

/* NULL, or why not. */
static const char *set_up_queue(struct disk *disk)
{
    uint16_t size = virtio_mmio_queue_size(&disk->mmio, 0, VIRTQUEUE_MAX_SIZE);
    struct virtio_mmio_rings rings;

    if (size == 0)
        return "it has no queue";
    disk->page = page_alloc(0);
    if (disk->page == NULL)
        return "no memory";
    memset(disk->page, 0, PAGE_SIZE);
    if (!virtqueue_init(&disk->queue, disk->page, size, MAX_CHAIN,
                        disk->mmio.features))
        return "its queue is too short";
    if (!set_up_slots(disk))
        return "no memory";
    rings.descriptors = privops_machine(disk->page);
    rings.available = rings.descriptors + virtqueue_available_offset(size);
    rings.used = rings.descriptors + virtqueue_used_offset(size);
    virtio_mmio_set_queue(&disk->mmio, 0, size, &rings);
    return NULL;
}

static bool has(const struct disk *disk, uint64_t feature)
{
    return (disk->mmio.features & feature) != 0;
}

/* What is not a power of two between a sector and a page is not to be had. */
static uint32_t block_size_of(const struct disk *disk,
                              const struct virtio_block_config *config)
{
    uint32_t size = config->block_size;

    if (!has(disk, VIRTIO_BLOCK_SIZE))
        return BLOCK_SECTOR;
    if (size < BLOCK_SECTOR || size > PAGE_SIZE || (size & (size - 1)) != 0)
        return 0;
    return size;
}

static void describe(struct disk *disk)
{
    struct virtio_block_config config;
    struct block_device *device = &disk->device;

    virtio_mmio_config(&disk->mmio, &config, sizeof(config));
    device->name = disk->name;
    device->nr_sectors = config.nr_sectors;
    device->block_size = block_size_of(disk, &config);
    device->max_bytes = MAX_BYTES;
    device->max_segments = MAX_SEGMENTS;
    if (has(disk, VIRTIO_BLOCK_MAX_SEGMENTS))
        device->max_segments = MIN(MAX_SEGMENTS, config.max_segments);
    device->read_only = has(disk, VIRTIO_BLOCK_READ_ONLY);
    device->can_flush = has(disk, VIRTIO_BLOCK_FLUSH);
    device->can_discard = has(disk, VIRTIO_BLOCK_DISCARD);
    if (device->can_discard)
        device->max_discard = config.max_discard_sectors;
    device->ops = &ops;
    device->context = disk;
}

/* NULL, or why it is not used. */
static const char *start(struct disk *disk)
{
    const char *why = virtio_mmio_begin(&disk->mmio, WANTED);
    int64_t port;

    if (why != NULL)
        return why;
    describe(disk);
    if (disk->device.block_size == 0)
        return "its blocks have a size that cannot be";
    if (disk->device.max_segments == 0)
        return "it takes no data";
    why = set_up_queue(disk);
    if (why != NULL)
        return why;
    port = privops_device_irq(disk->irq);
    if (port < 0)
        return "it has no interrupt of its own";
    disk->port = (uint32_t)port;
    irq_bind(disk->port, interrupt, disk);
    virtio_mmio_start(&disk->mmio);
    return NULL;
}

/* It was not started. */
static void give_up(struct disk *disk)
{
    unsigned int i;

    (void)virtio_mmio_reset(&disk->mmio);
    virtio_mmio_fail(&disk->mmio);
    for (i = 0; i < VIRTQUEUE_MAX_SIZE; i += PER_PAGE)
        if (disk->slots[i].shared != NULL)
            page_free(disk->slots[i].shared);
    if (disk->page != NULL)
        page_free(disk->page);
    kfree(disk);
}

static void tell(const struct disk *disk)
{
    const struct block_device *device = &disk->device;

    kprintf("guest: %s: %lu MiB at 0x%lx%s, %u at once\n", device->name,
            device->nr_sectors / (0x100000 / BLOCK_SECTOR), disk->mmio.paddr,
            device->read_only ? ", read-only" : "", disk->queue.nr_slots);
}

static void drive(volatile void *registers, const struct privops_device *where,
                  unsigned int *nr)
{
    struct disk *disk = kzalloc(sizeof(*disk));
    const char *why = "no memory";

    if (disk != NULL) {
        disk->mmio.registers = registers;
        disk->mmio.paddr = where->paddr;
        disk->irq = where->irq;
        (void)string_copy(disk->name, sizeof(disk->name), "vda");
        disk->name[2] = (char)('a' + *nr);
        why = start(disk);
    }
    if (why == NULL) {
        ++*nr;
        block_register(&disk->device);
        tell(disk);
        return;
    }
    kprintf("guest: the disk at 0x%lx is not used: %s\n", where->paddr, why);
    if (disk != NULL)
        give_up(disk);
}

void virtio_blk_init(void)
{
    const struct privops_device *devices;
    unsigned int nr = privops_devices(&devices), nr_disks = 0, i;

    for (i = 0; i < nr; i++) {
        struct virtio_mmio mmio = {
            .registers = privops_device_map(devices[i].paddr),
            .paddr = devices[i].paddr,
        };

        if (mmio.registers == NULL)
            kprintf("guest: no memory for the device at 0x%lx\n", mmio.paddr);
        else if (virtio_mmio_identify(&mmio) == VIRTIO_ID_BLOCK)
            drive(mmio.registers, &devices[i], &nr_disks);
    }
}
