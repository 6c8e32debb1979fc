/* SPDX-License-Identifier: MIT
 *
 * A domain that counts, and one that sleeps and measures how late it wakes,
 * live beside hostile neighbours: one kind after the other, and all at once.
 * The counter has its share of the CPU, the sleeper wakes in time, and both
 * live. Boot arguments: ms=N, how long each neighbour is there, in virtual
 * time. An audit of a domain that ends takes milliseconds, and is left out.
 *
 * BUNDLE: memory=16M
 * QEMU: privileged=1 icount=1 shift=3 mem=256M patience=120 append="audit=off"
 * METER: times are not in instructions
 * VARIANT: some bootargs="ms=300"
 * VARIANT: long soak=1 bootargs="ms=10000"
 */
#include "abi/domain.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/sleep.h"
#include "tests/kernels/lib/test.h"

MG_TEST(control_neighbours);

#define SETTLE_NS (100 * MG_MS)
/* So often a domain that has crashed is made anew. */
#define ANEW_NS (20 * MG_MS)
#define MOST_LATE_NS MG_MS
/* In percent of its share, of which it may lack so many. */
#define MOST_LACKING 5
#define BIG_MEMORY (UINT64_C(12) << 20)

/* control_neighbours_asm.S */
extern const unsigned char neighbour_kernel[], neighbour_kernel_end[];

static const char *const kinds[] = {"crash", "spin",   "yield", "block",
                                    "flood", "timers", "locks", "memory"};
#define NR_KINDS ARRAY_SIZE(kinds)

static struct mg_child_kernel kernel;
static struct mg_child counter, sleeper;
static struct mg_child hostile[NR_KINDS], second[NR_KINDS];
static uint64_t per_ms; /* what one counts in a millisecond that is alone */

/* ---- those beside ---- */

static void begin(struct mg_child *child, const char *bootargs)
{
    const struct mg_child_wish wish = {
        .kernel = &kernel,
        .bootargs = bootargs,
        .nr_vcpus = strcmp(bootargs, "spin") == 0 ? 4 : 1,
        .memory = strcmp(bootargs, "memory") == 0 ? BIG_MEMORY : 0,
    };

    mg_child_create(&wish, child);
}

static void run_child(const struct mg_child *child)
{
    MG_CHECK_EQ(mg_domain_unpause(child->id), 0);
}

/* Two, which send to each other. */
static void begin_flood(size_t kind)
{
    char bootargs[32];

    begin(&hostile[kind], "flood");
    (void)string_format(bootargs, sizeof(bootargs), "flood domain=%u",
                        hostile[kind].id);
    begin(&second[kind], bootargs);
    MG_CHECK_EQ(HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(
                    hostile[kind].id, second[kind].id)),
                1);
    run_child(&hostile[kind]);
    run_child(&second[kind]);
}

static bool is(size_t kind, const char *name)
{
    return strcmp(kinds[kind], name) == 0;
}

static void begin_kind(size_t kind)
{
    if (is(kind, "flood")) {
        begin_flood(kind);
        return;
    }
    begin(&hostile[kind], kinds[kind]);
    run_child(&hostile[kind]);
}

static void end_kind(size_t kind)
{
    /* Else it was not what it is here for. */
    if (!is(kind, "crash"))
        MG_CHECK_EQ(mg_domain_info(hostile[kind].id).state,
                    PARAPET_DOMAIN_RUNNING);
    MG_CHECK_EQ(mg_domain_destroy(hostile[kind].id), 0);
    if (is(kind, "flood"))
        MG_CHECK_EQ(mg_domain_destroy(second[kind].id), 0);
}

/* How many domains want the CPU for this kind: who crashes needs this one,
 * which makes it anew. */
static uint64_t nr_domains(size_t kind)
{
    return is(kind, "flood") || is(kind, "crash") ? 2 : 1;
}

static void make_anew(size_t kind)
{
    if (!is(kind, "crash") ||
        mg_domain_info(hostile[kind].id).state != PARAPET_DOMAIN_ENDED)
        return;
    end_kind(kind);
    begin_kind(kind);
}

/* ---- what comes of it ---- */

static void judge(const char *name, uint64_t nr_others, uint64_t count,
                  uint64_t ns)
{
    uint64_t whole = per_ms * ns / MG_MS;
    uint64_t share = count * 1000 / whole;
    uint64_t least = 1000 * (100 - MOST_LACKING) / 100 / (nr_others + 1);
    uint64_t late = mg_child_word(&sleeper, 1);
    bool good = share >= least && late <= MOST_LATE_NS;

    mg_printf("%-8s %10lu.%lu %10lu.%lu %14lu%s\n", name, least / 10,
              least % 10, share / 10, share % 10, late / 1000,
              good ? "" : "  NO");
    if (share < least)
        mg_failure("%s: the counter has %lu thousandths of the CPU, expected "
                   "%lu or more",
                   name, share, least);
    if (late > MOST_LATE_NS)
        mg_failure("%s: the sleeper woke %lu ns too late, expected %lu or less",
                   name, late, MOST_LATE_NS);
}

static void forget_late(void)
{
    const uint64_t none = 0;

    MG_CHECK_EQ(mg_copy_to(sleeper.id,
                           sleeper.vcpu_page_mfn * MG_PAGE_SIZE +
                               PARAPET_VCPU_GUEST + 8,
                           &none, sizeof(none)),
                0);
}

/* Of kinds from..to - 1, all at once. */
static void run(const char *name, size_t from, size_t to)
{
    uint64_t nr_others = 0, start, count, nr_woken, end;

    for (size_t kind = from; kind < to; kind++) {
        begin_kind(kind);
        nr_others += nr_domains(kind);
    }
    mg_sleep(SETTLE_NS);
    forget_late();
    nr_woken = mg_child_word(&sleeper, 0);
    count = mg_child_word(&counter, 0);
    start = mg_clock_ns();
    end = start + mg_argument("ms", 300) * MG_MS;
    while (mg_clock_ns() < end) {
        mg_sleep(ANEW_NS);
        for (size_t kind = from; kind < to; kind++)
            make_anew(kind);
    }
    count = mg_child_word(&counter, 0) - count;
    judge(name, nr_others, count, mg_clock_ns() - start);
    MG_CHECK(mg_child_word(&sleeper, 0) > nr_woken);
    for (size_t kind = from; kind < to; kind++)
        end_kind(kind);
}

static void calibrate(void)
{
    uint64_t start, count;

    mg_sleep(SETTLE_NS);
    start = mg_clock_ns();
    count = mg_child_word(&counter, 0);
    mg_sleep(SETTLE_NS);
    count = mg_child_word(&counter, 0) - count;
    per_ms = count * MG_MS / (mg_clock_ns() - start);
    MG_CHECK(per_ms > 0);
}

void test_main(void)
{
    mg_control_init();
    mg_child_kernel_read(neighbour_kernel, neighbour_kernel_end, &kernel);
    mg_sleep_init();
    mg_child_run("spin", &counter);
    begin(&sleeper, "sleeper");
    run_child(&sleeper);
    calibrate();
    mg_printf("%-8s %12s %12s %14s\n", "beside", "share >= %", "got %",
              "late, us");
    run("nobody", 0, 0);
    for (size_t kind = 0; kind < NR_KINDS; kind++)
        run(kinds[kind], kind, kind + 1);
    run("all", 0, NR_KINDS);
    MG_CHECK_EQ(mg_domain_info(counter.id).state, PARAPET_DOMAIN_RUNNING);
    MG_CHECK_EQ(mg_domain_info(sleeper.id).state, PARAPET_DOMAIN_RUNNING);
}
