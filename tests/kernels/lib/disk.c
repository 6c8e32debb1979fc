/* SPDX-License-Identifier: MIT
 *
 * See disk.h.
 */
#include "tests/kernels/lib/disk.h"

#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

void mg_disk_go(struct mg_disk *disk, uint32_t state)
{
    __atomic_store_n(&disk->slot->front.state, state, __ATOMIC_SEQ_CST);
    (void)hypercall_evtchn_send(mg_shared_page()->bus_port);
}

void mg_disk_await(const struct mg_disk *disk, uint32_t states)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    uint32_t seen;

    while (
        (seen = __atomic_load_n(&disk->slot->back.state, __ATOMIC_SEQ_CST)) >=
            PARAPET_NR_BUS_STATES ||
        (states >> seen & 1) == 0) {
        if (mg_clock_ns() > end)
            mg_error("the back-end is in state %u, expected one of %#x", seen,
                     states);
        (void)hypercall_yield();
    }
}

void mg_disk_want(struct mg_disk *disk, uint32_t ref, uint32_t port,
                  uint32_t version)
{
    mg_disk_go(disk, PARAPET_BUS_closing);
    mg_disk_await(disk, 1 << PARAPET_BUS_closing | 1 << PARAPET_BUS_closed);
    mg_disk_go(disk, PARAPET_BUS_closed);
    mg_disk_await(disk, 1 << PARAPET_BUS_offered);
    disk->slot->front.ring = ref;
    disk->slot->front.port = port;
    disk->slot->front.parameters[PARAPET_BLK_FRONT_VERSION] = version;
    mg_disk_go(disk, PARAPET_BUS_wanted);
}

static void find_slot(struct mg_disk *disk)
{
    struct parapet_bus_page *bus =
        (void *)mg_gfn_pointer(mg_shared_page()->bus_gfn);

    disk->slot = &bus->slots[0];
    disk->page = (struct parapet_ring *)mg_pages(1);
    mg_disk_await(disk, 1 << PARAPET_BUS_offered);
    MG_CHECK_EQ(disk->slot->back.kind, PARAPET_BUS_BLK);
}

void mg_disk_connect(struct mg_disk *disk)
{
    const uint32_t *parameters;

    if (disk->slot == NULL)
        find_slot(disk);
    memset(disk->page, 0, MG_PAGE_SIZE);
    ring_front_init(&disk->ring, disk->page,
                    sizeof(struct parapet_blk_request));
    mg_grant_lend(disk->ref, MG_DISK_SERVER, disk->page, 0);
    if (disk->port != 0)
        mg_event_close(disk->port);
    disk->port = mg_event_alloc_unbound(MG_DISK_SERVER, mg_event_count,
                                        (void *)&disk->told);
    mg_disk_want(disk, disk->ref, disk->port, PARAPET_BLK_VERSION);
    mg_disk_await(disk, 1 << PARAPET_BUS_connected);
    parameters = disk->slot->back.parameters;
    disk->nr_sectors = (uint64_t)parameters[PARAPET_BLK_SECTORS_HIGH] << 32 |
                       parameters[PARAPET_BLK_SECTORS_LOW];
    mg_disk_go(disk, PARAPET_BUS_connected);
}

void mg_disk_put(struct mg_disk *disk,
                 const struct parapet_blk_request *request)
{
    if (ring_front_put(&disk->ring, request, sizeof(*request)) != 0)
        mg_error("the ring has no room");
    disk->nr_asked++;
}

void mg_disk_push(struct mg_disk *disk)
{
    if (ring_front_push(&disk->ring))
        MG_CHECK_EQ(hypercall_evtchn_send(disk->port), 0);
}

struct parapet_blk_response mg_disk_take(struct mg_disk *disk)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    struct parapet_blk_response response;
    int found;

    while ((found = ring_front_take(&disk->ring, &response,
                                    sizeof(response))) == 0) {
        if (mg_clock_ns() > end)
            mg_error("request %u has no answer", disk->nr_asked);
        (void)hypercall_yield();
    }
    if (found < 0)
        mg_error("the back-end has broken the ring");
    return response;
}
