/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/control/blk.c, blk_serve.c and store.c: domain 0's disks for
 * domain 1, which means harm. The thread runs until it would sleep or yield.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "abi/bus.h"
#include "abi/control_device.h"
#include "abi/domain.h"
#include "abi/grant.h"
#include "guest-kernel/block/block.h"
#include "guest-kernel/block/block_page.h"
#include "guest-kernel/block/disk.h"
#include "guest-kernel/control/blk.h"
#include "guest-kernel/control/store.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/pvenv/bell.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/thread/thread.h"
#include "guest-kernel/thread/wait.h"
#include "pvdrivers/listen.h"
#include "pvdrivers/ring.h"
#include "tests/unit/env_host.h"

#define GUEST 1u
#define NR_PAGES_FREE 1000u

bool irqflag_on;

/* ---- memory ---- */

static uint64_t nr_free;

void *kzalloc(size_t size)
{
    return calloc(1, size);
}

void kfree(void *object)
{
    free(object);
}

void *page_alloc(unsigned int order)
{
    (void)order;
    if (nr_free == 0)
        return NULL;
    nr_free--;
    return aligned_alloc(ENV_PAGE_SIZE, ENV_PAGE_SIZE);
}

void page_free(void *page)
{
    nr_free++;
    free(page);
}

uint64_t page_nr_free(void)
{
    return nr_free;
}

/* ---- a block device that answers one look late ---- */

#define MAX_AT_DEVICE 64

static struct block_device vda = {.name = "vda",
                                  .nr_sectors = 2048,
                                  .block_size = 512,
                                  .max_bytes = 1 << 20,
                                  .max_segments = 40,
                                  .can_flush = true};
static struct block_request *at_device[MAX_AT_DEVICE];
static unsigned int nr_at_device, nr_late;
static void (*at_rest)(void); /* what the guest does then */

struct block_device *block_find(const char *name)
{
    return strcmp(name, vda.name) == 0 ? &vda : NULL;
}

void block_submit_checked(struct block_device *device,
                          struct block_request *request)
{
    (void)device;
    assert_true(nr_at_device < MAX_AT_DEVICE);
    at_device[nr_at_device++] = request;
}

void block_kick_quietly(struct block_device *device)
{
    (void)device;
}

void block_rest(struct block_device *device)
{
    (void)device;
    for (unsigned int i = 0; i < nr_late; i++) {
        at_device[i]->status = 0;
        at_device[i]->done(at_device[i]);
    }
    nr_at_device -= nr_late;
    memmove(at_device, at_device + nr_late, nr_at_device * sizeof(*at_device));
    nr_late = nr_at_device;
    if (at_rest != NULL)
        at_rest();
}

void block_page_forget(struct block_device *device, uint64_t start,
                       uint64_t end)
{
    (void)device;
    (void)start;
    (void)end;
    abort();
}

struct disk *disk_find(uint64_t number)
{
    (void)number;
    return NULL;
}

bool disk_range(const struct disk *disk, unsigned int partition,
                uint64_t *start, uint64_t *end)
{
    (void)disk;
    (void)partition;
    (void)start;
    (void)end;
    return false;
}

/* ---- threads, bells and the time ---- */

struct env_bell {
    bool is_rung;
    unsigned int nr_rung;
    void (*function)(void);
};

static struct env_bell bells[2];
static unsigned int nr_bells;
static void (*thread)(void *argument);
static struct thread idle, program, *current = &program;
static jmp_buf out_of_thread;
static uint64_t now, wakes; /* when it wants to be woken; 0: it has yielded */
static unsigned int nr_breaths;
static void (*others)(void); /* run then */

struct env_bell *env_bell_make(void)
{
    assert_true(nr_bells < 2);
    return &bells[nr_bells++];
}

void bell_call(struct env_bell *bell, void (*function)(void))
{
    bell->function = function;
}

void env_bell_ring(struct env_bell *bell)
{
    bell->is_rung = true;
    bell->nr_rung++;
    if (bell->function != NULL)
        bell->function();
}

bool env_bell_wait(struct env_bell *bell, uint64_t deadline_ns)
{
    assert_true(irqflag_on);
    if (bell->is_rung) {
        bell->is_rung = false;
        return true;
    }
    wakes = deadline_ns;
    longjmp(out_of_thread, 1);
}

uint64_t env_now(void)
{
    return now;
}

void env_host_join(void)
{
}

struct thread *thread_create(const char *name, void (*function)(void *argument),
                             void *argument)
{
    (void)name;
    (void)argument;
    thread = function;
    return &program;
}

struct thread *thread_current(void)
{
    return current;
}

static bool (*idle_work)(void);

void sched_set_idle_work(bool (*work)(void))
{
    idle_work = work;
}

void sched_yield(void)
{
    wakes = 0;
    longjmp(out_of_thread, 1);
}

void sched_breathe(void)
{
    assert_true(irqflag_on);
    nr_breaths++;
    if (others != NULL)
        others();
}

/* Its turn; whoever sleeps on the queue is not there. */
static void run_thread(void)
{
    env_host_be(0);
    if (setjmp(out_of_thread) == 0)
        thread(NULL);
    irqflag_on = true;
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    (void)queue;
    assert_false(irqflag_on);
}

/* Others run meanwhile, and the time does. */
static void (*asleep)(void);

int64_t wait_queue_sleep_until(struct wait_queue *queue, uint64_t deadline_ns)
{
    (void)queue;
    if (now >= deadline_ns)
        return -ETIMEDOUT;
    now += 500000000;
    if (asleep != NULL)
        asleep();
    run_thread();
    irqflag_on = false;
    return 0;
}

void panic(const char *format, ...)
{
    (void)format;
    abort();
}

/* ---- domains ---- */

static int64_t info_result;
static uint32_t info_state;

int64_t hypercall_domain_info(uint32_t domain, void *info)
{
    (void)domain;
    ((struct parapet_domain_info *)info)->state = info_state;
    return info_result;
}

static struct parapet_bus_page *page;
static uint32_t bus_port; /* the guest's */

static void hear_nothing(uint32_t port, void *context)
{
    (void)port;
    (void)context;
}

static int64_t attach(uint32_t index, const char *store)
{
    struct parapet_blk_attach attach = {.domain = GUEST, .index = index};

    /* Two may read one device. */
    if (strcmp(store, vda.name) == 0)
        attach.flags = PARAPET_BLK_ATTACH_READONLY;
    memcpy(attach.store, store, strlen(store));
    env_host_be(0);
    return control_blk_attach(&attach);
}

static int setup(void **state)
{
    int port;

    (void)state;
    env_host_reset();
    env_host_be(GUEST);
    page = env_page_alloc();
    assert_int_equal(env_lend(0, page, false), PARAPET_GRANT_BUS);
    port = env_port_alloc(0, hear_nothing, NULL);
    assert_true(port > 0);
    bus_port = (uint32_t)port;
    env_host_be(0);
    if (thread == NULL)
        control_blk_init();
    nr_free = NR_PAGES_FREE;
    irqflag_on = true;
    idle.id = 0;
    program.id = 1;
    info_state = PARAPET_DOMAIN_RUNNING;
    info_result = 0;
    now = 1;
    return control_blk_serve(GUEST, bus_port) == 0 ? 0 : -1;
}

/* The domain is destroyed: nothing of it is left. */
static int teardown(void **state)
{
    (void)state;
    env_host_be(0);
    control_blk_end(GUEST);
    run_thread();
    info_result = -PARAPET_ENOENT;
    control_blk_look();
    run_thread();
    assert_int_equal(attach(0, "ram:64K"), -ENOENT);
    assert_int_equal(env_host_use(0).mapped, 0);
    assert_int_equal(env_host_use(0).ports, 0);
    assert_true(nr_free >= NR_PAGES_FREE);
    return 0;
}

static void a_disk_comes_and_goes(void **state)
{
    struct parapet_blk_info info;

    (void)state;
    assert_int_equal(attach(0, "ram:64K"), 0);
    run_thread();
    assert_int_equal(page->slots[0].back.state, PARAPET_BUS_offered);
    assert_int_equal(control_blk_info(0, &info), 0);
    assert_int_equal(control_blk_switch(false), 0);
    assert_int_equal(page->slots[0].back.state, PARAPET_BUS_closed);
    assert_int_equal(page->slots[0].back.kind, PARAPET_BUS_BLK);
    assert_int_equal(control_blk_switch(true), 0);
    assert_int_equal(control_blk_detach(GUEST, 0), 0);
    assert_int_equal(page->slots[0].back.state, PARAPET_BUS_closed);
    assert_int_equal(page->slots[0].back.kind, PARAPET_BUS_NO_DEVICE);
    assert_int_equal(control_blk_info(0, &info), -ENOENT);
    assert_int_equal(env_host_use(0).mapped, 0);
}

static void front_says(uint32_t front_state)
{
    env_host_be(GUEST);
    page->slots[0].front.state = front_state;
    env_port_send(bus_port);
    env_host_be(0);
}

/* The guest's kernel has had a disk, which was taken away. */
static void a_disk_was_known(void)
{
    struct parapet_bus_front *front = &page->slots[0].front;

    assert_int_equal(attach(0, "ram:64K"), 0);
    run_thread();
    env_host_be(GUEST);
    front->ring = (uint32_t)env_lend(0, env_page_alloc(), false);
    front->port = (uint32_t)env_port_alloc(0, hear_nothing, NULL);
    front->parameters[PARAPET_BLK_FRONT_VERSION] = PARAPET_BLK_VERSION;
    front_says(PARAPET_BUS_wanted);
    run_thread();
    assert_int_equal(page->slots[0].back.state, PARAPET_BUS_connected);
    front_says(PARAPET_BUS_connected);
    assert_int_equal(control_blk_detach(GUEST, 0), 0);
    front_says(PARAPET_BUS_closed);
}

static void refuse(void)
{
    struct parapet_blk_info info;

    if (page->slots[0].back.state != PARAPET_BUS_offered)
        return;
    page->slots[0].front.parameters[PARAPET_BLK_FRONT_REFUSES] =
        page->slots[0].back.life;
    assert_int_equal(control_blk_info(0, &info), 0);
    assert_int_equal(info.flags, PARAPET_BLK_INFO_REFUSED);
    front_says(PARAPET_BUS_closed);
}

static void accept(void)
{
    env_host_be(GUEST);
    page->slots[0].front.port = (uint32_t)env_port_alloc(0, hear_nothing, NULL);
    front_says(PARAPET_BUS_wanted);
}

/* Its answer is that of the call; and nothing is left of what it refused. */
static void another_disk_is_refused(void **state)
{
    struct parapet_blk_info info;

    (void)state;
    a_disk_was_known();
    asleep = refuse;
    assert_int_equal(attach(0, "ram:64K"), -ETXTBSY);
    assert_int_equal(control_blk_info(0, &info), -ENOENT);
    /* One that was refused is not known. */
    assert_int_equal(attach(0, "ram:64K"), -ETXTBSY);
    asleep = accept;
    assert_int_equal(attach(0, "ram:64K"), 0);
    assert_int_equal(page->slots[0].back.state, PARAPET_BUS_connected);
    asleep = NULL;
}

/* The domain may be paused. */
static void no_answer_is_not_waited_for(void **state)
{
    uint64_t before;

    (void)state;
    a_disk_was_known();
    before = now;
    assert_int_equal(attach(0, "ram:64K"), 0);
    assert_int_in_range(now - before, 1000000000, 5000000000);
    assert_int_equal(page->slots[0].back.state, PARAPET_BUS_offered);
    /* Nor is a new name. */
    before = now;
    assert_int_equal(attach(1, "ram:64K"), 0);
    assert_int_equal(now, before);
}

/* As long as it is one: memory is new each time. */
static void a_store_has_one_identity(void **state)
{
    const struct parapet_bus_back *back;
    uint32_t low, high;

    (void)state;
    assert_int_equal(attach(0, "ram:64K"), 0);
    run_thread();
    back = &page->slots[0].back;
    low = back->parameters[PARAPET_BLK_IDENTITY_LOW];
    high = back->parameters[PARAPET_BLK_IDENTITY_HIGH];
    assert_int_equal(control_blk_switch(false), 0);
    assert_int_equal(control_blk_switch(true), 0);
    assert_int_equal(back->parameters[PARAPET_BLK_IDENTITY_LOW], low);
    assert_int_equal(back->parameters[PARAPET_BLK_IDENTITY_HIGH], high);
    assert_int_equal(control_blk_detach(GUEST, 0), 0);
    assert_int_equal(attach(0, "ram:64K"), 0);
    assert_int_equal(back->parameters[PARAPET_BLK_IDENTITY_HIGH], high);
    assert_int_not_equal(back->parameters[PARAPET_BLK_IDENTITY_LOW], low);
}

/* The page is mapped and the port bound, but there is no memory for the
 * requests. */
static void what_has_no_memory_leaves_no_bus(void **state)
{
    (void)state;
    assert_int_equal(attach(0, "ram:64K"), 0);
    assert_int_equal(control_blk_detach(GUEST, 0), 0);
    env_host_refuse_after(4);
    assert_int_equal(attach(0, "ram:64K"), -ENOMEM);
    assert_int_equal(env_host_use(0).mapped, 0);
    assert_int_equal(env_host_use(0).ports, 0);
    assert_int_equal(attach(0, "ram:64K"), 0);
}

/* For a second, at each moment: what it moves meanwhile is seen all the same.
 */
static void a_flood_of_the_bus_is_not_heard(void **state)
{
    unsigned int before;

    (void)state;
    assert_int_equal(attach(0, "ram:64K"), 0);
    run_thread();
    before = bells[0].nr_rung;
    for (unsigned int i = 0; i < 100000; i++, now += 10000) {
        env_host_be(GUEST);
        env_port_send(bus_port);
        env_port_send(bus_port);
        if (bells[0].is_rung || wakes <= now)
            run_thread();
    }
    assert_int_in_range(bells[0].nr_rung - before, 10, 100);
    env_host_be(GUEST);
    page->slots[0].front.state = PARAPET_BUS_closing;
    env_port_send(bus_port);
    now = wakes;
    run_thread();
    assert_int_equal(page->slots[0].back.state, PARAPET_BUS_closing);
}

/* 1,000 pages are free. What is promised stays so: each may be written. */
static void disks_in_memory_leave_half_of_it(void **state)
{
    (void)state;
    assert_int_equal(attach(0, "ram:1200K"), 0);
    assert_int_equal(attach(1, "ram:1200K"), -ENOMEM);
    assert_int_equal(attach(1, "ram:800K"), 0);
    assert_int_equal(attach(2, "ram:4K"), -ENOMEM);
    assert_int_equal(control_blk_detach(GUEST, 0), 0);
    assert_int_equal(attach(2, "ram:1200K"), 0);
}

/* Neither what was written nor what was discarded is promised for ever. */
static void what_is_promised_is_counted_once(void **state)
{
    struct control_store store;

    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(control_store_open(&store, "ram:1992K", false), 0);
        for (uint64_t page_nr = 0; page_nr < 400; page_nr++)
            assert_non_null(store.store.ops->page(&store.store, page_nr, true));
        assert_int_equal(attach(0, "ram:1000K"), -ENOMEM);
        control_store_close(&store);
        assert_int_equal(attach(0, "ram:1992K"), 0);
        assert_int_equal(control_blk_detach(GUEST, 0), 0);
    }
}

static void attach_one_more(void)
{
    if (nr_breaths == 1)
        assert_int_equal(attach(3, "ram:64K"), 0);
    if (nr_breaths == 2)
        control_blk_end(GUEST);
}

/* ---- the order of turns ---- */

#define NR_DISKS 8u

static struct client {
    struct parapet_ring *ring;
    struct ring_front front;
    uint32_t port;
    uint32_t nr_answers;
} clients[NR_DISKS];

static unsigned int order[NR_DISKS], nr_served;

/* The guest has moved: it is heard when it may be, at the latest. */
static void tell_bus(void)
{
    env_port_send(bus_port);
    run_thread();
    now += LISTEN_MAX_DELAY_NS;
    run_thread();
}

static void connect_client(uint32_t i, const char *store)
{
    struct parapet_bus_front *front = &page->slots[i].front;
    struct client *client = &clients[i];

    assert_int_equal(attach(i, store), 0);
    env_host_be(GUEST);
    client->ring = env_page_alloc();
    client->nr_answers = 0;
    ring_front_init(&client->front, client->ring,
                    sizeof(struct parapet_blk_request));
    client->port = (uint32_t)env_port_alloc(0, hear_nothing, NULL);
    front->ring = (uint32_t)env_lend(0, client->ring, false);
    front->port = client->port;
    front->parameters[PARAPET_BLK_FRONT_VERSION] = PARAPET_BLK_VERSION;
    front->state = PARAPET_BUS_wanted;
    tell_bus();
    assert_int_equal(page->slots[i].back.state, PARAPET_BUS_connected);
    env_host_be(GUEST);
    front->state = PARAPET_BUS_connected;
    tell_bus();
}

static void ask(struct client *client)
{
    const struct parapet_blk_request request = {.operation = PARAPET_BLK_FLUSH};
    struct parapet_blk_response response;

    env_host_be(GUEST);
    (void)ring_front_take(&client->front, &response, sizeof(response));
    assert_int_equal(ring_front_put(&client->front, &request, sizeof(request)),
                     0);
    if (ring_front_push(&client->front))
        env_port_send(client->port);
    env_host_be(0);
}

/* Whose answers have come since the last disk was served. */
static void note_served(void)
{
    for (unsigned int i = 0; i < NR_DISKS; i++) {
        struct client *client = &clients[i];

        if (client->ring->rsp_prod == client->nr_answers)
            continue;
        client->nr_answers = client->ring->rsp_prod;
        assert_in_range(nr_served, 0, NR_DISKS - 1);
        order[nr_served++] = i;
    }
}

/* The disks from first on ask at once. */
static void ask_and_serve(unsigned int first, unsigned int nr)
{
    for (unsigned int i = first; i < first + nr; i++)
        ask(&clients[i]);
    nr_served = 0;
    others = note_served;
    env_bell_ring(&bells[0]);
    run_thread();
    others = NULL;
    assert_int_equal(nr_served, nr);
}

/* Who was served first is the last one the next time: all of them ask, or
 * some, and each is the first equally often. */
static void each_disk_has_its_turn(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < NR_DISKS; i++)
        connect_client(i, "ram:64K");
    while (bells[0].is_rung)
        run_thread();
    for (unsigned int nr = NR_DISKS; nr > 1; nr--) {
        unsigned int first = NR_DISKS - nr, nr_first[NR_DISKS] = {0};
        unsigned int before[NR_DISKS];

        for (unsigned int round = 0; round < 3 * nr; round++) {
            ask_and_serve(first, nr);
            nr_first[order[0]]++;
            for (unsigned int i = 0; round > 0 && i < nr; i++)
                assert_int_equal(order[i], before[(i + 1) % nr]);
            memcpy(before, order, sizeof(order));
        }
        for (unsigned int i = first; i < NR_DISKS; i++)
            assert_int_equal(nr_first[i], 3);
    }
}

/* On another CPU: it sees in the page that the back-end sleeps, and would have
 * to tell it; but there is an answer of its other disk. */
static void guest_asks_more(void)
{
    const struct parapet_blk_request request = {.operation = PARAPET_BLK_FLUSH};
    struct parapet_blk_response response;
    struct client *client;

    env_host_be(GUEST);
    for (client = clients; client < clients + 2; client++) {
        while (ring_front_take(&client->front, &response, sizeof(response)) ==
               1)
            continue;
        if (client->front.put - client->front.taken < 4 &&
            ring_front_put(&client->front, &request, sizeof(request)) == 0)
            (void)ring_front_push(&client->front);
    }
    env_host_be(0);
}

/* No event is handled while the idle thread serves: there is an end to it. */
static void idle_work_ends(void **state)
{
    unsigned int rounds = 0;

    (void)state;
    for (uint32_t i = 0; i < 2; i++)
        connect_client(i, vda.name);
    while (bells[0].is_rung)
        run_thread();
    current = &idle;
    irqflag_on = false;
    at_rest = guest_asks_more;
    ask(&clients[0]);
    ask(&clients[1]);
    while (rounds < 1000 && idle_work())
        rounds++;
    assert_int_not_equal(rounds, 0);
    assert_int_not_equal(rounds, 1000);
    at_rest = NULL;
    irqflag_on = true;
    current = &program;
    while (bells[0].is_rung || nr_at_device != 0) {
        block_rest(&vda);
        run_thread();
    }
}

/* Programs, who attach and take away, too. */
static void others_run_between_two_disks(void **state)
{
    struct parapet_blk_info info;

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(attach(i, "ram:64K"), 0);
    run_thread();
    env_host_be(GUEST);
    env_port_send(bus_port);
    nr_breaths = 0;
    others = attach_one_more;
    run_thread();
    others = NULL;
    assert_true(nr_breaths >= 3);
    while (bells[0].is_rung)
        run_thread();
    assert_int_equal(control_blk_info(0, &info), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_disk_comes_and_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(another_disk_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(no_answer_is_not_waited_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_store_has_one_identity, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_has_no_memory_leaves_no_bus, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_the_bus_is_not_heard, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(disks_in_memory_leave_half_of_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_promised_is_counted_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(each_disk_has_its_turn, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(others_run_between_two_disks, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(idle_work_ends, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
