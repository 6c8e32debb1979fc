/* SPDX-License-Identifier: MIT
 *
 * The two ends of a slot of the bus as two threads, under the thread sanitizer.
 * The front-end connects and stops, again and again, while back-ends die and
 * others come in their place. A ring that is let go too early is written to by
 * both at once, and an event that is lost is waited for.
 */
#include <stdatomic.h>

#include "pvdrivers/env.h"
#include "tests/unit/bus_ends.h"
#include "tests/unit/env_host.h"
#include "tests/unit/unit.h"

#define ROUNDS 300 /* of the front-end's connections */
#define LIVES 200  /* of back-ends */

static struct bus_world_front front;
static struct bus_world_back back;
static struct env_bell *front_bell, *back_bell;
static atomic_bool done;

static void hear(uint32_t port, void *bell)
{
    (void)port;
    env_bell_ring(*(struct env_bell **)bell);
}

static void front_settles(int result)
{
    while (result == 1)
        result = bus_front_look(&front.bus);
    MUST(result == 0);
}

static void front_waits_for(uint32_t state)
{
    while (front.bus.state != state) {
        (void)env_bell_wait(front_bell, ENV_FOREVER);
        front_settles(bus_front_look(&front.bus));
    }
}

static void run_front(void *unused)
{
    (void)unused;
    front_settles(bus_front_begin(&front.bus));
    for (unsigned int i = 0; i < ROUNDS; i++) {
        front_waits_for(PARAPET_BUS_connected);
        front_settles(bus_front_stop(&front.bus));
        front_waits_for(PARAPET_BUS_closed);
        front_settles(bus_front_go_on(&front.bus));
    }
    front_settles(bus_front_stop(&front.bus));
    front_waits_for(PARAPET_BUS_closed);
    atomic_store(&done, true);
    env_bell_ring(back_bell);
}

static void back_settles(int result)
{
    while (result == 1)
        result = bus_back_look(&back.bus);
    MUST(result == 0);
}

/* It hears so many events at most; what it had is let go of at its end. */
static void live(unsigned int nr_events)
{
    back.bus.device.parameters[1] = 0; /* the driver's begin sets it */
    back_settles(bus_back_begin(&back.bus));
    for (unsigned int i = 0; i < nr_events && !atomic_load(&done); i++) {
        (void)env_bell_wait(back_bell, ENV_FOREVER);
        back_settles(bus_back_look(&back.bus));
    }
    if (back.begun)
        bus_ends_back.end(&back);
}

static void run_back(void *unused)
{
    uint64_t random = 5;

    (void)unused;
    for (unsigned int i = 0; i < LIVES; i++)
        live((unsigned int)unit_random(&random) % 6);
    live(UINT32_MAX);
}

static void test_ends_as_threads(void **state)
{
    struct parapet_bus_page *page;
    int port;

    (void)state;
    env_host_be(BUS_WORLD_FRONT);
    front_bell = env_bell_make();
    back_bell = env_bell_make();
    page = env_page_alloc();
    port = env_port_alloc(BUS_WORLD_BACK, hear, &front_bell);
    front.bus = (struct bus_front){.slot = &page->slots[0],
                                   .driver = &bus_ends_front,
                                   .context = &front,
                                   .port = (uint32_t)port,
                                   .kind = BUS_WORLD_KIND};
    assert_int_equal(env_thread_start("front", run_front, NULL), 0);
    env_host_be(BUS_WORLD_BACK);
    port = env_port_bind(BUS_WORLD_FRONT, (uint32_t)port, hear, &back_bell);
    back.bus = (struct bus_back){.slot = &page->slots[0],
                                 .driver = &bus_ends_back,
                                 .context = &back,
                                 .port = (uint32_t)port,
                                 .device = {.kind = BUS_WORLD_KIND}};
    assert_int_equal(env_thread_start("back", run_back, NULL), 0);
    env_host_join();
    assert_true(front.nr_begun >= ROUNDS && back.nr_begun >= ROUNDS);
    assert_int_equal(front.nr_parked, 0);
    assert_int_equal(env_host_use(BUS_WORLD_FRONT).lent, 0);
    assert_int_equal(env_host_use(BUS_WORLD_BACK).mapped, 0);
    env_bell_free(front_bell);
    env_bell_free(back_bell);
    env_host_reset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_as_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
