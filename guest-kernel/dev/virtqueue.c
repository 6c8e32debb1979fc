/* SPDX-License-Identifier: MIT
 *
 * The rings. Who wakes whom (virtio 1.2, 2.7.7 and 2.7.10): each side writes
 * into shared memory at which index of the other's ring it wants to hear of
 * it, and looks once more after that. So each writes first and then reads, and
 * neither may be put before the other: both are sequentially consistent.
 */
#include "guest-kernel/dev/virtqueue.h"

#include <stddef.h>

#include "guest-kernel/errno.h"
#include "lib/macros.h"

uint32_t virtqueue_available_offset(uint16_t size)
{
    return (uint32_t)sizeof(struct virtq_desc) * size;
}

/* After flags, index, the ring, and the event index. */
uint32_t virtqueue_used_offset(uint16_t size)
{
    return ALIGN_UP(virtqueue_available_offset(size) + 6u + 2u * size, 4u);
}

bool virtqueue_init(struct virtqueue *queue, void *page, uint16_t size,
                    uint16_t chain, uint64_t features)
{
    char *memory = page;
    unsigned int slot;

    *queue = (struct virtqueue){
        .descriptors = page,
        .available = (void *)(memory + virtqueue_available_offset(size)),
        .used = (void *)(memory + virtqueue_used_offset(size)),
        .size = size,
        .chain = chain,
        .is_indirect = (features & VIRTIO_FEATURE_INDIRECT) != 0,
        .has_event_index = (features & VIRTIO_FEATURE_EVENT_INDEX) != 0,
    };
    queue->stride = queue->is_indirect ? 1 : chain;
    queue->nr_slots = (uint16_t)(size / queue->stride);
    queue->nr_free = queue->nr_slots;
    for (slot = 0; slot < queue->nr_slots; slot++)
        queue->free[slot] = (uint8_t)(queue->nr_slots - 1 - slot);
    return queue->nr_slots > 0;
}

static uint16_t first_of(const struct virtqueue *queue, unsigned int slot)
{
    return (uint16_t)(slot * queue->stride);
}

struct virtq_desc *virtqueue_prepare(struct virtqueue *queue, unsigned int slot,
                                     struct virtq_desc *table, uint64_t maddr)
{
    uint16_t first = first_of(queue, slot), base = 0, i;

    if (queue->is_indirect) {
        queue->descriptors[first] =
            (struct virtq_desc){.maddr = maddr, .flags = VIRTQ_INDIRECT};
    } else {
        table = &queue->descriptors[first];
        base = first;
    }
    for (i = 0; i < queue->chain; i++)
        table[i].next = (uint16_t)(base + i + 1);
    return table;
}

int virtqueue_take(struct virtqueue *queue)
{
    return queue->nr_free > 0 ? queue->free[--queue->nr_free] : -1;
}

void virtqueue_put(struct virtqueue *queue, unsigned int slot, uint16_t nr,
                   uint32_t writable)
{
    uint16_t first = first_of(queue, slot);

    if (queue->is_indirect)
        queue->descriptors[first].size =
            (uint32_t)sizeof(struct virtq_desc) * nr;
    queue->writable[slot] = writable;
    queue->available->ring[queue->next_available++ & (queue->size - 1)] = first;
}

static uint16_t load(const uint16_t *where)
{
    return __atomic_load_n(where, __ATOMIC_SEQ_CST);
}

static void store(uint16_t *where, uint16_t value)
{
    __atomic_store_n(where, value, __ATOMIC_SEQ_CST);
}

static uint16_t *used_event(struct virtqueue *queue)
{
    return &queue->available->ring[queue->size];
}

static const uint16_t *available_event(const struct virtqueue *queue)
{
    return (const uint16_t *)&queue->used->ring[queue->size];
}

bool virtqueue_publish(struct virtqueue *queue)
{
    uint16_t old = queue->published, new = queue->next_available;

    if (old == new)
        return false;
    queue->published = new;
    store(&queue->available->index, new);
    if (!queue->has_event_index)
        return (load(&queue->used->flags) & VIRTQ_NO_NOTIFY) == 0;
    /* Whether the index that it waits for is in [old, new). */
    return (uint16_t)(new - load(available_event(queue)) - 1) <
           (uint16_t)(new - old);
}

int virtqueue_get(struct virtqueue *queue, unsigned int *slot, uint32_t *length)
{
    uint16_t ready = (uint16_t)(load(&queue->used->index) - queue->next_used);
    const struct virtq_used_entry *entry;
    uint32_t id;

    if (ready == 0)
        return 0;
    if (ready > (uint16_t)(queue->published - queue->next_used))
        return -EIO;
    entry = &queue->used->ring[queue->next_used & (queue->size - 1)];
    id = __atomic_load_n(&entry->id, __ATOMIC_RELAXED);
    *length = __atomic_load_n(&entry->length, __ATOMIC_RELAXED);
    *slot = id / queue->stride;
    if (*slot >= queue->nr_slots || *slot * queue->stride != id ||
        queue->writable[*slot] == 0 || *length > queue->writable[*slot])
        return -EIO;
    queue->next_used++;
    queue->writable[*slot] = 0;
    queue->free[queue->nr_free++] = (uint8_t)*slot;
    return 1;
}

bool virtqueue_has_more(const struct virtqueue *queue)
{
    return load(&queue->used->index) != queue->next_used;
}

/* The index that the device waits for is one that it has passed. */
void virtqueue_disarm(struct virtqueue *queue)
{
    if (queue->has_event_index)
        store(used_event(queue), (uint16_t)(queue->next_used - 1));
}

bool virtqueue_arm(struct virtqueue *queue)
{
    if (queue->has_event_index)
        store(used_event(queue), queue->next_used);
    return virtqueue_has_more(queue);
}
