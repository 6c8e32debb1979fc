/* SPDX-License-Identifier: MIT */
#include "tests/unit/blk_disk.h"

#include <stdlib.h>
#include <string.h>

#include "pvdrivers/error.h"
#include "tests/unit/bus_ends.h"
#include "tests/unit/env_host.h"

static struct blk_disk_device *disk_of(struct blk_store *store)
{
    return store->context;
}

/* What was checked by the back-end holds. */
static void check(const struct blk_disk_device *disk,
                  const struct blk_request *request)
{
    const struct blk_disk *is = &disk->store.disk;
    uint64_t sectors = 0;

    MUST(request->operation <= PARAPET_BLK_DISCARD);
    MUST(request->operation == PARAPET_BLK_READ || !is->read_only ||
         request->operation == PARAPET_BLK_FLUSH);
    for (unsigned int i = 0; i < request->nr_segments; i++) {
        const struct blk_segment *segment = &request->segments[i];

        MUST(segment->size > 0 && segment->size % PARAPET_BLK_SECTOR == 0);
        MUST(segment->maddr % PARAPET_BLK_SECTOR == 0);
        MUST(segment->maddr % ENV_PAGE_SIZE + segment->size <= ENV_PAGE_SIZE);
        sectors += segment->size / PARAPET_BLK_SECTOR;
    }
    if (request->operation <= PARAPET_BLK_WRITE)
        MUST(sectors == request->nr_sectors && sectors > 0 &&
             sectors <= is->most);
    else
        MUST(request->nr_segments == 0);
    if (request->operation == PARAPET_BLK_DISCARD)
        MUST(is->can_discard && request->nr_sectors > 0 &&
             request->nr_sectors <= is->max_discard);
    if (request->operation != PARAPET_BLK_FLUSH)
        MUST(request->sector <= is->nr_sectors &&
             request->nr_sectors <= is->nr_sectors - request->sector);
}

static void transfer(struct blk_disk_device *disk,
                     const struct blk_request *request)
{
    uint8_t *at = disk->bytes + request->sector * PARAPET_BLK_SECTOR;

    for (unsigned int i = 0; i < request->nr_segments; i++) {
        const struct blk_segment *segment = &request->segments[i];

        if (request->operation == PARAPET_BLK_READ)
            memcpy(env_host_frame(segment->maddr), at, segment->size);
        else
            memcpy(at, env_host_frame(segment->maddr), segment->size);
        at += segment->size;
    }
    if (request->operation == PARAPET_BLK_DISCARD)
        memset(at, 0, (size_t)request->nr_sectors * PARAPET_BLK_SECTOR);
}

bool blk_disk_run(struct blk_disk_device *disk, uint64_t which)
{
    struct blk_store_request *request = NULL;

    pthread_mutex_lock(&disk->lock);
    if (disk->nr_queued > 0) {
        which %= disk->nr_queued;
        request = disk->queue[which];
        disk->queue[which] = disk->queue[--disk->nr_queued];
        if (disk->fails == 0)
            transfer(disk, &request->request);
        disk->nr_done++;
    }
    pthread_mutex_unlock(&disk->lock);
    if (!request)
        return false;
    memset(request->room, 0xee, sizeof(request->room));
    blk_back_done(request, disk->fails);
    return true;
}

static void submit(struct blk_store *store, struct blk_store_request *request)
{
    struct blk_disk_device *disk = disk_of(store);

    check(disk, &request->request);
    if (store->ops->page)
        MUST(request->request.nr_segments == 0);
    pthread_mutex_lock(&disk->lock);
    MUST(disk->nr_queued < PARAPET_BLK_REQUESTS);
    disk->queue[disk->nr_queued++] = request;
    pthread_mutex_unlock(&disk->lock);
}

static void kick(struct blk_store *store)
{
    disk_of(store)->nr_kicks++;
}

static void do_all(struct blk_store *store)
{
    struct blk_disk_device *disk = disk_of(store);

    while (!disk->is_slow && blk_disk_run(disk, 0))
        ;
}

static void kick_memory(struct blk_store *store)
{
    kick(store);
    do_all(store);
}

static void *page(struct blk_store *store, uint64_t number, bool to_write)
{
    struct blk_disk_device *disk = disk_of(store);

    MUST(number < BLK_DISK_SECTORS * PARAPET_BLK_SECTOR / ENV_PAGE_SIZE);
    MUST(!to_write || !store->disk.read_only);
    return disk->fails ? NULL : disk->bytes + number * ENV_PAGE_SIZE;
}

void blk_disk_make(struct blk_disk_device *disk, bool in_memory)
{
    static const struct blk_store_ops device_ops = {
        .submit = submit, .kick = kick, .rest = do_all};
    static const struct blk_store_ops memory_ops = {
        .submit = submit, .kick = kick_memory, .page = page};

    *disk = (struct blk_disk_device){
        .store =
            {
                .disk =
                    {
                        .nr_sectors = BLK_DISK_SECTORS,
                        .block_size = PARAPET_BLK_SECTOR,
                        .most = 256,
                        .max_discard = 128,
                        .can_flush = true,
                        .can_discard = true,
                    },
                .ops = in_memory ? &memory_ops : &device_ops,
            },
        .bytes = calloc(BLK_DISK_SECTORS, PARAPET_BLK_SECTOR),
    };
    disk->store.context = disk;
    pthread_mutex_init(&disk->lock, NULL);
}

void blk_disk_free(struct blk_disk_device *disk)
{
    MUST(disk->nr_queued == 0);
    free(disk->bytes);
    pthread_mutex_destroy(&disk->lock);
}
