/* SPDX-License-Identifier: MIT
 *
 * The rows of events to another domain on the same CPU (bench_peer.c). Its
 * vCPUs sleep: a loop wakes them, lets them run and sleep again, and takes the
 * time of the sends alone, or sleeps itself until an event comes back.
 */
#include "abi/exits.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/tsc.h"
#include "tests/bench/loops_pair.h"
#include "tests/bench/operation.h"
#include "tests/bench/peer.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/sleep.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

/* loops_pair.S has the numbers. */
_Static_assert(PARAPET_HC_block == 33 && PARAPET_HC_evtchn_send == 50,
               "a hypercall has another number");

static uint32_t first, second;

static uint32_t bind(uint32_t peer_port)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    int64_t port;

    do {
        (void)hypercall_yield();
        port = hypercall_evtchn_bind_interdomain(PEER_ID, peer_port);
    } while (port < 0 && mg_clock_ns() < end);
    if (port < 0)
        mg_error("the domain beside the bench has no port %u: %ld", peer_port,
                 port);
    return (uint32_t)port;
}

/* Until all its vCPUs sleep: nobody else is on this CPU. */
static void let_them_sleep(void)
{
    const volatile uint64_t *switches =
        &mg_counters(0)->exits[PARAPET_EXIT_switched_out];
    uint64_t before;

    do {
        before = *switches;
        (void)hypercall_yield();
    } while (*switches != before);
}

void peer_operations_init(void)
{
    mg_sleep_init();
    first = bind(PEER_FIRST);
    second = bind(PEER_SECOND);
    bench_pair_port = bind(PEER_ECHO);
    let_them_sleep();
}

void peer_operations_end(void)
{
    mg_event_close((uint32_t)bench_pair_port);
    mg_event_close(second);
    mg_event_close(first);
}

static void prepare(void)
{
    let_them_sleep();
}

/* Where the bench itself sleeps: not by another row's way to take events. */
static void prepare_alone(void)
{
    mg_event_init();
    let_them_sleep();
}

/* Its vCPU waits for the CPU: nobody takes the event meanwhile, as the next
 * tick is half a millisecond away, when the last one is over. */
static void prepare_pending(void)
{
    uint64_t end;

    let_them_sleep();
    end = mg_clock_ns() + MG_MS;
    while (mg_clock_ns() < end)
        ;
    bench_port = first;
    MG_CHECK_EQ(hypercall_evtchn_send(first), 0);
}

static void prepare_echo(void)
{
    (void)hypercall_set_callback(PARAPET_CALLBACK_EVENT,
                                 (uint64_t)bench_pair_entry);
    let_them_sleep();
    /* One came when the port was bound, and was not taken. */
    mg_port_clear((uint32_t)bench_pair_port);
}

/* A tick of the scheduler's that comes in between is no part of the send. */
static uint64_t ticks_of_send(uint32_t port, bool *interrupted)
{
    const volatile uint64_t *interrupts =
        &mg_counters(0)->exits[PARAPET_EXIT_interrupt];
    uint64_t before = *interrupts;
    uint64_t start = rdtsc_ordered();
    int64_t result = hypercall_evtchn_send(port);
    uint64_t end = rdtsc_ordered();

    *interrupted = *interrupts != before;
    MG_CHECK_EQ(result, 0);
    return end - start;
}

/* What there is between two looks at the counter. */
static uint64_t ticks_of_nothing(void)
{
    uint64_t start = rdtsc_ordered();

    return rdtsc_ordered() - start;
}

/*
 * The hypervisor times one exit in PARAPET_LATENCY_INTERVAL, and that one takes
 * longer. With another number of exits each time it is not always the same one
 * of a loop.
 */
static void shift_samples(uint64_t iteration)
{
    for (uint64_t n = 0; n < iteration % 7; n++)
        (void)hypercall_clock_read();
}

/* The CPU is this vCPU's alone, and no tick is left of when it was not: its
 * slice begins now. */
static uint64_t wake_first(uint64_t iterations)
{
    uint64_t ticks = 0;
    bool interrupted;

    while (iterations > 0) {
        uint64_t took;

        mg_sleep(MG_MS);
        took = ticks_of_send(first, &interrupted);
        if (!interrupted) {
            ticks += took - ticks_of_nothing();
            iterations--;
        }
        let_them_sleep();
        shift_samples(iterations);
    }
    return ticks;
}

static uint64_t wake_second(uint64_t iterations)
{
    uint64_t ticks = 0;
    bool interrupted;

    while (iterations > 0) {
        uint64_t took;

        (void)ticks_of_send(first, &interrupted);
        took = ticks_of_send(second, &interrupted);
        if (!interrupted) {
            ticks += took - ticks_of_nothing();
            iterations--;
        }
        let_them_sleep();
        shift_samples(iterations);
    }
    return ticks;
}

const struct operation peer_operations[] = {
    {"event_remote_pending", "hypercall", bench_event_send_remote, 2000, 1,
     prepare_pending, 0},
    {"event_remote_wake", "hypercall", wake_second, 1000, 1, prepare,
     RESULT_TICKS},
    {"event_remote_wake_slice", "hypercall", wake_first, 128, 1, prepare_alone,
     RESULT_TICKS},
    {"evtchn_pingpong", "hypercall", bench_event_round_trip, 2000, 1,
     prepare_echo, 0},
};
const size_t nr_peer_operations = ARRAY_SIZE(peer_operations);
