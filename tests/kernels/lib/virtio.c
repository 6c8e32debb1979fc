/* SPDX-License-Identifier: MIT
 *
 * Owns the queue: one page that has its three parts, and the first and last
 * piece of each request.
 */
#include "tests/kernels/lib/virtio.h"

#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/tree.h"

#define PIECES 4u /* descriptors for a request: a power of two */
#define SIZE (MG_VIRTIO_REQUESTS * PIECES)

struct queue {
    struct virtq_desc descriptors[SIZE];
    struct {
        uint16_t flags, index, ring[SIZE];
    } available;
    struct {
        uint16_t flags, index;
        struct virtq_used_entry ring[SIZE];
    } used;
    struct virtio_block_header heads[MG_VIRTIO_REQUESTS];
    uint8_t tails[MG_VIRTIO_REQUESTS];
};

_Static_assert(sizeof(struct queue) <= MG_PAGE_SIZE, "a queue is a page");

/* ---- where it is ---- */

struct search {
    struct mg_virtio *device;
    unsigned int nth;
};

/* Of the nth such node both: interrupts come after reg. */
static bool look(const char *node, const char *property, const uint32_t *value,
                 uint32_t length, void *data)
{
    struct search *s = data;

    if (strncmp(node, "virtio_mmio@", 12) != 0)
        return true;
    if (strcmp(property, "compatible") == 0)
        MG_CHECK_EQ(strcmp((const char *)value, "virtio,mmio"), 0);
    if (strcmp(property, "reg") == 0 && s->nth == 0) {
        MG_CHECK_EQ(length, 16);
        s->device->paddr =
            (uint64_t)mg_tree_cell(value, 0) << 32 | mg_tree_cell(value, 1);
        s->device->size =
            (uint64_t)mg_tree_cell(value, 2) << 32 | mg_tree_cell(value, 3);
    }
    if (strcmp(property, "interrupts") != 0 || s->nth-- > 0)
        return true;
    MG_CHECK_EQ(length, 8);
    MG_CHECK_EQ(mg_tree_cell(value, 1), 4); /* level, high */
    s->device->irq = mg_tree_cell(value, 0);
    return false;
}

bool mg_virtio_find(unsigned int nth, struct mg_virtio *device)
{
    struct search search = {.device = device, .nth = nth};

    memset(device, 0, sizeof(*device));
    mg_tree_visit((const void *)PARAPET_DTB, look, &search);
    return device->size != 0;
}

void mg_virtio_map(struct mg_virtio *device)
{
    const struct mg_window window = mg_window_make();
    uint64_t offset = device->paddr % MG_PAGE_SIZE;

    MG_DONE(HYPERCALL_RESTARTED(
        hypercall_device_map(window.vaddr, device->paddr - offset)));
    if (mg_failures() > 0)
        mg_error("the device at %lx cannot be mapped", device->paddr);
    device->registers = (volatile uint32_t *)(window.vaddr + offset);
}

/* ---- how it begins ---- */

static volatile uint32_t *reg(const struct mg_virtio *disk, uint32_t offset)
{
    return &disk->registers[offset / sizeof(uint32_t)];
}

static void set_status(const struct mg_virtio *disk, uint32_t status)
{
    *reg(disk, VIRTIO_STATUS) = status;
    if (*reg(disk, VIRTIO_STATUS) != status)
        mg_error("the device does not take status %x", status);
}

static void set_address(const struct mg_virtio *disk, uint32_t offset,
                        const void *part)
{
    uint64_t maddr =
        mg_mfn_of(part) * MG_PAGE_SIZE + (uint64_t)part % MG_PAGE_SIZE;

    *reg(disk, offset) = (uint32_t)maddr;
    *reg(disk, offset + 4) = (uint32_t)(maddr >> 32);
}

static void set_features(const struct mg_virtio *disk)
{
    *reg(disk, VIRTIO_DEVICE_FEATURES_SELECT) = 1;
    if (!(*reg(disk, VIRTIO_DEVICE_FEATURES) &
          (uint32_t)(VIRTIO_FEATURE_VERSION_1 >> 32)))
        mg_error("the device is a legacy one");
    for (uint32_t word = 0; word < 2; word++) {
        *reg(disk, VIRTIO_DRIVER_FEATURES_SELECT) = word;
        *reg(disk, VIRTIO_DRIVER_FEATURES) =
            word == 1 ? (uint32_t)(VIRTIO_FEATURE_VERSION_1 >> 32) : 0;
    }
}

static void set_queue(struct mg_virtio *disk)
{
    struct queue *q = (struct queue *)mg_page();

    disk->queue = q;
    disk->nr_put = disk->nr_taken = 0;
    *reg(disk, VIRTIO_QUEUE_SELECT) = 0;
    if (*reg(disk, VIRTIO_QUEUE_SIZE_MAX) < SIZE)
        mg_error("the device has a queue of %u",
                 *reg(disk, VIRTIO_QUEUE_SIZE_MAX));
    *reg(disk, VIRTIO_QUEUE_SIZE) = SIZE;
    set_address(disk, VIRTIO_QUEUE_DESCRIPTORS, q->descriptors);
    set_address(disk, VIRTIO_QUEUE_AVAILABLE, &q->available);
    set_address(disk, VIRTIO_QUEUE_USED, &q->used);
    *reg(disk, VIRTIO_QUEUE_READY) = 1;
}

void mg_virtio_start(struct mg_virtio *disk)
{
    if (*reg(disk, VIRTIO_MAGIC) != VIRTIO_MAGIC_VALUE ||
        *reg(disk, VIRTIO_VERSION) != VIRTIO_VERSION_MODERN ||
        *reg(disk, VIRTIO_DEVICE_ID) != VIRTIO_ID_BLOCK)
        mg_error("no disk: magic %x, version %u, device %u",
                 *reg(disk, VIRTIO_MAGIC), *reg(disk, VIRTIO_VERSION),
                 *reg(disk, VIRTIO_DEVICE_ID));
    set_status(disk, 0);
    set_status(disk, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    set_features(disk);
    set_status(disk, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                         VIRTIO_STATUS_FEATURES_OK);
    set_queue(disk);
    set_status(disk, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                         VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
}

/* ---- requests ---- */

static void put_piece(struct queue *q, unsigned int i, uint64_t maddr,
                      uint32_t length, uint16_t flags)
{
    q->descriptors[i] = (struct virtq_desc){
        .maddr = maddr,
        .size = length,
        .flags = flags,
        .next = (uint16_t)(i + 1),
    };
}

void mg_virtio_read(struct mg_virtio *disk, uint64_t sector, uint64_t maddr)
{
    struct queue *q = disk->queue;
    unsigned int slot = disk->nr_put % MG_VIRTIO_REQUESTS;
    uint64_t base = mg_mfn_of(q) * MG_PAGE_SIZE;

    if ((uint16_t)(disk->nr_put - disk->nr_taken) == MG_VIRTIO_REQUESTS)
        mg_error("too many requests");
    q->heads[slot].type = VIRTIO_BLOCK_REQUEST_READ;
    q->heads[slot].sector = sector;
    q->tails[slot] = 0xff;
    put_piece(q, slot * PIECES,
              base + (uint64_t)((char *)&q->heads[slot] - (char *)q),
              sizeof(q->heads[slot]), VIRTQ_NEXT);
    put_piece(q, slot * PIECES + 1, maddr, MG_PAGE_SIZE,
              VIRTQ_NEXT | VIRTQ_WRITE);
    put_piece(q, slot * PIECES + 2,
              base + (uint64_t)((char *)&q->tails[slot] - (char *)q), 1,
              VIRTQ_WRITE);
    q->available.ring[disk->nr_put % SIZE] = (uint16_t)(slot * PIECES);
    disk->nr_put++;
    __atomic_store_n(&q->available.index, disk->nr_put, __ATOMIC_SEQ_CST);
}

void mg_virtio_tell(struct mg_virtio *disk)
{
    *reg(disk, VIRTIO_QUEUE_NOTIFY) = 0;
}

bool mg_virtio_take(struct mg_virtio *disk, uint8_t *status)
{
    struct queue *q = disk->queue;
    uint32_t id;

    if (__atomic_load_n(&q->used.index, __ATOMIC_ACQUIRE) == disk->nr_taken)
        return false;
    id = q->used.ring[disk->nr_taken % SIZE].id;
    if (id >= SIZE || id % PIECES != 0)
        mg_error("the device answers request %u", id);
    *status = q->tails[id / PIECES];
    disk->nr_taken++;
    return true;
}

uint32_t mg_virtio_acknowledge(const struct mg_virtio *disk)
{
    uint32_t reasons = *reg(disk, VIRTIO_INTERRUPT_STATUS);

    *reg(disk, VIRTIO_INTERRUPT_ACK) = reasons;
    return reasons;
}
