/* SPDX-License-Identifier: MIT
 *
 * The clock gets better while guests run: its multiplier changes, and the wall
 * clock is set. On no vCPU, and from none to another, does monotonic time go
 * back meanwhile, read from the page or by the hypercall; the pages of all tell
 * the same; the wall clock makes steps, and generation stays.
 *
 * BUNDLE: vcpus=2
 * QEMU: smp=2
 * METER: where instructions are counted the clock is left alone
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(clock_follow);

/* The clock changes at each second, until it is known well enough. */
#define ENOUGH_CHANGES 2
#define GIVE_UP (60 * MG_S)

static uint64_t latest; /* what any vCPU has read */
static uint64_t stop;
static uint64_t other_runs;

static uint64_t read_time(uint64_t turn)
{
    return turn % 2 ? (uint64_t)hypercall_clock_read() : mg_clock_ns();
}

/* Whatever was read before, by whomever, is not later than what is now. */
static bool read_in_turn(uint64_t turn)
{
    uint64_t before = __atomic_load_n(&latest, __ATOMIC_SEQ_CST);
    uint64_t now = read_time(turn);
    uint64_t shown = before;

    if (now < before) {
        mg_failure("the clock went from %lu back to %lu ns, by %s", before, now,
                   turn % 2 ? "hypercall" : "page");
        return false;
    }
    while (shown < now &&
           !__atomic_compare_exchange_n(&latest, &shown, now, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        ;
    return true;
}

static void read_on(void *argument)
{
    uint64_t turn = 0;

    (void)argument;
    while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST) && read_in_turn(turn++))
        __atomic_store_n(&other_runs, turn, __ATOMIC_SEQ_CST);
}

static void check_change(const struct parapet_clock *old,
                         const struct parapet_clock *new)
{
    mg_printf("%lu -> %lu Hz, wall clock moved by %ld us\n", old->tsc_hz,
              new->tsc_hz,
              (int64_t)(new->wall_offset_ns - old->wall_offset_ns) / 1000);
    MG_CHECK_EQ(new->generation, old->generation);
    MG_CHECK_EQ(new->seq % 2, 0);
    /* The boot is wrong by less than that, and the CMOS clock shows seconds. */
    MG_CHECK(new->multiplier < old->multiplier + old->multiplier / 50);
    MG_CHECK(new->multiplier > old->multiplier - old->multiplier / 50);
}

void test_main(void)
{
    struct parapet_clock first = mg_clock_snapshot(), clock = first;
    uint64_t end = mg_clock_ns() + GIVE_UP;
    uint64_t turn = 0;
    int nr_changes = 0;

    MG_CHECK_EQ(mg_vcpu_start(1, read_on, NULL), 0);
    while (nr_changes < ENOUGH_CHANGES && read_in_turn(turn++)) {
        struct parapet_clock now = mg_clock_snapshot();

        if (now.seq != clock.seq) {
            check_change(&clock, &now);
            clock = now;
            nr_changes++;
        }
        if (latest > end) {
            mg_failure("expected %d changes in %lu s, got %d", ENOUGH_CHANGES,
                       GIVE_UP / MG_S, nr_changes);
            break;
        }
    }
    __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
    MG_CHECK(clock.multiplier != first.multiplier);
    MG_CHECK(other_runs > 0);
    mg_printf("%lu and %lu readings\n", turn, other_runs);
}
