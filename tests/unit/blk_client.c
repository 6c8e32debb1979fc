/* SPDX-License-Identifier: MIT */
#include "tests/unit/blk_client.h"

#include <string.h>

#include "abi/errors.h"
#include "lib/macros.h"
#include "pvdrivers/error.h"
#include "tests/unit/bus_ends.h"
#include "tests/unit/env_host.h"
#include "tests/unit/random.h"

#define WORDS (PARAPET_BLK_SECTOR / 8)

/* ---- what a sector says ---- */

/* Of generation 0 it was never written, or discarded: zeros. */
static uint64_t word_of(uint32_t sector, uint32_t generation, unsigned int i)
{
    if (generation == 0)
        return 0;
    return ((uint64_t)generation << 32 | sector) * 0x9e3779b97f4a7c15u +
           i * 0x5851f42d4c957f2du;
}

static void write_sector(uint8_t *at, uint32_t sector, uint32_t generation)
{
    for (unsigned int i = 0; i < WORDS; i++) {
        uint64_t word = word_of(sector, generation, i);

        memcpy(at + i * 8, &word, 8);
    }
}

static bool says(const uint8_t *at, uint32_t sector, uint32_t generation)
{
    for (unsigned int i = 0; i < WORDS; i++) {
        uint64_t word = word_of(sector, generation, i);

        if (memcmp(at + i * 8, &word, 8) != 0)
            return false;
    }
    return true;
}

static void check_sector(const struct blk_client *client, const uint8_t *at,
                         uint32_t sector)
{
    MUST(says(at, sector, client->generation[sector]) ||
         says(at, sector, client->maybe[sector]));
}

/* ---- to submit ---- */

static uint64_t random_below(struct blk_client *client, uint64_t below)
{
    return unit_random(&client->random) % below;
}

static struct blk_client_request *free_request(struct blk_client *client)
{
    for (unsigned int i = 0; i < PARAPET_BLK_REQUESTS; i++)
        if (!client->requests[i].is_taken)
            return &client->requests[i];
    return NULL;
}

/* Parts of pages, most of them whole ones; until the disk, or the longest
 * request, is at its end. */
static void make_segments(struct blk_client *client,
                          struct blk_client_request *request)
{
    uint64_t wanted = 1 + random_below(client, client->max_segments);
    unsigned int nr = (unsigned int)MIN(client->nr_free, wanted);
    uint32_t most = (uint32_t)MIN(client->front->disk.most,
                                  BLK_DISK_SECTORS - request->wish.sector);

    while (request->nr_pages < nr && request->sectors < most) {
        unsigned int i = request->nr_pages++;
        uint32_t first = 0, sectors = 8;

        if (random_below(client, 4) == 0) {
            first = (uint32_t)random_below(client, 8);
            sectors = 1 + (uint32_t)random_below(client, 8 - first);
        }
        sectors = MIN(sectors, most - request->sectors);
        request->pages[i] = client->pages[--client->nr_free];
        request->segments[i] = (struct blk_segment){
            env_page_mfn(request->pages[i]) * ENV_PAGE_SIZE +
                first * PARAPET_BLK_SECTOR,
            sectors * PARAPET_BLK_SECTOR};
        request->sectors += sectors;
    }
    request->wish.segments = request->segments;
    request->wish.nr_segments = (uint16_t)request->nr_pages;
}

static uint8_t *place_of(const struct blk_client_request *request,
                         unsigned int i)
{
    return request->pages[i] + request->segments[i].maddr % ENV_PAGE_SIZE;
}

/* Calls for each sector with its place in memory. */
static void each_sector(struct blk_client *client,
                        struct blk_client_request *request,
                        void (*call)(struct blk_client *client,
                                     struct blk_client_request *request,
                                     uint8_t *at, uint32_t sector))
{
    uint32_t sector = (uint32_t)request->wish.sector;

    for (unsigned int i = 0; i < request->nr_pages; i++)
        for (uint32_t at = 0; at < request->segments[i].size;
             at += PARAPET_BLK_SECTOR)
            call(client, request, place_of(request, i) + at, sector++);
}

static void write_one(struct blk_client *client,
                      struct blk_client_request *request, uint8_t *at,
                      uint32_t sector)
{
    (void)client;
    write_sector(at, sector, request->generation);
}

static void spoil_one(struct blk_client *client,
                      struct blk_client_request *request, uint8_t *at,
                      uint32_t sector)
{
    (void)client;
    (void)request;
    memset(at, (int)sector, PARAPET_BLK_SECTOR);
}

static bool is_busy(const struct blk_client *client,
                    const struct blk_client_request *request)
{
    for (uint32_t i = 0; i < request->sectors; i++)
        if (client->is_busy[request->wish.sector + i])
            return true;
    return false;
}

static void set_busy(struct blk_client *client,
                     const struct blk_client_request *request, bool busy)
{
    for (uint32_t i = 0; i < request->sectors; i++)
        client->is_busy[request->wish.sector + i] = busy;
}

/* What it does, and to which sectors; all but the node of the ring. */
static void plan(struct blk_client *client, struct blk_client_request *request)
{
    static const uint16_t operations[] = {
        PARAPET_BLK_READ,  PARAPET_BLK_READ,   PARAPET_BLK_READ,
        PARAPET_BLK_WRITE, PARAPET_BLK_WRITE,  PARAPET_BLK_WRITE,
        PARAPET_BLK_FLUSH, PARAPET_BLK_DISCARD};
    uint64_t some = 1 + random_below(client, 32);

    *request = (struct blk_client_request){.is_taken = true};
    request->wish = (struct blk_request){
        .operation = operations[random_below(client, ARRAY_SIZE(operations))],
        .sector = random_below(client, BLK_DISK_SECTORS),
        .cookie = request,
    };
    if (request->wish.operation <= PARAPET_BLK_WRITE)
        make_segments(client, request);
    if (request->wish.operation == PARAPET_BLK_DISCARD)
        request->wish.nr_sectors = request->sectors =
            (uint32_t)MIN(some, BLK_DISK_SECTORS - request->wish.sector);
    if (request->wish.operation == PARAPET_BLK_WRITE)
        request->generation = ++client->last_generation;
}

static void give_up(struct blk_client *client,
                    struct blk_client_request *request)
{
    while (request->nr_pages > 0)
        client->pages[client->nr_free++] = request->pages[--request->nr_pages];
    request->is_taken = false;
}

bool blk_client_submit(struct blk_client *client)
{
    struct blk_client_request *request = free_request(client);
    int result;

    if (!request || client->nr_free == 0)
        return false;
    plan(client, request);
    if (is_busy(client, request)) {
        give_up(client, request);
        return true;
    }
    if (request->wish.operation == PARAPET_BLK_WRITE)
        each_sector(client, request, write_one);
    else if (request->wish.operation == PARAPET_BLK_READ)
        each_sector(client, request, spoil_one);
    set_busy(client, request, true);
    client->nr_under_way++;
    result = blk_front_submit(client->front, &request->wish);
    if (result == 0)
        return true;
    MUST(result == -PARAPET_EAGAIN || (client->may_fail && result == -PV_EIO));
    client->nr_under_way--;
    set_busy(client, request, false);
    give_up(client, request);
    return false;
}

/* ---- done ---- */

static void check_one(struct blk_client *client,
                      struct blk_client_request *request, uint8_t *at,
                      uint32_t sector)
{
    (void)request;
    check_sector(client, at, sector);
}

/* Of a write or a discard. */
static void acknowledge(struct blk_client *client,
                        const struct blk_client_request *request, bool failed)
{
    for (uint32_t i = 0; i < request->sectors; i++) {
        client->maybe[request->wish.sector + i] = request->generation;
        if (!failed)
            client->generation[request->wish.sector + i] = request->generation;
    }
}

void blk_client_done(struct blk_client *client, void *cookie, int status)
{
    struct blk_client_request *request = cookie;

    MUST(request->is_taken);
    MUST(status == 0 || client->may_fail);
    if (request->wish.operation != PARAPET_BLK_READ)
        acknowledge(client, request, status != 0);
    else if (status == 0)
        each_sector(client, request, check_one);
    set_busy(client, request, false);
    client->nr_under_way--;
    client->nr_done++;
    client->nr_failed += status != 0;
    give_up(client, request);
}

/* ---- from its begin to its end ---- */

void blk_client_make(struct blk_client *client, struct blk_front *front,
                     uint64_t seed)
{
    memset(client, 0, sizeof(*client));
    client->front = front;
    client->random = seed;
    client->max_segments = PARAPET_BLK_PARTS;
    while (client->nr_free < BLK_CLIENT_PAGES) {
        client->pages[client->nr_free] = env_page_alloc();
        MUST(client->pages[client->nr_free] != NULL);
        client->nr_free++;
    }
}

void blk_client_free(struct blk_client *client)
{
    MUST(client->nr_free == BLK_CLIENT_PAGES);
    while (client->nr_free > 0)
        env_page_free(client->pages[--client->nr_free]);
}

void blk_client_check(const struct blk_client *client,
                      const struct blk_disk_device *disk)
{
    for (uint32_t sector = 0; sector < BLK_DISK_SECTORS; sector++)
        check_sector(client, disk->bytes + sector * PARAPET_BLK_SECTOR, sector);
}
