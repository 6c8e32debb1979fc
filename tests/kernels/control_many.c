/* SPDX-License-Identifier: MIT
 *
 * Many domains, one after the other and beside each other: some are never
 * finished, some end by themselves, some are taken apart as they run. When all
 * are gone the machine has as many free frames as before. Boot arguments:
 *
 *   domains=N at_once=N   how many, and how many of them at once
 *   signs=N mib=N         how many, of what size, that give a sign of life
 *   seed=N                repeats the choices of a run
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 smp=2 patience=120
 * METER: control_life is metered: these are the same calls, many times
 * VARIANT: some bootargs="domains=50 at_once=30"
 * VARIANT: all soak=1 mem=1G bootargs="domains=1000 at_once=200"
 * VARIANT: alone soak=1 mem=1G smp=1 bootargs="domains=300 at_once=100"
 * VARIANT: full soak=1 mem=4G bootargs="signs=256 mib=8"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_many);

#define MAX_AT_ONCE 256
#define MAX_SPINNING 2
#define MEMORY (UINT64_C(2) << 20)

/* Of a domain without ports, vCPUs but one, and anything to do. */
#define MAX_OVERHEAD 24

/* More than the builder needs for a child. */
#define MANY_STEPS 60

enum how {
    MADE,  /* nothing but the domain */
    HALF,  /* the builder stops somewhere */
    BUILT, /* but not started */
    RUNS,
    ENDS, /* runs, and ends by itself */
};

static const struct kind {
    enum how how;
    const char *bootargs;
} kinds[] = {
    {MADE, "sleep"},  {HALF, "sleep"}, {HALF, "sleep"}, {BUILT, "sleep"},
    {RUNS, "sleep"},  {RUNS, "sleep"}, {RUNS, "obey"},  {RUNS, "spin"},
    {ENDS, "reboot"}, {ENDS, "crash"}, {ENDS, "exit"},  {ENDS, "kill"},
};

static struct mg_random numbers;
static struct mg_child children[MAX_AT_ONCE];
static const struct kind *kind_of[MAX_AT_ONCE];

/* A child's port, and ours, which is bound to it. */
static int64_t ports[MAX_AT_ONCE];
static volatile uint64_t nr_rings[MAX_AT_ONCE];

static uint64_t below(uint64_t limit)
{
    return mg_random_below(&numbers, limit);
}

/* ---- one of them ---- */

static void begin(struct mg_child *child, const struct kind *kind)
{
    const struct mg_child_wish wish = {.bootargs = kind->bootargs,
                                       .memory = MEMORY};
    int64_t result = mg_child_make(&wish, child);

    if (!MG_CHECK_EQ(result, 0) || kind->how == MADE)
        return;
    if (kind->how == HALF)
        child->max_steps = 1 + below(MANY_STEPS);
    result = mg_child_build(child);
    if (kind->how == HALF) {
        MG_CHECK(result == -PARAPET_EAGAIN || result == 0);
        return;
    }
    MG_CHECK_EQ(result, 0);
    if (kind->how == BUILT)
        return;
    MG_CHECK_EQ(mg_domain_unpause(child->id), 0);
    if (kind->how == RUNS && below(4) == 0)
        MG_CHECK_EQ(mg_domain_pause(child->id), 0);
}

static void end(struct mg_child *child, const struct kind *kind)
{
    if (kind->how == ENDS && below(2) == 0)
        (void)mg_domain_wait(child->id, PARAPET_DOMAIN_ENDED);
    if (below(4) == 0)
        mg_domain_audit(child->id);
    MG_CHECK_EQ(mg_domain_destroy(child->id), 0);
    MG_CHECK_EQ(mg_domain_destroy(child->id), -PARAPET_ENOENT);
}

/* ---- all of them ---- */

static void check_all_gone(uint64_t free_before)
{
    struct parapet_machine_info machine = mg_machine_info();

    MG_CHECK_EQ(machine.nr_domains, 1);
    if (!MG_CHECK_EQ(machine.free_frames, free_before))
        mg_error("frames are lost, or there are too many");
}

static void swap(size_t a, size_t b)
{
    struct mg_child child = children[a];
    const struct kind *kind = kind_of[a];

    children[a] = children[b];
    children[b] = child;
    kind_of[a] = kind_of[b];
    kind_of[b] = kind;
}

/* Few spin, or the others wait for their turns most of the time. */
static const struct kind *choose(uint64_t *nr_spinning)
{
    const struct kind *kind = &kinds[below(ARRAY_SIZE(kinds))];

    if (strcmp(kind->bootargs, "spin") != 0)
        return kind;
    return (*nr_spinning)++ < MAX_SPINNING ? kind : &kinds[0];
}

/* So many at once; they end in any order. */
static void batch(uint64_t nr)
{
    uint64_t before = mg_machine_info().free_frames, nr_spinning = 0;

    for (uint64_t i = 0; i < nr; i++) {
        kind_of[i] = choose(&nr_spinning);
        begin(&children[i], kind_of[i]);
    }
    MG_CHECK_EQ(mg_machine_info().nr_domains, nr + 1);
    for (; nr > 0; nr--) {
        swap(below(nr), nr - 1);
        end(&children[nr - 1], kind_of[nr - 1]);
    }
    check_all_gone(before);
}

static void test_many(uint64_t nr, uint64_t at_once)
{
    uint64_t some = at_once;

    while (nr > 0 && mg_failures() == 0) {
        some = MIN(nr, some);
        batch(some);
        nr -= some;
        some = 1 + below(at_once);
        mg_printf("%lu are still to come\n", nr);
    }
}

/* ---- what one costs, and signs of life ---- */

static void test_overhead(void)
{
    uint64_t before = mg_machine_info().free_frames, taken;
    struct mg_child child;

    mg_child_run("sleep", &child);
    while (mg_child_word(&child, 0) != 1)
        (void)hypercall_yield();
    taken = before - mg_machine_info().free_frames;
    taken -= mg_domain_info(child.id).nr_frames;
    mg_printf("a domain costs %lu frames more than it has\n", taken);
    MG_CHECK(taken > 0 && taken <= MAX_OVERHEAD);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
    check_all_gone(before);
}

static void count_ring(uint32_t port, void *data)
{
    volatile uint64_t *rings = data;

    (void)port;
    __atomic_fetch_add(rings, 1, __ATOMIC_SEQ_CST);
}

static void begin_ringing(uint64_t i, uint64_t mib)
{
    const struct mg_child_wish wish = {.bootargs = "ring", .memory = mib << 20};

    mg_child_create(&wish, &children[i]);
    MG_CHECK_EQ(
        HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(children[i].id, 0)),
        1);
    ports[i] = mg_event_bind_interdomain(children[i].id, 1, count_ring,
                                         (void *)&nr_rings[i]);
}

static void wait_for_ring(uint64_t i)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (nr_rings[i] < 2) {
        if (mg_clock_ns() > end)
            mg_error("domain %u gives no sign of life", children[i].id);
        (void)hypercall_yield();
    }
}

/* Each rings once; binding its port has raised ours once, too. */
static void test_signs(uint64_t nr, uint64_t mib)
{
    uint64_t before = mg_machine_info().free_frames;

    for (uint64_t i = 0; i < nr; i++)
        begin_ringing(i, mib);
    mg_sti();
    for (uint64_t i = 0; i < nr; i++)
        MG_CHECK_EQ(nr_rings[i], 1);
    for (uint64_t i = 0; i < nr; i++)
        MG_CHECK_EQ(mg_domain_unpause(children[i].id), 0);
    for (uint64_t i = 0; i < nr; i++)
        wait_for_ring(i);
    mg_printf("%lu domains of %lu MiB live\n", nr, mib);
    for (uint64_t i = 0; i < nr; i++)
        MG_CHECK_EQ(mg_domain_destroy(children[i].id), 0);
    /* Now the other end is gone: this is told once. */
    (void)hypercall_event_check();
    for (uint64_t i = 0; i < nr; i++) {
        MG_CHECK_EQ(nr_rings[i], 3);
        mg_event_close((uint32_t)ports[i]);
    }
    mg_cli();
    check_all_gone(before);
}

void test_main(void)
{
    uint64_t at_once = mg_argument("at_once", 1);

    if (at_once == 0 || at_once > MAX_AT_ONCE)
        mg_error("at_once=%lu: it is 1 to %u", at_once, MAX_AT_ONCE);
    mg_random_init(&numbers, mg_argument("seed", mg_random_seed()));
    mg_control_init();
    /* What the first port of the control domain itself lies in stays. */
    mg_event_close(mg_event_bind_ipi(0, NULL, NULL));
    test_overhead();
    test_signs(MIN(mg_argument("signs", 8), (uint64_t)MAX_AT_ONCE),
               mg_argument("mib", 2));
    test_many(mg_argument("domains", 0), at_once);
    mg_audit();
}
