/* SPDX-License-Identifier: MIT
 *
 * The rows of domains that come and go, and of events to one of many. It is
 * the control domain; what it makes runs born.c. Beside the lines that
 * bench_guest.c describes it prints
 *
 *   BENCH apart op=... way=... operations=N ticks=N
 *   BENCH frames op=idle_domain frames=N most=N
 *
 * ticks is what the sample before it takes for the zeroing of frames; frames
 * are those that an idle domain of one vCPU and one port costs, and that are no
 * domain's.
 *
 * The first sample is taken when no other domain is there, then one beside so
 * many as nr_others has, which sleep.
 */
#include "abi/exits.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/x86/tsc.h"
#include "tests/bench/born.h"
#include "tests/bench/pattern.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(life);

#define WAY "hypercall"
#define MEMORY (UINT64_C(8) << 20)

#define MAX_OTHERS 256
#define NR_SENDS 4096

/* Of an idle domain: frames that are no domain's. */
#define MOST_FRAMES 24

/* Powers of two, so that sends go to each as often. */
static const uint32_t nr_others[] = {1, 16, 64, 128, MAX_OTHERS};

static struct {
    uint32_t id;
    uint32_t port; /* of ours, to it */
} others[MAX_OTHERS];

static const char *pattern;
static unsigned long nr_rounds;
static uint8_t page[MG_PAGE_SIZE] __attribute__((aligned(MG_PAGE_SIZE)));

static void print(const char *kind, const char *op, uint64_t operations,
                  uint64_t ticks)
{
    if (bench_is_wanted(op, WAY, pattern))
        mg_printf("BENCH %s op=%s way=%s operations=%lu ticks=%lu\n", kind, op,
                  WAY, operations, ticks);
}

/* Nobody else has anything to do: it is alone on this CPU. */
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

typedef void *fill_t(void *to, int value, size_t size);

static void *fill_nothing(void *to, int value, size_t size)
{
    (void)value;
    (void)size;
    return to;
}

static uint64_t ticks_of_fill(fill_t *volatile fill)
{
    uint64_t from = rdtsc_ordered();

    (void)fill(page, 0, sizeof(page));
    return rdtsc_ordered() - from;
}

/* What memset() does for a frame, without the call: the hypervisor's is the
 * same. */
static uint64_t ticks_of_zeroing(void)
{
    return ticks_of_fill(memset) - ticks_of_fill(fill_nothing);
}

/* ---- a domain comes, and goes ---- */

static uint64_t nr_free(void)
{
    return mg_machine_info().free_frames;
}

static void build(uint64_t memory, struct mg_child *child)
{
    const struct mg_child_wish wish = {.memory = memory};

    mg_child_create(&wish, child);
}

/* Returns when its first instruction was. */
static uint64_t start(const struct mg_child *child)
{
    uint64_t first;

    MG_CHECK_EQ(mg_domain_unpause(child->id), 0);
    do
        (void)hypercall_yield();
    while ((first = mg_child_word(child, BORN_FIRST)) == 0);
    return first;
}

/* Rows create and destroy, of one domain. */
static void measure_life(const char *create_op, const char *destroy_op,
                         bool is_told)
{
    struct mg_child child;
    uint64_t before = nr_free(), zeroing, from, created, destroyed;

    from = rdtsc_ordered();
    build(MEMORY, &child);
    created = start(&child) - from;
    zeroing = (before - nr_free()) * ticks_of_zeroing();
    let_them_sleep();
    from = rdtsc_ordered();
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
    destroyed = rdtsc_ordered() - from;
    MG_CHECK_EQ(nr_free(), before);
    if (!is_told)
        return;
    print("sample", create_op, 1, created);
    print("apart", create_op, 1, zeroing);
    print("sample", destroy_op, 1, destroyed);
}

/* ---- beside others ---- */

static void make_other(uint32_t i)
{
    struct mg_child child;
    int64_t theirs, port;

    build(BORN_MEMORY, &child);
    theirs = HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(child.id, 0));
    (void)start(&child);
    port = hypercall_evtchn_bind_interdomain(child.id, (uint32_t)theirs);
    if (port < 0)
        mg_error("no port to domain %u: %ld, %ld", child.id, theirs, port);
    others[i].id = child.id;
    others[i].port = (uint32_t)port;
    /* It wakes up once; its event stays pending. */
    MG_CHECK_EQ(hypercall_evtchn_send(others[i].port), 0);
    let_them_sleep();
}

static void end_other(uint32_t i)
{
    MG_CHECK_EQ(mg_domain_destroy(others[i].id), 0);
    MG_CHECK_EQ(hypercall_evtchn_close(others[i].port), 0);
}

static void measure_send(const char *op, uint32_t nr, bool is_told)
{
    uint64_t from = rdtsc_ordered(), ticks;
    int64_t result = 0;

    for (uint32_t i = 0; i < NR_SENDS; i++)
        result |= hypercall_evtchn_send(others[i & (nr - 1)].port);
    ticks = rdtsc_ordered() - from;
    MG_CHECK_EQ(result, 0);
    if (is_told)
        print("sample", op, NR_SENDS, ticks);
}

static void measure_beside(uint32_t nr)
{
    char create_op[32], destroy_op[32], send_op[32];

    (void)string_format(create_op, sizeof(create_op), "create_among_%u", nr);
    (void)string_format(destroy_op, sizeof(destroy_op), "destroy_among_%u", nr);
    (void)string_format(send_op, sizeof(send_op), "send_among_%u", nr);
    for (unsigned long round = 0; round <= nr_rounds; round++) {
        measure_life(create_op, destroy_op, round > 0);
        measure_send(send_op, nr, round > 0);
    }
}

/* ---- what a domain costs besides its frames ---- */

static void print_frames(void)
{
    struct mg_child child;
    uint64_t before = nr_free(), cost;

    build(BORN_MEMORY, &child);
    MG_CHECK(HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(child.id, 0)) >
             0);
    (void)start(&child);
    cost = before - nr_free() - mg_domain_info(child.id).nr_frames;
    mg_printf("BENCH frames op=idle_domain frames=%lu most=%u\n", cost,
              MOST_FRAMES);
    MG_CHECK(cost <= MOST_FRAMES);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
}

void test_main(void)
{
    char *rest;
    uint64_t before;
    uint32_t nr = 0;

    nr_rounds = strtoul(mg_bootargs(), &rest, 10);
    pattern = *rest == ' ' ? rest + 1 : rest;
    mg_control_init();
    mg_printf("BENCH clock tsc_hz=%lu\n", mg_clock_snapshot().tsc_hz);
    /* Round 0 warms the emulator's caches, and is not reported. */
    for (unsigned long round = 0; round <= nr_rounds; round++)
        measure_life("domain_create", "domain_destroy", round > 0);
    print_frames();
    before = nr_free();
    for (size_t i = 0; i < ARRAY_SIZE(nr_others); i++) {
        while (nr < nr_others[i])
            make_other(nr++);
        measure_beside(nr);
    }
    while (nr > 0)
        end_other(--nr);
    /* The table of our own ports, made for the first, stays. */
    MG_CHECK_EQ(nr_free() + 1, before);
    mg_printf("BENCH end\n");
}
