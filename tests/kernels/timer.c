/* SPDX-License-Identifier: MIT
 *
 * The one-shot timer: it comes once, not early, and not much later; it can be
 * moved and cancelled; a deadline in the past comes at once; and it wakes a
 * vCPU that sleeps.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(timer);

/* An emulator on a busy machine can be late, but not for ever. */
#define LATE MG_PATIENCE

static volatile uint64_t count;
static volatile uint64_t came_at;

static void tick(uint32_t port, void *data)
{
    (void)port;
    (void)data;
    came_at = mg_clock_ns();
    count++;
}

static void set(uint64_t deadline)
{
    MG_CHECK_EQ(hypercall_set_timer(deadline), 0);
}

static void check_time(uint64_t deadline)
{
    if (came_at < deadline)
        mg_failure("the timer fired %lu ns early", deadline - came_at);
    if (came_at > deadline + LATE)
        mg_failure("the timer fired %lu ns late", came_at - deadline);
}

static void test_spinning(void)
{
    static const uint64_t delays[] = {20 * MG_US, 1 * MG_MS, 30 * MG_MS};

    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        uint64_t deadline = mg_clock_ns() + delays[i];

        count = 0;
        set(deadline);
        if (!MG_CHECK(mg_clock_wait(&count)))
            return;
        check_time(deadline);
    }
    /* One shot: nothing more comes. */
    mg_clock_delay(20 * MG_MS);
    MG_CHECK_EQ(count, 1);
}

static void test_past(void)
{
    static const uint64_t past[] = {1, 1000};

    for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
        count = 0;
        set(past[i]);
        MG_CHECK(mg_clock_wait(&count));
    }
    count = 0;
    set(mg_clock_ns());
    MG_CHECK(mg_clock_wait(&count));
}

static void test_cancel(void)
{
    /* Again, should a busy host have let it come in between. */
    do {
        count = 0;
        set(mg_clock_ns() + 10 * MG_MS);
        set(0);
    } while (count != 0);
    mg_clock_delay(30 * MG_MS);
    MG_CHECK_EQ(count, 0);
}

static void test_move(void)
{
    uint64_t deadline;

    /* Later: the first deadline is forgotten. */
    do {
        count = 0;
        set(mg_clock_ns() + 5 * MG_MS);
        deadline = mg_clock_ns() + 40 * MG_MS;
        set(deadline);
    } while (count != 0 && came_at < deadline);
    MG_CHECK(mg_clock_wait(&count));
    check_time(deadline);
    /* Earlier. */
    count = 0;
    set(mg_clock_ns() + 10 * MG_S);
    deadline = mg_clock_ns() + 5 * MG_MS;
    set(deadline);
    MG_CHECK(mg_clock_wait(&count));
    check_time(deadline);
    set(0);
}

/* Deadlines so far away that arithmetic could wrap: they never come. */
static void test_far_away(void)
{
    static const uint64_t far[] = {~0ul, 1ul << 63, (1ul << 63) - 1,
                                   ~0ul - 1000000};

    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        count = 0;
        set(far[i]);
        mg_clock_delay(5 * MG_MS);
        MG_CHECK_EQ(count, 0);
    }
    set(0);
}

static void test_block(void)
{
    for (int i = 0; i < 20; i++) {
        uint64_t deadline = mg_clock_ns() + 2 * MG_MS;

        mg_cli();
        count = 0;
        set(deadline);
        MG_CHECK_EQ(hypercall_block(), 0);
        MG_CHECK_EQ(mg_vcpu_page()->event_mask, 0);
        if (!MG_CHECK_EQ(count, 1))
            return;
        check_time(deadline);
    }
}

static uint8_t is_pending(void)
{
    return __atomic_load_n(&mg_vcpu_page()->event_pending, __ATOMIC_RELAXED);
}

/* While events are off it waits; then it comes. */
static void test_events_off(void)
{
    mg_cli();
    count = 0;
    set(mg_clock_ns() + 1 * MG_MS);
    mg_clock_delay(20 * MG_MS);
    for (uint64_t end = mg_clock_ns() + MG_PATIENCE;
         !is_pending() && mg_clock_ns() < end;)
        __builtin_ia32_pause();
    MG_CHECK_EQ(count, 0);
    MG_CHECK_EQ(is_pending(), 1);
    mg_sti();
    MG_CHECK_EQ(count, 1);
}

/* A periodic timer out of one-shots, as a kernel would make it. */
#define PERIODS 400

static volatile uint64_t periods, enough;

static void rearm(uint32_t port, void *data)
{
    uint64_t *deadline = data;

    (void)port;
    enough = ++periods >= PERIODS;
    *deadline += 500 * MG_US;
    (void)hypercall_set_timer(*deadline);
}

static void test_periodic(uint32_t port)
{
    uint64_t deadline = mg_clock_ns() + 500 * MG_US;

    mg_event_close(port);
    port = mg_event_bind_virq(PARAPET_VIRQ_TIMER, rearm, &deadline);
    set(deadline);
    MG_CHECK(mg_clock_wait(&enough));
    mg_cli();
    set(0);
    mg_event_close(port);
    mg_printf("%lu periods of 0.5 ms\n", periods);
}

void test_main(void)
{
    uint32_t port = mg_event_bind_virq(PARAPET_VIRQ_TIMER, tick, NULL);

    mg_sti();
    test_spinning();
    test_past();
    test_cancel();
    test_move();
    test_far_away();
    test_block();
    test_events_off();
    test_periodic(port);
}
