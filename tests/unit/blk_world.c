/* SPDX-License-Identifier: MIT */
#include "tests/unit/blk_world.h"

#include <string.h>

#include "tests/unit/bus_ends.h"
#include "tests/unit/env_host.h"
#include "tests/unit/random.h"

#define ENOUGH 100000 /* turns until all are quiet */

struct parapet_bus_page *blk_page;
struct blk_pair blk_pair[2];

static enum blk_hostile hostile;
static uint32_t front_bus_port, back_bus_port;
static bool bus_told[2];

static bool is_honest(const struct blk_pair *pair, enum blk_hostile who)
{
    return pair != &blk_pair[0] || hostile != who;
}

static void hear_bus(uint32_t port, void *context)
{
    (void)port;
    (void)context;
    bus_told[env_host_is()] = true;
}

/* ---- the front-end's owner ---- */

static void ready(void *context, const struct blk_disk *disk)
{
    struct blk_pair *pair = context;

    MUST(env_host_is() == BLK_WORLD_FRONT);
    MUST(disk->nr_sectors == BLK_DISK_SECTORS || hostile == BLK_BACK);
    pair->nr_ready++;
}

static void done(void *context, void *cookie, int status)
{
    struct blk_pair *pair = context;

    MUST(env_host_is() == BLK_WORLD_FRONT);
    blk_client_done(&pair->client, cookie, status);
}

static void room(void *context)
{
    (void)context;
    MUST(env_host_is() == BLK_WORLD_FRONT);
}

static void event(void *context)
{
    struct blk_pair *pair = context;

    pair->told = true;
}

static bool replace(void *context, const struct blk_disk *disk)
{
    struct blk_pair *pair = context;

    MUST(env_host_is() == BLK_WORLD_FRONT);
    MUST(pair->client.nr_under_way == 0);
    MUST(!blk_disk_is_same(disk, &pair->front.disk));
    pair->nr_replaced += pair->may_be_replaced;
    return pair->may_be_replaced;
}

static const struct blk_front_user user = {ready, done, room, event, replace};

/* ---- turns ---- */

static bool serve_front(struct blk_pair *pair)
{
    bool told = pair->told;

    env_host_be(BLK_WORLD_FRONT);
    pair->told = false;
    if (told)
        blk_front_serve(&pair->front);
    return told;
}

/* The time for which it would sleep has always come. */
static bool serve_back(struct blk_pair *pair)
{
    uint64_t when;

    env_host_be(BLK_WORLD_BACK);
    pair->back.listener.unmask_at = 0;
    when = blk_back_serve(&pair->back);
    return when != ENV_FOREVER || env_bell_wait(pair->bell, 0);
}

/* Those that were told, told[END]; who is not done is told again. */
static void look(struct blk_pair *pair, const bool *told)
{
    if (told[BLK_WORLD_FRONT] && is_honest(pair, BLK_FRONT)) {
        env_host_be(BLK_WORLD_FRONT);
        bus_told[BLK_WORLD_FRONT] |= blk_front_look(&pair->front) == 1;
    }
    if (told[BLK_WORLD_BACK] && is_honest(pair, BLK_BACK)) {
        env_host_be(BLK_WORLD_BACK);
        bus_told[BLK_WORLD_BACK] |= blk_back_look(&pair->back) == 1;
    }
}

static bool turn(void)
{
    bool told[2] = {bus_told[0], bus_told[1]};
    bool more = told[0] || told[1];

    bus_told[0] = bus_told[1] = false;
    for (unsigned int i = 0; i < 2; i++) {
        look(&blk_pair[i], told);
        if (is_honest(&blk_pair[i], BLK_FRONT))
            more |= serve_front(&blk_pair[i]);
        if (is_honest(&blk_pair[i], BLK_BACK))
            more |= serve_back(&blk_pair[i]);
    }
    return more || bus_told[0] || bus_told[1];
}

void blk_world_settle(void)
{
    bool comes_to_rest = false;

    for (unsigned int i = 0; i < ENOUGH && !comes_to_rest; i++)
        comes_to_rest = !turn();
    MUST(comes_to_rest);
}

void blk_world_use(struct blk_pair *pair, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++) {
        unsigned int depth =
            1 + (unsigned int)(unit_random(&pair->random) % 32);

        env_host_be(BLK_WORLD_FRONT);
        while (pair->client.nr_under_way < depth &&
               blk_client_submit(&pair->client))
            ;
        blk_front_kick(&pair->front);
        (void)turn();
        if (pair->disk.is_slow && unit_random(&pair->random) % 4 != 0)
            (void)blk_disk_run(&pair->disk, unit_random(&pair->random));
    }
}

/* ---- from the begin to the end ---- */

static void begin_back(struct blk_pair *pair)
{
    env_host_be(BLK_WORLD_BACK);
    pair->back.bus = (struct bus_back){
        .slot = &blk_page->slots[pair - blk_pair],
        .port = back_bus_port,
        .domain = BLK_WORLD_FRONT,
        .device.index = (uint32_t)(pair - blk_pair),
    };
    pair->back.store = &pair->disk.store;
    pair->back.bell = pair->bell;
    MUST(blk_back_begin(&pair->back) >= 0);
}

static void begin_front(struct blk_pair *pair)
{
    env_host_be(BLK_WORLD_FRONT);
    blk_client_make(&pair->client, &pair->front, 77);
    pair->front.bus = (struct bus_front){
        .slot = &blk_page->slots[pair - blk_pair],
        .port = front_bus_port,
        .index = (uint32_t)(pair - blk_pair),
    };
    pair->front.domain = BLK_WORLD_BACK;
    pair->front.user = &user;
    pair->front.context = pair;
    MUST(blk_front_begin(&pair->front) >= 0);
}

void blk_world_begin(enum blk_hostile who, bool in_memory)
{
    env_host_reset();
    memset(blk_pair, 0, sizeof(blk_pair));
    bus_told[0] = bus_told[1] = false;
    hostile = who;
    env_host_be(BLK_WORLD_FRONT);
    blk_page = env_page_alloc();
    front_bus_port = (uint32_t)env_port_alloc(BLK_WORLD_BACK, hear_bus, NULL);
    env_host_be(BLK_WORLD_BACK);
    back_bus_port = (uint32_t)env_port_bind(BLK_WORLD_FRONT, front_bus_port,
                                            hear_bus, NULL);
    for (unsigned int i = 0; i < 2; i++) {
        struct blk_pair *pair = &blk_pair[i];

        pair->random = 3 + i;
        pair->bell = env_bell_make();
        blk_disk_make(&pair->disk, i == 0 && in_memory);
        if (is_honest(pair, BLK_BACK))
            begin_back(pair);
        if (is_honest(pair, BLK_FRONT))
            begin_front(pair);
    }
    blk_world_settle();
}

void blk_world_start_back(struct blk_pair *pair)
{
    begin_back(pair);
}

/* The thread of domain 0 serves until it has stopped. */
void blk_world_stop_back(struct blk_pair *pair)
{
    env_host_be(BLK_WORLD_BACK);
    (void)blk_back_stop(&pair->back);
    while (pair->back.bus.state != PARAPET_BUS_closed) {
        while (blk_disk_run(&pair->disk, 0))
            ;
        (void)blk_back_serve(&pair->back);
    }
    MUST(pair->back.nr_under_way == 0 && pair->back.nr_held == 0);
    blk_back_end(&pair->back);
}

static void end_back(struct blk_pair *pair)
{
    unsigned int others = 0;

    blk_world_stop_back(pair);
    for (unsigned int i = 0; i < 2; i++)
        others += blk_pair[i].back.bus.state == PARAPET_BUS_connected;
    if (others == 0) {
        MUST(env_host_use(BLK_WORLD_BACK).held == 0);
        MUST(env_host_use(BLK_WORLD_BACK).mapped == 0 || hostile == BLK_BACK);
    }
}

static void end_front(struct blk_pair *pair)
{
    int error;

    env_host_be(BLK_WORLD_FRONT);
    (void)blk_front_stop(&pair->front);
    MUST(pair->front.bus.state == PARAPET_BUS_closed ||
         !is_honest(pair, BLK_BACK));
    pair->client.may_fail = true;
    error = blk_front_end(&pair->front);
    MUST(error == 0 || !is_honest(pair, BLK_BACK));
    if (error == 0) {
        MUST(pair->client.nr_under_way == 0);
        blk_client_free(&pair->client);
    }
}

void blk_world_end(void)
{
    for (unsigned int i = 0; i < 2; i++)
        if (is_honest(&blk_pair[i], BLK_BACK))
            end_back(&blk_pair[i]);
    for (unsigned int i = 0; i < 2; i++)
        if (is_honest(&blk_pair[i], BLK_FRONT))
            end_front(&blk_pair[i]);
    for (unsigned int i = 0; i < 2; i++) {
        blk_disk_free(&blk_pair[i].disk);
        env_bell_free(blk_pair[i].bell);
    }
    if (hostile != BLK_NOBODY)
        return;
    MUST(env_host_use(BLK_WORLD_FRONT).lent == 0);
    MUST(env_host_use(BLK_WORLD_FRONT).reserved == 0);
    MUST(env_host_use(BLK_WORLD_FRONT).pages == 1);
    MUST(env_host_use(BLK_WORLD_FRONT).ports == 1);
    MUST(env_host_use(BLK_WORLD_BACK).pages == 0);
    MUST(env_host_use(BLK_WORLD_BACK).ports == 1);
}
