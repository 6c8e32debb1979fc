/* SPDX-License-Identifier: MIT
 *
 * See blk_hostile.h. Bytes say what happens, in steps of four.
 */
#include <string.h>

#include "lib/macros.h"
#include "tests/unit/blk_hostile.h"
#include "tests/unit/bus_ends.h"
#include "tests/unit/env_host.h"
#include "tests/unit/random.h"

#define STEP 4
#define NR_HELD 8

static enum blk_hostile who;
static struct parapet_grant_run held[NR_HELD]; /* by a hostile back-end */
static unsigned int nr_held;

/* About where things change, or any number. */
static uint32_t number(uint8_t a, uint8_t b)
{
    return a < 0xc0 ? (uint32_t)(int8_t)b : a * 0x01020304u + b;
}

/* ---- what either end may spoil ---- */

static void spoil_ring(const uint8_t *data)
{
    struct parapet_ring *page =
        who == BLK_FRONT ? hostile_front.page : hostile_back.loan.page;
    uint32_t value = number(data[2], data[3]);

    if (page)
        memcpy((uint8_t *)page + data[1] % 64u * 64, &value, sizeof(value));
}

static void spoil_bus(const uint8_t *data)
{
    uint32_t *words = (uint32_t *)&blk_page->slots[0];

    words[data[1] % 32] =
        data[2] < 0x80 ? data[2] % 8u : number(data[2], data[3]);
}

/* ---- a hostile front-end ---- */

static void ask(const uint8_t *data)
{
    struct parapet_blk_request request = {
        .operation = data[1] % 5,
        .nr_parts = data[1] & 0x80 ? data[2] : data[2] % 12,
        .id = data[3],
        .ref = data[1] & 0x40 ? hostile_front.ref + data[3]
                              : hostile_front.ref + data[3] % 22u,
        .nr_sectors = data[2],
        .sector =
            data[1] & 0x20 ? (uint64_t)data[3] << 3 : data[3] % 100u * 8u};
    uint64_t random =
        (uint64_t)data[1] << 16 | (uint64_t)data[2] << 8 | data[3];

    for (unsigned int i = 0; i < sizeof(request.parts); i++) {
        uint64_t first = unit_random(&random) % 8;

        request.parts[i] = PARAPET_BLK_PART(
            first, 1 + (random >> 20) % (random >> 60 ? 8 - first : 16));
    }
    hostile_front_puts(&request);
}

/* Takes back what it lends, or has it lent to nobody for a while. */
static void change_grants(const uint8_t *data)
{
    uint32_t ref = hostile_front.ref + data[1] % HOSTILE_REFS;

    env_host_be(BLK_WORLD_FRONT);
    (void)env_take_back(ref);
    if (data[2] % 2 == 0)
        (void)env_lend(BLK_WORLD_BACK, hostile_front.data[data[2] % 4],
                       data[3] % 2);
}

static void front_step(const uint8_t *data)
{
    uint32_t id;

    switch (data[0] >> 3 & 7) {
    case 0:
        change_grants(data);
        break;
    case 1:
        spoil_bus(data);
        break;
    case 2:
        spoil_ring(data);
        break;
    case 3:
        env_host_be(BLK_WORLD_FRONT);
        env_port_send(hostile_front.port);
        break;
    default:
        ask(data);
        (void)hostile_front_hears(&id);
        break;
    }
}

/* ---- a hostile back-end ---- */

static void hold_or_release(const uint8_t *data)
{
    static uint64_t maddrs[PARAPET_MAX_GRANT_RUN];
    struct parapet_grant_run *hold = &held[nr_held];
    struct parapet_grant_unmap release;

    env_host_be(BLK_WORLD_BACK);
    if (data[1] % 2 == 0 && nr_held < NR_HELD) {
        *hold = (struct parapet_grant_run){.domain = BLK_WORLD_FRONT,
                                           .flags = PARAPET_GRANT_READONLY,
                                           .ref = blk_pair[0].front.first_ref +
                                                  data[2],
                                           .nr = 1 + data[3] % 3u,
                                           .maddrs = (uint64_t)maddrs};
        env_hold_run(hold, 1);
        nr_held += hold->status == 0;
    } else if (nr_held > 0) {
        release.handle = held[--nr_held].handle;
        env_release(&release, 1);
    }
}

static void answer(const uint8_t *data)
{
    struct parapet_blk_request request;

    if (!hostile_back_takes(&request))
        return;
    if (data[1] < 16)
        request.id = number(data[2], data[3]);
    /* It never says that it has done what it has not. */
    hostile_back_answers(
        request.id, data[1] % 4 ? -5 : (int32_t)number(data[2], data[3]) | 1);
}

static void connect(void)
{
    static const struct blk_disk disk = {.nr_sectors = BLK_DISK_SECTORS,
                                         .block_size = 512,
                                         .most = 256,
                                         .can_flush = true};

    if (blk_page->slots[0].back.state != PARAPET_BUS_connected) {
        hostile_back_lets_go();
        blk_page->slots[0].back.state = PARAPET_BUS_closing;
        blk_world_settle();
        hostile_back_offers(&disk);
    }
    if (blk_pair[0].front.bus.state == PARAPET_BUS_wanted)
        hostile_back_connects();
}

static void back_step(const uint8_t *data)
{
    switch (data[0] >> 3 & 7) {
    case 0:
        hold_or_release(data);
        break;
    case 1:
        if (data[1] < 32)
            spoil_bus(data);
        else
            connect();
        break;
    case 2:
        spoil_ring(data);
        break;
    case 3:
        env_host_be(BLK_WORLD_BACK);
        if (hostile_back.loan.page)
            env_port_send((uint32_t)hostile_back.port);
        break;
    case 4:
        blk_world_use(&blk_pair[0], data[1] % 4);
        break;
    default:
        answer(data);
        break;
    }
}

/* ---- all of it ---- */

static void step(const uint8_t *data)
{
    switch (data[0] & 7) {
    case 0:
        blk_world_use(&blk_pair[1], data[1] % 4);
        break;
    case 1:
        blk_world_settle();
        break;
    case 2:
        blk_pair[0].disk.is_slow = data[1] % 2;
        (void)blk_disk_run(&blk_pair[0].disk, data[2]);
        break;
    default:
        if (who == BLK_FRONT)
            front_step(data);
        else
            back_step(data);
        break;
    }
}

static void let_all_go(void)
{
    while (nr_held > 0)
        hold_or_release((const uint8_t[STEP]){0, 1});
    while (blk_disk_run(&blk_pair[0].disk, 0))
        ;
    if (who == BLK_BACK) {
        hostile_back_lets_go();
        blk_page->slots[0].back.state = PARAPET_BUS_closed;
        env_host_be(BLK_WORLD_FRONT);
        (void)blk_front_look(&blk_pair[0].front);
    }
}

void blk_explore(enum blk_hostile hostile, const uint8_t *data, size_t size)
{
    const uint8_t *end = data + MIN(size, (size_t)BLK_EXPLORE_BYTES);

    if (size == 0)
        return;
    who = hostile;
    nr_held = 0;
    blk_world_begin(who, *data++ % 2);
    memset(&hostile_back, 0, sizeof(hostile_back));
    blk_pair[0].client.may_fail = true;
    if (who == BLK_FRONT)
        hostile_front_connects();
    else
        connect();
    for (; end - data >= STEP; data += STEP)
        step(data);
    let_all_go();
    blk_world_settle();
    blk_world_use(&blk_pair[1], 5);
    blk_world_settle();
    MUST(blk_pair[1].client.nr_failed == 0);
    MUST(blk_pair[1].client.nr_under_way == 0);
    blk_client_check(&blk_pair[1].client, &blk_pair[1].disk);
    blk_world_end();
}
