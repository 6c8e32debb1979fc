/* SPDX-License-Identifier: MIT
 *
 * A domain that a control domain has made (lib/control.h). Its boot arguments
 * say what it does:
 *
 *   exit, reboot, crash   it ends so, at once
 *   kill                  it says so, and breaks a rule
 *   sleep                 it blocks, for good
 *   nap                   it blocks for two seconds, and ends well
 *   spin                  it counts, for good; with vcpus=N on each of them, in
 * guest[] of vCPU 0's page at its number, of which the eighth has 0 again
 *   random                it makes any call, until one ends it; so do those of
 * its other vCPUs that it has started
 *   ports                 it makes ports for the control domain, sends, closes
 *   ports_end             the same for a while, and ends well
 *   pair tester=N         it is a partner of a test in that domain (lib/pair.h)
 *   grants seed=N near=N  it plays with the grants of the control domain and of
 * those with ids near that one (lib/grant_random.h): in guest[1] is the number
 * of its calls; it crashes when something is amiss
 *   obey                  it sleeps until it is asked to end, and does
 *   served                it answers by its bus and its console page, as
 * control_served.c has it
 *   ring                  it sends to its port 1, and sleeps
 *   send domain=N port=N  it binds that port and sends, for good: in guest[1]
 * is the last result, in guest[2] how many there were, and in guest[3] its
 * port, or why it has none witness               it counts events, port by
 * port: in guest[1] those of ports 1 to 8, in guest[2] all others, and in
 * guest[3] is the port of the last one
 *
 * In guest[0] of its vCPU 0's page is how far it has come: 1 when it runs, and
 * with spin more and more.
 */
#include "abi/bus.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/grant_random.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(child);

#define NR_TOYS 4
#define NR_STARTED 3 /* vCPUs that are started by chance, if they are there */
#define NR_ROUNDS 500

static _Noreturn void sleep(void)
{
    for (;;)
        (void)hypercall_block();
}

static void count(void *vcpu)
{
    volatile struct parapet_vcpu_page *first = mg_vcpu_page_of(0);
    volatile uint64_t *counter =
        &first->guest[(uintptr_t)vcpu % ARRAY_SIZE(first->guest)];

    for (;;)
        ++*counter;
}

static void spin(void)
{
    for (uint64_t v = 1; v < mg_argument("vcpus", 1); v++)
        MG_CHECK_EQ(mg_vcpu_start((uint32_t)v, count, (void *)v), 0);
    count(NULL);
}

/* Of each, but for those that it would not come back from at once. A vCPU is
 * mostly started here, since it soon ends the domain elsewhere. */
static void call_anything(void *unused)
{
    struct mg_random numbers = {(uint64_t)hypercall_clock_read() | 1};
    uint64_t args[6], number;

    (void)unused;
    for (;;) {
        number =
            mg_hypercalls[mg_random_below(&numbers, mg_nr_hypercalls)].number;
        for (size_t i = 0; i < ARRAY_SIZE(args); i++)
            args[i] = mg_random_next(&numbers) >> mg_random_below(&numbers, 64);
        if (number == PARAPET_HC_console_write)
            args[1] = 0;
        if (number == PARAPET_HC_vcpu_up && args[5] % 16 != 0)
            (void)mg_vcpu_start(1 + (uint32_t)(args[0] % NR_STARTED),
                                call_anything, NULL);
        else if (number != PARAPET_HC_iret && number != PARAPET_HC_block &&
                 number != PARAPET_HC_halt)
            (void)mg_hypercall(number, args);
        mg_vcpu_page()->guest[0]++;
    }
}

static _Noreturn void shut_down(uint32_t reason)
{
    (void)hypercall_shutdown(reason);
    mg_error("a shutdown has come back");
}

static _Noreturn void nap(void)
{
    volatile uint64_t ticks = 0;

    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count,
                             (void *)&ticks);
    (void)hypercall_set_timer(mg_clock_ns() + 2 * MG_S);
    while (ticks == 0) {
        mg_cli();
        (void)hypercall_block();
    }
    shut_down(PARAPET_SHUTDOWN_POWEROFF);
}

static _Noreturn void obey(void)
{
    volatile uint64_t upcalls = 0;

    (void)mg_event_bind_virq(PARAPET_VIRQ_REQUEST, mg_event_count,
                             (void *)&upcalls);
    mg_vcpu_page()->guest[0] = 2;
    while (mg_shared_page()->request == 0) {
        mg_cli();
        (void)hypercall_block();
    }
    mg_vcpu_page()->guest[1] = upcalls;
    if (mg_shared_page()->request == PARAPET_REQUEST_REBOOT)
        shut_down(PARAPET_SHUTDOWN_REBOOT);
    shut_down(PARAPET_SHUTDOWN_POWEROFF);
}

static _Noreturn void send(void)
{
    volatile struct parapet_vcpu_page *page = mg_vcpu_page();
    uint32_t domain = (uint32_t)mg_argument("domain", 0);
    uint32_t port = (uint32_t)mg_argument("port", 0);
    int64_t mine = hypercall_evtchn_bind_interdomain(domain, port);

    page->guest[3] = (uint64_t)mine;
    for (;;) {
        page->guest[1] = (uint64_t)hypercall_evtchn_send((uint32_t)mine);
        page->guest[2]++;
        (void)hypercall_yield();
    }
}

static _Noreturn void play_with_grants(void)
{
    static struct mg_grant_play play;
    uint32_t near = (uint32_t)mg_argument("near", 1);

    mg_random_init(&play.numbers, mg_argument("seed", 1));
    for (uint32_t i = 1; i < MG_GRANT_PEERS; i++)
        play.peers[i] = near + i - 3;
    mg_grant_play_init(&play);
    while (!mg_failures()) {
        mg_grant_play(&play);
        mg_vcpu_page()->guest[1] = play.nr_calls;
    }
    shut_down(PARAPET_SHUTDOWN_CRASH);
}

/* It makes the next of a front-end's moves; *state is where it is. */
static bool answer_bus(struct parapet_bus_slot *slot, uint32_t *state)
{
    static const uint32_t next[] = {
        [PARAPET_BUS_closed] = PARAPET_BUS_wanted,
        [PARAPET_BUS_wanted] = PARAPET_BUS_connected,
        [PARAPET_BUS_connected] = PARAPET_BUS_closing,
        [PARAPET_BUS_closing] = PARAPET_BUS_closed};
    uint32_t seen = __atomic_load_n(&slot->back.state, __ATOMIC_SEQ_CST);

    if (!parapet_bus_may(PARAPET_BUS_front, *state, seen, next[*state]) ||
        (*state == PARAPET_BUS_connected && seen == PARAPET_BUS_connected))
        return false;
    *state = next[*state];
    slot->front.parameters[0] = slot->back.parameters[0] + 1;
    __atomic_store_n(&slot->front.state, *state, __ATOMIC_SEQ_CST);
    return true;
}

/* A text in the first half, once it begins, comes back in the second half. */
static bool answer_console(char *page)
{
    char *answer = page + MG_PAGE_SIZE / 2;

    if (__atomic_load_n(&page[0], __ATOMIC_ACQUIRE) == '\0')
        return false;
    for (uint32_t i = 1; page[i]; i++)
        answer[i] = page[i] == 'o' ? '0' : page[i];
    __atomic_store_n(&answer[0], page[0], __ATOMIC_RELEASE);
    page[0] = '\0';
    return true;
}

static _Noreturn void be_served(void)
{
    volatile struct parapet_shared_page *shared = mg_shared_page();
    struct parapet_bus_page *bus = (void *)mg_gfn_pointer(shared->bus_gfn);
    char *console = (void *)mg_gfn_pointer(shared->console_gfn);
    volatile uint64_t events = 0;
    uint32_t state = PARAPET_BUS_closed;

    mg_event_handle(shared->bus_port, mg_event_count, (void *)&events);
    mg_event_handle(shared->console_port, mg_event_count, (void *)&events);
    for (;;) {
        mg_cli();
        if (answer_bus(&bus->slots[0], &state))
            (void)hypercall_evtchn_send(shared->bus_port);
        else if (answer_console(console))
            (void)hypercall_evtchn_send(shared->console_port);
        else
            (void)hypercall_block();
    }
}

static void see(uint32_t port, void *data)
{
    volatile struct parapet_vcpu_page *page = mg_vcpu_page();

    (void)data;
    page->guest[3] = port;
    page->guest[port <= 8 ? 1 : 2]++;
}

static void watch(void)
{
    for (uint32_t port = 0; port < PARAPET_NR_PORTS; port++)
        mg_event_handle(port, see, NULL);
}

/* The first of these ports are there or not, bound or not. */
static void play_with_ports(uint64_t rounds)
{
    for (uint64_t round = 0; round < rounds; round++) {
        (void)hypercall_evtchn_alloc_unbound(0);
        (void)hypercall_evtchn_send(1 + (uint32_t)(round % NR_TOYS));
        (void)hypercall_evtchn_close(1 + (uint32_t)(round * 7 % NR_TOYS));
        if (round % NR_TOYS == 0)
            (void)hypercall_yield();
    }
}

void test_main(void)
{
    static const char *const ends[] = {
        [PARAPET_SHUTDOWN_POWEROFF] = "exit",
        [PARAPET_SHUTDOWN_REBOOT] = "reboot",
        [PARAPET_SHUTDOWN_CRASH] = "crash",
    };

    mg_vcpu_page()->guest[0] = 1;
    for (uint32_t reason = 0; reason < ARRAY_SIZE(ends); reason++) {
        if (mg_variant(ends[reason]))
            shut_down(reason);
    }
    if (mg_variant("kill")) {
        mg_printf("it breaks a rule\n");
        (void)hypercall_iret();
    }
    if (mg_variant("obey"))
        obey();
    if (mg_variant("nap"))
        nap();
    if (mg_variant("ports"))
        play_with_ports(UINT64_MAX);
    if (mg_variant("ports_end")) {
        play_with_ports(NR_ROUNDS);
        shut_down(PARAPET_SHUTDOWN_POWEROFF);
    }
    if (mg_variant("spin"))
        spin();
    if (mg_variant("send"))
        send();
    if (mg_variant("grants"))
        play_with_grants();
    if (mg_variant("pair"))
        mg_pair_serve((uint32_t)mg_argument("tester", 0));
    if (mg_variant("witness"))
        watch();
    if (mg_variant("served"))
        be_served();
    if (mg_variant("ring"))
        mg_vcpu_page()->guest[1] = (uint64_t)hypercall_evtchn_send(1);
    if (mg_variant("random"))
        call_anything(NULL);
    sleep();
}
