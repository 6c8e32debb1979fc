/* SPDX-License-Identifier: MIT
 *
 * Runs beside hazard_lock_wait, and shares a CPU with its first vCPU: measures
 * how much of the time it has the CPU during each attack. It works all the
 * time, so by round robin with equal slices that is half.
 *
 * It was away when its counter says that it was switched out. Counted are
 * whole turns only, from one return to the CPU to another.
 */
#include "tests/kernels/partners/half.h"

#include "abi/exits.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(half);

/* In 1,000; and what half may lose. */
#define HALF 500
#define TOLERANCE 25
#define MIN_TURNS 3

struct turns {
    uint64_t nr;
    uint64_t here; /* ns */
    uint64_t away;
};

static struct turns turns[HALF_NR_ATTACKS];

/* One turn: returns when it comes back, which is *back. */
static void take_turn(struct turns *turn, uint64_t *back)
{
    const volatile uint64_t *switches =
        &mg_counters(0)->exits[PARAPET_EXIT_switched_out];
    uint64_t before = *switches, last, now = *back;

    do {
        last = now;
        now = mg_clock_ns();
    } while (*switches == before);
    /* It may have been switched out between the two looks. */
    now = mg_clock_ns();
    turn->nr++;
    turn->here += last - *back;
    turn->away += now - last;
    *back = now;
}

static void judge(const struct turns *t, unsigned int attack)
{
    uint64_t share;

    if (t->nr < MIN_TURNS)
        mg_error("attack %u: it lasted for %lu turns only", attack, t->nr);
    share = 2 * HALF * t->here / (t->here + t->away);
    mg_printf("attack %u: %lu of 1000, in %lu turns\n", attack, share, t->nr);
    if (share < HALF - TOLERANCE)
        mg_failure("attack %u: the neighbour got %lu of 1000", attack, share);
}

void test_main(void)
{
    uint64_t back = mg_clock_ns();
    uint64_t attack;

    while ((attack = half_attack(back)) < HALF_NR_ATTACKS) {
        struct turns turn = {0};
        uint64_t begin = back;

        take_turn(&turn, &back);
        /* Only one that is of one attack from its begin to its end. */
        if (begin < HALF_FIRST_NS || half_attack(back) != attack)
            continue;
        turns[attack].nr++;
        turns[attack].here += turn.here;
        turns[attack].away += turn.away;
    }
    for (unsigned int i = 0; i < HALF_NR_ATTACKS; i++)
        judge(&turns[i], i);
}
