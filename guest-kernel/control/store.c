/* SPDX-License-Identifier: MIT
 *
 * See store.h. A request to a device is passed on as it is: its segments are
 * machine addresses, whoever's the frames are.
 */
#include "guest-kernel/control/store.h"

#include "abi/control_device.h"
#include "guest-kernel/block/block.h"
#include "guest-kernel/block/block_page.h"
#include "guest-kernel/block/disk.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/device.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "lib/macros.h"
#include "lib/string.h"

#define SECTORS_OF_PAGE (PAGE_SIZE / BLOCK_SECTOR)
#define MAX_SECTORS 256u /* of a request */
#define MAX_DISCARD 8192u
#define RAM "ram:"
#define DEVICES "/dev/"

/* What is in the room of a request to a device. */
struct device_request {
    struct block_request request;
    struct block_device *device;
};

_Static_assert(sizeof(struct device_request) <=
                   sizeof(((struct blk_store_request *)0)->room),
               "a request of the block layer has room there");

/*
 * The identity of a store (abi/blk.h). Of a device: which it is, and where it
 * begins there; the size is told beside it. Memory is another store each time.
 */
#define MEMORY_IDENTITY (1ull << 63)

static uint64_t nr_opened; /* of memory */

/* ---- a device ---- */

static struct control_store *store_of(struct blk_store *store)
{
    return container_of(store, struct control_store, store);
}

/* What this kernel keeps of the disk is not what is there any more. */
static void forget(const struct device_request *inner)
{
    uint64_t start = inner->request.sector * BLOCK_SECTOR;
    uint64_t size = (uint64_t)inner->request.nr_sectors * BLOCK_SECTOR;

    block_page_forget(inner->device, start, start + size);
}

static void device_done(struct block_request *request)
{
    if (request->operation == BLOCK_WRITE ||
        request->operation == BLOCK_DISCARD)
        forget(container_of(request, struct device_request, request));
    blk_back_done(request->context, (int)request->status);
}

static void device_submit(struct blk_store *blk,
                          struct blk_store_request *request)
{
    const struct control_store *store = store_of(blk);
    struct device_request *room = (struct device_request *)request->room;
    struct block_request *inner = &room->request;

    room->device = store->device;
    inner->operation = (enum block_operation)request->request.operation;
    inner->nr_sectors = request->request.nr_sectors;
    inner->sector = store->first + request->request.sector;
    inner->segments = (const struct block_segment *)request->request.segments;
    inner->nr_segments = request->request.nr_segments;
    inner->done = device_done;
    inner->context = request;
    block_submit_checked(store->device, inner);
}

static void device_kick(struct blk_store *blk)
{
    block_kick_quietly(store_of(blk)->device);
}

static void device_rest(struct blk_store *blk)
{
    block_rest(store_of(blk)->device);
}

/* The part of a name before its number, if it has one. NULL: it is too long. */
static struct block_device *find_device(const char *name, unsigned long *number)
{
    char device[PARAPET_BLK_STORE_NAME];
    size_t length = strlen(name);
    char *end;

    while (length > 0 && name[length - 1] >= '0' && name[length - 1] <= '9')
        length--;
    if (name[length] == '\0' || length >= sizeof(device) ||
        block_find(name) != NULL) {
        *number = 0;
        return block_find(name);
    }
    *number = strtoul(name + length, &end, 10);
    memcpy(device, name, length);
    device[length] = '\0';
    return *number > 0 && *number <= PARTITION_MAX ? block_find(device) : NULL;
}

/* 0 or -ENOENT. */
static int64_t find(struct control_store *store, const char *name,
                    uint64_t *nr_sectors)
{
    unsigned long number;
    uint64_t start, end;
    const struct disk *disk;

    if (strncmp(name, DEVICES, strlen(DEVICES)) == 0)
        name += strlen(DEVICES);
    store->device = find_device(name, &number);
    if (store->device == NULL)
        return -ENOENT;
    *nr_sectors = store->device->nr_sectors;
    if (number == 0)
        return 0;
    if (store->device->number >= DISK_MAX)
        return -ENOENT;
    disk = disk_find(DEVICE(DISK_MAJOR, store->device->number * DISK_MINORS));
    if (disk == NULL || !disk_range(disk, (unsigned int)number, &start, &end))
        return -ENOENT;
    store->first = start / BLOCK_SECTOR;
    *nr_sectors = (end - start) / BLOCK_SECTOR;
    return 0;
}

static int64_t open_device(struct control_store *store, const char *name,
                           bool read_only)
{
    static const struct blk_store_ops ops = {
        .submit = device_submit,
        .kick = device_kick,
        .rest = device_rest,
    };
    const struct block_device *device;
    uint64_t nr_sectors;
    int64_t error = find(store, name, &nr_sectors);

    if (error != 0)
        return error;
    device = store->device;
    if (device->read_only && !read_only)
        return -EROFS;
    store->store = (struct blk_store){
        .disk =
            {
                .identity = (device->number + 1ull) << 48 | store->first,
                .nr_sectors = nr_sectors,
                .block_size = device->block_size,
                .most = MIN(MAX_SECTORS, device->max_bytes / BLOCK_SECTOR),
                .max_discard = device->max_discard,
                .read_only = read_only,
                .can_flush = device->can_flush,
                .can_discard = device->can_discard,
            },
        .ops = &ops,
    };
    return device->max_segments >= PARAPET_BLK_PARTS ? 0 : -EINVAL;
}

/* ---- memory ---- */

/* What was never written: a page that all share, once there is one. */
static void *zeros;
/* Pages of all disks that were not written yet: their domains may do that at
 * any time. */
static uint64_t nr_promised;

static void *ram_page(struct blk_store *blk, uint64_t number, bool to_write)
{
    struct control_store *store = store_of(blk);
    void **page = &store->pages[number];

    if (*page == NULL && !to_write)
        return zeros;
    if (*page == NULL) {
        *page = page_alloc(0);
        if (*page == NULL)
            return NULL;
        memset(*page, 0, PAGE_SIZE);
        nr_promised--;
    }
    return *page;
}

/* Whole pages are given back, parts of them cleared. */
static void discard(struct control_store *store, uint64_t sector, uint64_t nr)
{
    uint64_t part;
    void **page;

    for (; nr > 0; nr -= part, sector += part) {
        uint64_t at = sector % SECTORS_OF_PAGE;

        part = MIN(nr, SECTORS_OF_PAGE - at);
        page = &store->pages[sector / SECTORS_OF_PAGE];
        if (*page == NULL)
            continue;
        if (part < SECTORS_OF_PAGE) {
            memset((char *)*page + at * BLOCK_SECTOR, 0, part * BLOCK_SECTOR);
        } else {
            page_free(*page);
            *page = NULL;
            nr_promised++;
        }
    }
}

static void ram_submit(struct blk_store *blk, struct blk_store_request *request)
{
    if (request->request.operation == PARAPET_BLK_DISCARD)
        discard(store_of(blk), request->request.sector,
                request->request.nr_sectors);
    blk_back_done(request, 0);
}

static void ram_kick(struct blk_store *blk)
{
    (void)blk;
}

/* A size with K, M or G, in bytes; 0: it is none. */
static uint64_t size_of(const char *text)
{
    static const char units[] = "KMG";
    char *end;
    uint64_t size = strtoul(text, &end, 10);

    for (unsigned int i = 0; i < 3; i++)
        if (*end == units[i] && end[1] == '\0' && size <= MEMORY_LIMIT)
            return size << (10 * (i + 1)) <= MEMORY_LIMIT
                       ? size << (10 * (i + 1))
                       : 0;
    return 0;
}

static int64_t open_ram(struct control_store *store, const char *text,
                        bool read_only)
{
    static const struct blk_store_ops ops = {
        .submit = ram_submit, .kick = ram_kick, .page = ram_page};
    uint64_t size = size_of(text);

    if (size == 0 || size % PAGE_SIZE != 0)
        return -EINVAL;
    store->nr_pages = size / PAGE_SIZE;
    if (nr_promised + store->nr_pages > page_nr_free() / 2)
        return -ENOMEM;
    if (zeros == NULL)
        zeros = env_page_alloc();
    if (zeros != NULL)
        store->pages = kzalloc(store->nr_pages * sizeof(store->pages[0]));
    if (store->pages == NULL)
        return -ENOMEM;
    store->store = (struct blk_store){
        .disk =
            {
                .identity = MEMORY_IDENTITY | ++nr_opened,
                .nr_sectors = size / BLOCK_SECTOR,
                .block_size = BLOCK_SECTOR,
                .most = MAX_SECTORS,
                .max_discard = MAX_DISCARD,
                .read_only = read_only,
                .can_discard = true,
            },
        .ops = &ops,
    };
    nr_promised += store->nr_pages;
    return 0;
}

/* ---- both ---- */

int64_t control_store_open(struct control_store *store, const char *name,
                           bool read_only)
{
    *store = (struct control_store){.device = NULL};
    if (strncmp(name, RAM, strlen(RAM)) == 0)
        return open_ram(store, name + strlen(RAM), read_only);
    return open_device(store, name, read_only);
}

void control_store_close(struct control_store *store)
{
    if (store->pages == NULL)
        return;
    for (uint64_t i = 0; i < store->nr_pages; i++)
        if (store->pages[i] != NULL)
            page_free(store->pages[i]);
        else
            nr_promised--;
    kfree(store->pages);
}

bool control_store_overlap(const struct control_store *store,
                           const struct control_store *other)
{
    return store->device != NULL && store->device == other->device &&
           store->first < other->first + other->store.disk.nr_sectors &&
           other->first < store->first + store->store.disk.nr_sectors;
}
