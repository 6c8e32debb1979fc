/* SPDX-License-Identifier: MIT
 *
 * Both ends of a disk as threads, and the disk as one more, under the thread
 * sanitizer. A client writes and reads, at depth 1 to 32, while the back-end
 * stops and starts 20 times. A page that is the other's while it is touched, or
 * an event that is lost, ends the program or is waited for.
 */
#include <stdatomic.h>

#include "lib/macros.h"
#include "pvdrivers/env.h"
#include "tests/unit/blk_client.h"
#include "tests/unit/bus_ends.h"
#include "tests/unit/env_host.h"
#include "tests/unit/unit.h"

#define BACK 0
#define FRONT 1
#define STOPS 20
#define REQUESTS 6000 /* of the client */

static struct blk_front front;
static struct blk_back back;
static struct blk_client client;
static struct blk_disk_device disk;
static struct env_bell *front_bell, *back_bell, *disk_bell;
static struct parapet_bus_page *page;
static uint32_t front_bus_port, back_bus_port;
static atomic_uint nr_done;
static atomic_bool is_over;
static bool has_bus_event[2]; /* atomic */

static void hear_bus(uint32_t port, void *context)
{
    (void)port;
    (void)context;
    __atomic_store_n(&has_bus_event[env_host_is()], true, __ATOMIC_RELEASE);
    env_bell_ring(env_host_is() == FRONT ? front_bell : back_bell);
}

static bool bus_event(int end)
{
    return __atomic_exchange_n(&has_bus_event[end], false, __ATOMIC_ACQ_REL);
}

/* ---- the front-end ---- */

static void ready(void *context, const struct blk_disk *has)
{
    (void)context;
    MUST(has->nr_sectors == BLK_DISK_SECTORS);
}

static void done(void *context, void *cookie, int status)
{
    (void)context;
    blk_client_done(&client, cookie, status);
    atomic_fetch_add(&nr_done, 1);
}

static void room(void *context)
{
    (void)context;
}

static void event(void *context)
{
    (void)context;
    env_bell_ring(front_bell);
}

static const struct blk_front_user user = {ready, done, room, event, NULL};

static void look_front(void)
{
    while (bus_event(FRONT))
        while (blk_front_look(&front) == 1)
            ;
    MUST(!front.bus.broken);
    blk_front_serve(&front);
}

static void run_front(void *unused)
{
    uint64_t random = 9;

    (void)unused;
    MUST(blk_front_begin(&front) >= 0);
    while (client.nr_done < REQUESTS) {
        unsigned int depth = 1 + (unsigned int)(unit_random(&random) % 32);

        while (client.nr_under_way < depth && blk_client_submit(&client))
            ;
        blk_front_kick(&front);
        look_front();
        if (client.nr_under_way >= depth || !front.is_connected)
            (void)env_bell_wait(front_bell, ENV_FOREVER);
        look_front();
    }
    while (client.nr_under_way > 0) {
        look_front();
        if (client.nr_under_way > 0)
            (void)env_bell_wait(front_bell, ENV_FOREVER);
    }
    while (front.bus.state != PARAPET_BUS_closed) {
        (void)blk_front_stop(&front);
        if (front.bus.state != PARAPET_BUS_closed)
            (void)env_bell_wait(front_bell, ENV_FOREVER);
        look_front();
    }
    MUST(blk_front_end(&front) == 0);
    blk_client_free(&client);
    atomic_store(&is_over, true);
    env_bell_ring(back_bell);
    env_bell_ring(disk_bell);
}

/* ---- the back-end ---- */

static void serve_once(void)
{
    uint64_t when;

    if (bus_event(BACK))
        while (blk_back_look(&back) == 1)
            ;
    when = blk_back_serve(&back);
    MUST(!back.bus.broken);
    if (when != 0)
        (void)env_bell_wait(back_bell, when);
}

static void live(unsigned int until)
{
    back.bus = (struct bus_back){
        .slot = &page->slots[0], .port = back_bus_port, .domain = FRONT};
    back.store = &disk.store;
    back.bell = back_bell;
    MUST(blk_back_begin(&back) >= 0);
    while (atomic_load(&nr_done) < until && !atomic_load(&is_over))
        serve_once();
    (void)blk_back_stop(&back);
    while (back.bus.state != PARAPET_BUS_closed)
        serve_once();
    MUST(back.nr_under_way == 0 && back.nr_held == 0);
    MUST(env_host_use(BACK).held == 0 && env_host_use(BACK).mapped == 0);
    blk_back_end(&back);
}

static void run_back(void *unused)
{
    (void)unused;
    for (unsigned int i = 1; i <= STOPS; i++)
        live(i * (REQUESTS / (STOPS + 2)));
    live(UINT32_MAX);
}

/* ---- the disk ---- */

static void wake_disk(struct blk_store *store)
{
    (void)store;
    env_bell_ring(disk_bell);
}

static void run_disk(void *unused)
{
    uint64_t random = 4;

    (void)unused;
    while (!atomic_load(&is_over)) {
        while (blk_disk_run(&disk, unit_random(&random)))
            ;
        (void)env_bell_wait(disk_bell, ENV_FOREVER);
    }
}

/* ---- all of them ---- */

static void race(bool in_memory)
{
    struct blk_store_ops ops;
    int port;

    env_host_reset();
    atomic_store(&nr_done, 0);
    atomic_store(&is_over, false);
    front_bell = env_bell_make();
    back_bell = env_bell_make();
    disk_bell = env_bell_make();
    blk_disk_make(&disk, in_memory);
    ops = *disk.store.ops;
    ops.kick = wake_disk;
    disk.store.ops = &ops;
    env_host_be(FRONT);
    page = env_page_alloc();
    blk_client_make(&client, &front, 5);
    port = env_port_alloc(BACK, hear_bus, NULL);
    front_bus_port = (uint32_t)port;
    front.bus =
        (struct bus_front){.slot = &page->slots[0], .port = front_bus_port};
    front.domain = BACK;
    front.user = &user;
    env_host_be(BACK);
    back_bus_port =
        (uint32_t)env_port_bind(FRONT, front_bus_port, hear_bus, NULL);
    assert_int_equal(env_thread_start("disk", run_disk, NULL), 0);
    assert_int_equal(env_thread_start("back", run_back, NULL), 0);
    env_host_be(FRONT);
    assert_int_equal(env_thread_start("front", run_front, NULL), 0);
    env_host_join();
    assert_int_equal(env_host_use(FRONT).lent, 0);
    assert_int_equal(env_host_use(FRONT).reserved, 0);
    blk_client_check(&client, &disk);
    blk_disk_free(&disk);
    env_bell_free(front_bell);
    env_bell_free(back_bell);
    env_bell_free(disk_bell);
}

static void test_device(void **state)
{
    (void)state;
    race(false);
}

static void test_memory(void **state)
{
    (void)state;
    race(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests_name("blk_race", tests, NULL, NULL);
}
