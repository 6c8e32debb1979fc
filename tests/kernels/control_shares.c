/* SPDX-License-Identifier: MIT
 *
 * Domains that only count share the CPUs by their weights and caps, however
 * many vCPUs they have. The control domain makes them, sleeps, and reads how
 * far each has come: what a vCPU of the machine counts that is alone on its CPU
 * is 100 %. Boot arguments: ms=N, how long each show is, in virtual time.
 *
 * On one CPU an instruction is 8 ns long, so ten seconds are 1,250 million of
 * them; but where the CPU is idle at times it is 1 ns: the emulator does not
 * come out of a halt otherwise. On two CPUs, which are not in step, a share is
 * what was not stolen of the time. The host may halt a CPU for a while, and who
 * runs there then is ahead for some turns: so the show goes on until the shares
 * are right, and fails if they never are.
 *
 * The bench has it print shares by weight, for a figure (figure()).
 *
 * BUNDLE: memory=16M
 * QEMU: privileged=1 mem=256M patience=120
 * METER: times are not in instructions
 * VARIANT: weights icount=1 shift=3 bootargs="ms=1000"
 * VARIANT: caps icount=1 bootargs="ms=400"
 * VARIANT: two_cpus smp=2 bootargs="ms=1500"
 * VARIANT: weights_long icount=1 shift=3 soak=1 bootargs="ms=10000"
 * VARIANT: caps_long icount=1 soak=1 bootargs="ms=10000"
 * VARIANT: two_cpus_long smp=2 soak=1 bootargs="ms=10000"
 */
#include "abi/domain.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/sleep.h"
#include "tests/kernels/lib/test.h"

MG_TEST(control_shares);

#define MOST 8
/* Where the host may halt a CPU, and where stolen time is told when a wait is
 * over, which is 60 ms: for so long a show may go on. */
#define LONGEST_NS (60 * MG_S)
/* After that all of them run, and who has begun ahead has paid for it. */
#define SETTLE_NS (200 * MG_MS)

/* Of a domain; shares are in thousandths of a CPU. */
struct part {
    uint32_t weight, cap, nr_vcpus;
    int64_t expected, slack;
};

struct show {
    const char *name;
    uint32_t nr;
    struct part parts[MOST];
};

/* Within 10 of both, 1:2 is kept within 5 %. */
static const struct show weights[] = {
    {"weights 256, 512", 2, {{256, 0, 1, 333, 10}, {512, 0, 1, 667, 10}}},
    {"8 vCPUs, 1 vCPU", 2, {{256, 0, 8, 500, 20}, {256, 0, 1, 500, 20}}},
};

static const struct show caps[] = {
    {"cap 25 alone", 1, {{256, 25, 1, 250, 30}}},
    {"cap 25, busy", 2, {{256, 25, 1, 250, 30}, {256, 0, 1, 750, 30}}},
};

#define QUARTER                                                                \
    {                                                                          \
        256, 0, 1, 250, 20                                                     \
    }
static const struct show two_cpus[] = {
    {"8 on 2 CPUs",
     8,
     {QUARTER, QUARTER, QUARTER, QUARTER, QUARTER, QUARTER, QUARTER, QUARTER}},
};

static struct mg_child children[MOST];
static uint64_t per_ms; /* what one counts in a millisecond that is alone */
static bool by_time;    /* what is counted is not turns but stolen time */

/* ---- those that count ---- */

static void begin(struct mg_child *child, const struct part *part)
{
    char bootargs[32];
    const struct mg_child_wish wish = {.bootargs = bootargs,
                                       .nr_vcpus = part->nr_vcpus};

    (void)string_format(bootargs, sizeof(bootargs), "spin vcpus=%u",
                        part->nr_vcpus);
    mg_child_create(&wish, child);
    MG_CHECK_EQ(hypercall_domain_schedule(child->id, part->weight, part->cap),
                0);
}

static uint64_t stolen_from(const struct mg_child *child)
{
    uint64_t ns = 0;

    MG_CHECK_EQ(mg_copy_from(child->id,
                             child->vcpu_page_mfn * MG_PAGE_SIZE +
                                 offsetof(struct parapet_vcpu_page, stolen_ns),
                             &ns, sizeof(ns)),
                0);
    return ns;
}

static uint64_t count_of(const struct mg_child *child, uint32_t nr_vcpus)
{
    uint64_t sum = 0;

    if (by_time)
        return mg_clock_ns() - stolen_from(child);

    for (uint32_t i = 0; i < nr_vcpus; i++)
        sum += mg_child_word(child, i);
    return sum;
}

static void begin_all(const struct part *parts, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++)
        begin(&children[i], &parts[i]);
    for (uint32_t i = 0; i < nr; i++)
        MG_CHECK_EQ(mg_domain_unpause(children[i].id), 0);
    mg_sleep(SETTLE_NS);
}

static void count_all(const struct part *parts, uint32_t nr, uint64_t counts[])
{
    for (uint32_t i = 0; i < nr; i++)
        counts[i] = count_of(&children[i], parts[i].nr_vcpus);
}

static void end_all(uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++)
        MG_CHECK_EQ(mg_domain_destroy(children[i].id), 0);
}

/* How far they have come since `from`, when they had these counts. Returns how
 * long it was: timers come late. */
static uint64_t count_since(uint64_t from, const struct part *parts,
                            uint32_t nr, const uint64_t before[],
                            uint64_t counts[])
{
    count_all(parts, nr, counts);
    for (uint32_t i = 0; i < nr; i++)
        counts[i] -= before[i];
    return mg_clock_ns() - from;
}

/* Lets them run so long. Returns how long it was. */
static uint64_t measure(const struct part *parts, uint32_t nr, uint64_t ns,
                        uint64_t counts[])
{
    uint64_t before[MOST], from;

    begin_all(parts, nr);
    from = mg_clock_ns();
    count_all(parts, nr, before);
    mg_sleep(ns);
    ns = count_since(from, parts, nr, before, counts);
    end_all(nr);
    return ns;
}

/* ---- the shows ---- */

static void calibrate(void)
{
    const struct part alone = {256, 0, 1, 1000, 0};
    uint64_t count, ns;

    ns = measure(&alone, 1, SETTLE_NS, &count);
    per_ms = count * MG_MS / ns;
    mg_printf("alone: %lu counts in a millisecond\n\n", per_ms);
    MG_CHECK(per_ms > 0);
}

/*
 * What one counts that has a CPU for itself. Where no cap leaves time to nobody
 * it is what all of them count: so what the hypervisor takes is no domain's.
 */
static uint64_t all_of(const struct show *show, const uint64_t counts[],
                       uint64_t ns)
{
    uint64_t sum = 0;

    if (by_time)
        return ns;
    for (uint32_t i = 0; i < show->nr; i++) {
        if (show->parts[i].cap)
            return per_ms * ns / MG_MS;
        sum += counts[i];
    }
    return sum;
}

static bool is_good(const struct part *part, int64_t share)
{
    return share >= part->expected - part->slack &&
           share <= part->expected + part->slack;
}

static void tell(const struct show *show, uint32_t i, int64_t share)
{
    const struct part *part = &show->parts[i];
    int64_t slack = part->slack;
    bool good = is_good(part, share);

    mg_printf("%-17s %6u %4u %6u  %3ld.%ld +- %ld.%ld  %3ld.%ld %s\n",
              i == 0 ? show->name : "", part->weight, part->cap, part->nr_vcpus,
              part->expected / 10, part->expected % 10, slack / 10, slack % 10,
              share / 10, share % 10, good ? "" : " NO");
    if (!good)
        mg_failure("%s, domain %u: expected %ld +- %ld thousandths of a CPU, "
                   "got %ld",
                   show->name, i, part->expected, slack, share);
}

/* Counts become shares. */
static bool all_good(const struct show *show, uint64_t counts[], uint64_t ns)
{
    uint64_t all = all_of(show, counts, ns);
    bool good = true;

    for (uint32_t i = 0; i < show->nr; i++) {
        counts[i] = counts[i] * 1000 / all;
        good = good && is_good(&show->parts[i], (int64_t)counts[i]);
    }
    return good;
}

static void run(const struct show *show)
{
    uint64_t counts[MOST], before[MOST], from, ns;

    begin_all(show->parts, show->nr);
    from = mg_clock_ns();
    count_all(show->parts, show->nr, before);
    do {
        mg_sleep(mg_argument("ms", 1000) * MG_MS);
        ns = count_since(from, show->parts, show->nr, before, counts);
    } while (!all_good(show, counts, ns) && by_time && ns < LONGEST_NS);
    end_all(show->nr);
    for (uint32_t i = 0; i < show->nr; i++)
        tell(show, i, (int64_t)counts[i]);
}

static void run_all(const struct show *shows, size_t nr)
{
    mg_printf("%-17s %6s %4s %6s  %12s  %s\n", "show", "weight", "cap", "vCPUs",
              "expected %", "got %");
    for (size_t i = 0; i < nr; i++)
        run(&shows[i]);
}

/* Beside one of the usual weight. */
static void figure(void)
{
    uint64_t counts[2];

    for (uint32_t weight = 64; weight <= 1024; weight *= 2) {
        const struct part parts[] = {{weight, 0, 1, 0, 0},
                                     {PARAPET_DEFAULT_WEIGHT, 0, 1, 0, 0}};

        (void)measure(parts, 2, mg_argument("ms", 1000) * MG_MS, counts);
        mg_printf("BENCH share weight=%u beside=%u thousandths=%lu\n", weight,
                  PARAPET_DEFAULT_WEIGHT,
                  counts[0] * 1000 / (counts[0] + counts[1]));
    }
    mg_printf("BENCH end\n");
}

/* In make test, or in soak, for longer. */
static bool is_show(const char *name, const char *name_in_soak)
{
    return mg_variant(name) || mg_variant(name_in_soak);
}

void test_main(void)
{
    mg_control_init();
    mg_sleep_init();
    if (mg_variant("figure")) {
        figure();
        return;
    }
    by_time = is_show("two_cpus", "two_cpus_long");
    calibrate();
    if (by_time)
        run_all(two_cpus, ARRAY_SIZE(two_cpus));
    else if (is_show("caps", "caps_long"))
        run_all(caps, ARRAY_SIZE(caps));
    else if (is_show("weights", "weights_long"))
        run_all(weights, ARRAY_SIZE(weights));
    else
        mg_error("'%s': no such show", mg_bootargs());
}
