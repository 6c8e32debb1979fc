/* SPDX-License-Identifier: MIT
 *
 * The thread sleeps until the page's port has an event, and then looks at each
 * slot: at a front-end that is there, or for a device that is new. The end of
 * the control domain is such an event, too: then all devices fail.
 */
#include "guest-kernel/pvenv/bus.h"

#include "abi/bus.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/pv/pv.h"
#include "guest-kernel/pvenv/bell.h"
#include "guest-kernel/pvenv/blk.h"
#include "guest-kernel/pvenv/console.h"
#include "guest-kernel/thread/thread.h"
#include "pvdrivers/env.h"

/* What a control domain that has ended still has of this one's goes back soon,
 * but after its ports. */
#define RETRY_NS 10000000ul

static struct parapet_bus_page *page;
static uint32_t port;
static struct env_bell *bell;

static void hear(uint32_t number, void *context)
{
    (void)number;
    (void)context;
    env_bell_ring(bell);
}

/* True: somebody is to look again. Interrupts are disabled. */
static bool look_at_all(void)
{
    bool again = false;

    for (uint32_t i = 0; i < PARAPET_BUS_SLOTS; i++)
        again |= pvenv_blk_look(&page->slots[i], i, port);
    return again;
}

/* When to look again, if nobody rings before. */
static uint64_t look_now(void)
{
    if (pvenv_is_alone())
        return pvenv_blk_fail() ? env_now() + RETRY_NS : ENV_FOREVER;
    return look_at_all() ? 0 : ENV_FOREVER;
}

static void run(void *unused)
{
    (void)unused;
    bell_serve(bell, look_now);
}

void pvenv_bus_init(void)
{
    volatile struct parapet_shared_page *shared = pv_shared_page();

    if (shared->bus_port == 0)
        return;
    page = direct_map(shared->bus_gfn << PAGE_SHIFT);
    port = shared->bus_port;
    bell = env_bell_make();
    if (bell == NULL || thread_create("bus", run, NULL) == NULL) {
        kprintf("guest: no memory for the bus: give the domain more\n");
        return;
    }
    pvenv_blk_init(bell);
    env_port_handle(port, hear, NULL);
}
