/* SPDX-License-Identifier: MIT
 *
 * The rows of a switch to another domain's vCPU: everybody on this CPU yields,
 * all the time. It is the control domain; what it makes runs born.c, one vCPU
 * each, which counts its yields. The lines are those of bench_guest.c.
 *
 * An operation is one yield, whoever does it: so it is one switch. The sample
 * begins when the counts have been read, and ends before they are read again.
 * Nobody else runs meanwhile, or it is taken anew.
 */
#include "abi/exits.h"
#include "abi/stubs.h"
#include "lib/string.h"
#include "lib/x86/tsc.h"
#include "tests/bench/born.h"
#include "tests/bench/pattern.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/sleep.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(switch);

#define WAY "hypercall"
#define MOST_OTHERS 255
/* The switches of a sample are at least so many. */
#define NR_SWITCHES 2048
/* A host that is busy can let a slice end while the counts are read. */
#define NR_TRIES 100

#define AHEAD_NS (2 * MG_MS)

static struct mg_child others[MOST_OTHERS];
static uint32_t nr_others;
static const char *pattern;

static uint64_t nr_switched_out(void)
{
    const volatile struct parapet_counters *counters = mg_counters(0);

    return counters->exits[PARAPET_EXIT_switched_out];
}

static uint64_t sum_of_yields(void)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < nr_others; i++)
        sum += mg_child_word(&others[i], BORN_YIELDS);
    return sum;
}

/* The same, of one moment: this vCPU had the CPU all the time. */
static uint64_t read_yields(void)
{
    uint64_t sum, before;

    for (int i = 0; i < NR_TRIES; i++) {
        before = nr_switched_out();
        sum = sum_of_yields();
        if (nr_switched_out() == before)
            return sum;
    }
    mg_error("%d times a slice ended while the counts were read", NR_TRIES);
}

/* Until the last one made has had its share of them. */
static uint64_t yield_many(void)
{
    const struct mg_child *last = &others[nr_others - 1];
    const uint64_t share = NR_SWITCHES / (nr_others + 1);
    uint64_t end = mg_child_word(last, BORN_YIELDS) + share, nr = 0;

    do {
        for (uint64_t i = 0; i < share; i++)
            (void)hypercall_yield();
        nr += share;
    } while (mg_child_word(last, BORN_YIELDS) < end);
    return nr;
}

static void measure(const char *op, bool is_told)
{
    uint64_t before, after, out, from, ticks, mine;

    if (!bench_is_wanted(op, WAY, pattern))
        return;
    (void)hypercall_yield(); /* a slice begins */
    before = read_yields();
    out = nr_switched_out();
    from = rdtsc_ordered();
    mine = yield_many();
    ticks = rdtsc_ordered() - from;
    out = nr_switched_out() - out;
    after = read_yields();
    /* Each yield was a switch, and so was each of the others'. */
    MG_CHECK(out >= mine);
    MG_CHECK(after > before);
    if (is_told)
        mg_printf("BENCH sample op=%s way=%s operations=%lu ticks=%lu\n", op,
                  WAY, after - before + mine, ticks);
}

static void make_others(uint32_t nr)
{
    const struct mg_child_wish wish = {.memory = BORN_MEMORY};
    const uint64_t yields = 1;
    struct mg_child *child;

    for (; nr_others < nr; nr_others++) {
        child = &others[nr_others];
        mg_child_create(&wish, child);
        MG_CHECK_EQ(mg_copy_to(child->id,
                               child->vcpu_page_mfn * MG_PAGE_SIZE +
                                   PARAPET_VCPU_GUEST + 8 * BORN_MODE,
                               &yields, sizeof(yields)),
                    0);
    }
}

static void set_weight(uint32_t id, uint32_t weight)
{
    MG_CHECK_EQ(hypercall_domain_schedule(id, weight, 0), 0);
}

/*
 * Under a policy that is fair whoever begins is a turn ahead of those that run.
 * So that nobody has to make up for it, for so many turns, this one is as far
 * ahead then: it sleeps while the one that runs has to pay the most.
 */
static void get_ahead(void)
{
    set_weight(0, PARAPET_DEFAULT_WEIGHT);
    set_weight(others[0].id, 1);
    mg_sleep(AHEAD_NS);
    set_weight(others[0].id, PARAPET_DEFAULT_WEIGHT);
}

/* All at once. This one's weight is the largest: what it takes to read the
 * counts would be a debt otherwise. */
static void start_others(uint32_t nr_running)
{
    if (nr_running > 0)
        get_ahead();
    set_weight(0, PARAPET_MAX_WEIGHT);
    for (uint32_t i = nr_running; i < nr_others; i++)
        MG_CHECK_EQ(mg_domain_unpause(others[i].id), 0);
    for (uint32_t i = 0; i < nr_others; i++) {
        while (mg_child_word(&others[i], BORN_YIELDS) == 0)
            (void)hypercall_yield();
    }
}

void test_main(void)
{
    char *rest;
    unsigned long nr_rounds = strtoul(mg_bootargs(), &rest, 10);

    pattern = *rest == ' ' ? rest + 1 : rest;
    mg_control_init();
    mg_printf("BENCH clock tsc_hz=%lu\n", mg_clock_snapshot().tsc_hz);
    mg_sleep_init();
    make_others(1);
    start_others(0);
    /* Round 0 warms the emulator's caches, and is not reported. */
    for (unsigned long round = 0; round <= nr_rounds; round++)
        measure("vcpu_switch", round > 0);
    make_others(MOST_OTHERS);
    start_others(1);
    for (unsigned long round = 0; round <= nr_rounds; round++)
        measure("vcpu_switch_256", round > 0);
    mg_printf("BENCH end\n");
}
