/* SPDX-License-Identifier: MIT */
#include "tests/unit/blk_hostile.h"

#include <string.h>

#include "tests/unit/bus_ends.h"
#include "tests/unit/env_host.h"

struct hostile_front hostile_front;
struct hostile_back hostile_back;

static struct parapet_bus_slot *slot_0(void)
{
    return &blk_page->slots[0];
}

static void hear(uint32_t port, void *context)
{
    (void)port;
    (void)context;
}

/* ---- the front-end ---- */

static uint32_t lend(void *page, bool read_only)
{
    int ref = env_lend(BLK_WORLD_BACK, page, read_only);

    MUST(ref >= 0);
    return (uint32_t)ref;
}

void hostile_front_connects(void)
{
    struct hostile_front *front = &hostile_front;

    env_host_be(BLK_WORLD_FRONT);
    front->page = env_page_alloc();
    ring_front_init(&front->ring, front->page,
                    sizeof(struct parapet_blk_request));
    slot_0()->front.ring = lend(front->page, false);
    front->port = (uint32_t)env_port_alloc(BLK_WORLD_BACK, hear, NULL);
    slot_0()->front.port = front->port;
    slot_0()->front.parameters[PARAPET_BLK_FRONT_VERSION] = PARAPET_BLK_VERSION;
    for (unsigned int i = 0; i < HOSTILE_PAGES; i++)
        front->data[i] = env_page_alloc();
    front->ref = lend(front->data[0], false);
    for (uint32_t i = 1; i < HOSTILE_REFS; i++)
        MUST(lend(front->data[i % HOSTILE_PAGES], false) == front->ref + i);
    front->read_only = lend(front->data[HOSTILE_PAGES - 1], true);
    __atomic_store_n(&slot_0()->front.state, PARAPET_BUS_wanted,
                     __ATOMIC_SEQ_CST);
    env_host_be(BLK_WORLD_BACK);
    (void)blk_back_look(&blk_pair[0].back);
}

void hostile_front_puts(const struct parapet_blk_request *request)
{
    env_host_be(BLK_WORLD_FRONT);
    if (ring_front_put(&hostile_front.ring, request, sizeof(*request)) == 0 &&
        ring_front_push(&hostile_front.ring))
        env_port_send(hostile_front.port);
}

int hostile_front_hears(uint32_t *id)
{
    struct parapet_blk_response response;

    if (ring_front_take(&hostile_front.ring, &response, sizeof(response)) != 1)
        return 1;
    *id = response.id;
    return response.status;
}

/* ---- the back-end ---- */

void hostile_back_offers(const struct blk_disk *disk)
{
    struct parapet_bus_back *back = &slot_0()->back;

    back->kind = PARAPET_BUS_BLK;
    back->index = 0;
    back->life++;
    blk_disk_tell(disk, back->parameters);
    __atomic_store_n(&back->state, PARAPET_BUS_offered, __ATOMIC_SEQ_CST);
    env_host_be(BLK_WORLD_FRONT);
    (void)blk_front_look(&blk_pair[0].front);
}

void hostile_back_connects(void)
{
    struct hostile_back *back = &hostile_back;
    /* What it says in its slot may be spoiled by now. */
    const struct blk_front *front = &blk_pair[0].front;

    env_host_be(BLK_WORLD_BACK);
    back->loan =
        (struct env_loan){.domain = BLK_WORLD_FRONT, .ref = front->ref};
    env_map(&back->loan, 1);
    MUST(back->loan.page);
    back->port = env_port_bind(BLK_WORLD_FRONT, front->port, hear, NULL);
    MUST(back->port > 0);
    ring_back_init(&back->ring, back->loan.page,
                   sizeof(struct parapet_blk_request));
    __atomic_store_n(&slot_0()->back.state, PARAPET_BUS_connected,
                     __ATOMIC_SEQ_CST);
    env_host_be(BLK_WORLD_FRONT);
    (void)blk_front_look(&blk_pair[0].front);
}

bool hostile_back_takes(struct parapet_blk_request *request)
{
    return hostile_back.loan.page &&
           ring_back_take(&hostile_back.ring, request, sizeof(*request)) == 1;
}

void hostile_back_answers(uint32_t id, int32_t status)
{
    const struct parapet_blk_response response = {id, status};

    env_host_be(BLK_WORLD_BACK);
    if (hostile_back.loan.page &&
        ring_back_put(&hostile_back.ring, &response, sizeof(response)) == 0 &&
        ring_back_push(&hostile_back.ring))
        env_port_send((uint32_t)hostile_back.port);
}

void hostile_back_lets_go(void)
{
    env_host_be(BLK_WORLD_BACK);
    if (hostile_back.loan.page)
        env_port_close((uint32_t)hostile_back.port);
    env_unmap(&hostile_back.loan, 1);
}
