/* SPDX-License-Identifier: MIT
 *
 * Between block/block.h and pvdrivers/blk_front.h. Interrupts are disabled
 * wherever a front-end is touched; answers are taken by the handler of its
 * port.
 */
#include "guest-kernel/pvenv/blk.h"

#include "abi/errors.h"
#include "guest-kernel/block/block.h"
#include "guest-kernel/block/disk.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/mm/slab.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "pvdrivers/blk_front.h"
#include "pvdrivers/env.h"

/* Who serves: the control domain. */
#define SERVER 0u
#define NR_NAMES 26u
/* Of a request: 128 KiB. */
#define MAX_SECTORS 256u

struct served {
    struct blk_front front;
    struct block_device device;
    char name[8];
    bool is_registered;
    bool was_replaced; /* and not read since */
};

static struct served *disks[PARAPET_BUS_SLOTS]; /* by slot */
static struct env_bell *look_again;

/* The two have one layout, and the operations are the same. */
_Static_assert(sizeof(struct blk_segment) == sizeof(struct block_segment) &&
                   offsetof(struct blk_segment, size) ==
                       offsetof(struct block_segment, size) &&
                   offsetof(struct blk_segment, maddr) ==
                       offsetof(struct block_segment, maddr),
               "a segment is passed on as it is");
_Static_assert(PARAPET_BLK_READ == (int)BLOCK_READ &&
                   PARAPET_BLK_WRITE == (int)BLOCK_WRITE &&
                   PARAPET_BLK_FLUSH == (int)BLOCK_FLUSH &&
                   PARAPET_BLK_DISCARD == (int)BLOCK_DISCARD,
               "and so is an operation");

/* ---- from the block layer ---- */

static bool submit(struct block_device *device, struct block_request *request)
{
    struct served *disk = device->context;
    bool is_transfer = request->operation <= BLOCK_WRITE;
    const struct blk_request wish = {
        .operation = (uint16_t)request->operation,
        .nr_segments = is_transfer ? (uint16_t)request->nr_segments : 0,
        .nr_sectors = request->nr_sectors,
        .sector = request->sector,
        .segments = (const struct blk_segment *)request->segments,
        .cookie = request,
    };

    return blk_front_submit(&disk->front, &wish) == 0;
}

static void kick(struct block_device *device)
{
    struct served *disk = device->context;

    blk_front_kick(&disk->front);
    device->nr_told = disk->front.nr_told;
}

static void unused(struct block_device *device)
{
    (void)device;
    env_bell_ring(look_again);
}

/* ---- from the front-end ---- */

static void tell(const struct served *disk)
{
    kprintf("guest: %s: %lu KiB%s, served by domain %u\n", disk->name,
            disk->device.nr_sectors / 2,
            disk->device.read_only ? ", read-only" : "", disk->front.domain);
}

static void describe(struct block_device *device, const struct blk_disk *is)
{
    device->nr_sectors = is->nr_sectors;
    device->block_size = is->block_size;
    device->max_bytes = MIN(is->most, MAX_SECTORS) * PARAPET_BLK_SECTOR;
    device->max_discard = is->max_discard;
    device->read_only = is->read_only;
    device->can_flush = is->can_flush;
    device->can_discard = is->can_discard;
}

static void begin_device(struct served *disk, const struct blk_disk *is)
{
    static const struct block_device_ops ops = {
        .submit = submit, .kick = kick, .unused = unused};

    disk->is_registered = true;
    disk->device = (struct block_device){
        .name = disk->name,
        .max_segments = PARAPET_BLK_PARTS,
        .ops = &ops,
        .context = disk,
    };
    describe(&disk->device, is);
    tell(disk);
    block_register(&disk->device);
}

static void ready(void *context, const struct blk_disk *is)
{
    struct served *disk = context;

    if (!disk->is_registered)
        begin_device(disk, is);
    if (!disk->was_replaced)
        return;
    disk->was_replaced = false;
    tell(disk);
    disk_read_again(&disk->device);
}

static bool replace(void *context, const struct blk_disk *is)
{
    struct served *disk = context;

    if (!list_is_empty(&disk->device.waiting) || disk_is_used(&disk->device))
        return false;
    describe(&disk->device, is);
    disk_replaced(&disk->device);
    disk->was_replaced = true;
    return true;
}

static void done(void *context, void *cookie, int status)
{
    (void)context;
    block_complete(cookie, status);
}

static void room(void *context)
{
    struct served *disk = context;

    if (disk->is_registered)
        block_has_room(&disk->device);
}

/* What was broken stays so. */
static void fail_if_broken(struct served *disk)
{
    if (disk->front.bus.broken && disk->is_registered &&
        !disk->device.has_failed)
        block_fail(&disk->device);
}

static void event(void *context)
{
    struct served *disk = context;

    blk_front_serve(&disk->front);
    disk->device.nr_told = disk->front.nr_told;
    disk->device.nr_heard = disk->front.nr_heard;
    fail_if_broken(disk);
}

/* ---- the slots ---- */

/* A disk that is offered there and has a name of its own; or NULL. */
static struct served *find(struct parapet_bus_slot *slot, uint32_t port)
{
    static const struct blk_front_user user = {ready, done, room, event,
                                               replace};
    struct served *disk;
    uint32_t index;

    if (__atomic_load_n(&slot->back.state, __ATOMIC_ACQUIRE) !=
            PARAPET_BUS_offered ||
        __atomic_load_n(&slot->back.kind, __ATOMIC_RELAXED) != PARAPET_BUS_BLK)
        return NULL;
    index = __atomic_load_n(&slot->back.index, __ATOMIC_RELAXED);
    disk = index < NR_NAMES ? kzalloc(sizeof(*disk)) : NULL;
    if (disk == NULL)
        return NULL;
    (void)string_format(disk->name, sizeof(disk->name), "xvd%c",
                        (char)('a' + index));
    disk->front.bus =
        (struct bus_front){.slot = slot, .port = port, .index = index};
    disk->front.domain = SERVER;
    disk->front.user = &user;
    disk->front.context = disk;
    return disk;
}

void pvenv_blk_init(struct env_bell *bell)
{
    look_again = bell;
}

static bool has_name(const char *name)
{
    for (uint32_t i = 0; i < PARAPET_BUS_SLOTS; i++)
        if (disks[i] != NULL && strcmp(disks[i]->name, name) == 0)
            return true;
    return false;
}

static bool begin(struct parapet_bus_slot *slot, uint32_t i, uint32_t port)
{
    struct served *disk = find(slot, port);
    int result = -PARAPET_EEXIST;

    if (disk == NULL)
        return false;
    if (!has_name(disk->name)) {
        disks[i] = disk;
        result = blk_front_begin(&disk->front);
    }
    if (result == -PARAPET_ENOSPC) {
        kprintf("guest: %s is not used: it has no grants left for it\n",
                disk->name);
        disks[i] = NULL;
    }
    if (disks[i] == NULL)
        kfree(disk);
    return result == 1;
}

bool pvenv_blk_look(struct parapet_bus_slot *slot, uint32_t i, uint32_t port)
{
    struct served *disk = disks[i];
    int result;

    if (disk == NULL)
        return begin(slot, i, port);
    result = blk_front_look(&disk->front);
    disk->device.is_away = !disk->front.is_connected && bus_slot_is_empty(slot);
    fail_if_broken(disk);
    return result == 1;
}

bool pvenv_blk_fail(void)
{
    bool some_left = false;

    for (uint32_t i = 0; i < PARAPET_BUS_SLOTS; i++) {
        struct served *disk = disks[i];

        if (disk == NULL)
            continue;
        bus_front_break(&disk->front.bus, "the control domain has ended");
        (void)blk_front_look(&disk->front);
        fail_if_broken(disk);
        some_left |= disk->front.nr_free != PARAPET_BLK_REQUESTS;
    }
    return some_left;
}
