/* SPDX-License-Identifier: MIT
 *
 * The list of block devices; what a device gets to see of requests, and when.
 */
#include "guest-kernel/block/block.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/layout.h"
#include "lib/string.h"

static struct list_node devices = LIST_INIT(devices);
static void (*watch)(void);

void block_watch(void (*registered)(void))
{
    watch = registered;
}

void block_register(struct block_device *device)
{
    bool irq_on = privops_irq_save();

    BUG_ON(block_find(device->name) != NULL);
    BUG_ON(device->block_size < BLOCK_SECTOR ||
           (device->block_size & (device->block_size - 1)) != 0);
    device->number = 0;
    device->has_failed = device->is_away = false;
    if (!list_is_empty(&devices))
        device->number =
            list_entry(devices.prev, struct block_device, node)->number + 1;
    list_init(&device->waiting);
    list_add_last(&devices, &device->node);
    if (watch != NULL)
        watch();
    privops_irq_restore(irq_on);
}

struct block_device *block_find(const char *name)
{
    struct block_device *device = NULL;

    do {
        device = block_next(device);
    } while (device != NULL && strcmp(device->name, name) != 0);
    return device;
}

struct block_device *block_next(const struct block_device *device)
{
    const struct list_node *last = device != NULL ? &device->node : &devices;

    return last->next == &devices
               ? NULL
               : list_entry(last->next, struct block_device, node);
}

/* ---- what is refused ---- */

static bool fits_a_page(const struct block_segment *segment)
{
    return segment->size > 0 &&
           segment->maddr % PAGE_SIZE + segment->size <= PAGE_SIZE;
}

/* Counts the sectors of the segments. 0 or -EINVAL. */
static int64_t count_sectors(const struct block_device *device,
                             struct block_request *request)
{
    uint64_t bytes = 0;
    unsigned int i;

    if (request->nr_segments == 0 ||
        request->nr_segments > device->max_segments)
        return -EINVAL;
    for (i = 0; i < request->nr_segments; i++) {
        if (!fits_a_page(&request->segments[i]) ||
            (request->segments[i].size | request->segments[i].maddr) %
                    BLOCK_SECTOR !=
                0)
            return -EINVAL;
        bytes += request->segments[i].size;
    }
    if (bytes > device->max_bytes)
        return -EINVAL;
    request->nr_sectors = (uint32_t)(bytes / BLOCK_SECTOR);
    return 0;
}

/* A request to the sectors that it names. */
static int64_t check_range(const struct block_device *device,
                           const struct block_request *request)
{
    uint32_t sectors = device->block_size / BLOCK_SECTOR;

    if (request->sector > device->nr_sectors ||
        request->nr_sectors > device->nr_sectors - request->sector)
        return -EIO;
    if (((request->sector | request->nr_sectors) & (sectors - 1)) != 0)
        return -EINVAL;
    return 0;
}

static int64_t check(const struct block_device *device,
                     struct block_request *request)
{
    int64_t error = 0;

    if (device->has_failed)
        return -EIO;
    if (request->operation == BLOCK_FLUSH)
        return 0;
    if (request->operation != BLOCK_READ && device->read_only)
        return -EROFS;
    if (request->operation == BLOCK_DISCARD) {
        if (!device->can_discard)
            return -EOPNOTSUPP;
        if (request->nr_sectors == 0 ||
            request->nr_sectors > device->max_discard)
            return -EINVAL;
    } else {
        error = count_sectors(device, request);
    }
    return error != 0 ? error : check_range(device, request);
}

/* ---- from submission to the end ---- */

/* Interrupts are disabled; error: what the check has found. */
static void give(struct block_device *device, struct block_request *request,
                 int64_t error)
{
    request->status = BLOCK_UNDER_WAY;
    if (request->done == NULL)
        wait_queue_init(&request->waiters);
    if (error != 0 || (request->operation == BLOCK_FLUSH && !device->can_flush))
        block_complete(request, error);
    else if (!list_is_empty(&device->waiting) ||
             !device->ops->submit(device, request))
        list_add_last(&device->waiting, &request->node);
}

void block_submit(struct block_device *device, struct block_request *request)
{
    bool irq_on = privops_irq_save();

    give(device, request, check(device, request));
    privops_irq_restore(irq_on);
}

void block_submit_checked(struct block_device *device,
                          struct block_request *request)
{
    bool irq_on = privops_irq_save();

    give(device, request, device->has_failed ? -EIO : 0);
    privops_irq_restore(irq_on);
}

void block_kick(struct block_device *device)
{
    bool irq_on = privops_irq_save();

    device->ops->kick(device);
    privops_irq_restore(irq_on);
}

void block_kick_quietly(struct block_device *device)
{
    if (device->ops->kick_quietly != NULL)
        device->ops->kick_quietly(device);
    else
        device->ops->kick(device);
}

void block_rest(struct block_device *device)
{
    if (device->ops->rest != NULL)
        device->ops->rest(device);
}

void block_complete(struct block_request *request, int64_t status)
{
    request->status = status;
    if (request->done != NULL)
        request->done(request);
    else
        wait_queue_wake_all(&request->waiters);
}

void block_has_room(struct block_device *device)
{
    struct block_request *request;

    if (list_is_empty(&device->waiting))
        return;
    while (!list_is_empty(&device->waiting)) {
        request =
            list_first_entry(&device->waiting, struct block_request, node);
        list_remove(&request->node);
        if (!device->ops->submit(device, request)) {
            list_add_first(&device->waiting, &request->node);
            break;
        }
    }
    device->ops->kick(device);
}

void block_fail(struct block_device *device)
{
    struct list_node *node;

    device->has_failed = true;
    while ((node = list_take_first(&device->waiting)) != NULL)
        block_complete(list_entry(node, struct block_request, node), -EIO);
}

int64_t block_wait(struct block_request *request)
{
    wait_event(&request->waiters, request->status != BLOCK_UNDER_WAY);
    return request->status;
}

int64_t block_do(struct block_device *device, struct block_request *request)
{
    block_submit(device, request);
    block_kick(device);
    return block_wait(request);
}
