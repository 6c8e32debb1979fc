/* SPDX-License-Identifier: MIT
 *
 * The counters and histograms that the hypervisor keeps of this vCPU, in pages
 * that we may read, with the names from the ABI's own lists.
 */
#include "abi/abi.h"
#include "abi/hypercall_args.h"
#include "abi/shared.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"

#define NAME(nr, name, ...) [nr] = #name,
#define PARAPET_HYPERCALL NAME
static const char *const hypercall_names[PARAPET_NR_HYPERCALLS] = {
#include "abi/hypercalls.def"
};
#undef PARAPET_HYPERCALL

#define PARAPET_EXIT NAME
static const char *const exit_names[PARAPET_NR_EXITS] = {
#include "abi/exits.def"
};
#undef PARAPET_EXIT

_Static_assert(LATENCY_NR_BUCKETS == PARAPET_NR_LATENCY_BUCKETS,
               "the kernel's histograms are the ABI's");

typedef void put_t(const struct privops_counter *counter);

/* buckets is NULL for what is counted and never timed. */
static void put_one(put_t *put, struct privops_counter *counter, uint64_t count,
                    const volatile uint32_t *buckets)
{
    unsigned int i;

    if (count == 0)
        return;
    counter->count = count;
    for (i = 0; i < LATENCY_NR_BUCKETS; i++)
        counter->latency.buckets[i] = buckets != NULL ? buckets[i] : 0;
    put(counter);
}

/* The hypervisor's clock counts the ticks that the samples are in. */
static const char *name_of(const char *name)
{
    return name != NULL ? name : "(no name)";
}

static void put_hypercalls(put_t *put,
                           const volatile struct parapet_counters *counters,
                           const volatile struct parapet_latency *latency)
{
    struct privops_counter counter = {.kind = "hypercall",
                                      .tick_hz = privops_tick_hz()};
    unsigned int i;

    for (i = 0; i < PARAPET_NR_HYPERCALLS; i++) {
        counter.name = name_of(hypercall_names[i]);
        put_one(put, &counter, counters->hypercalls[i], latency->hypercalls[i]);
    }
    counter.name = "(unknown)";
    put_one(put, &counter, counters->unknown_hypercalls, NULL);
}

static void put_exits(put_t *put,
                      const volatile struct parapet_counters *counters,
                      const volatile struct parapet_latency *latency)
{
    struct privops_counter counter = {.kind = "exit",
                                      .tick_hz = privops_tick_hz()};
    unsigned int i;

    for (i = 0; i < PARAPET_NR_EXITS; i++) {
        counter.name = name_of(exit_names[i]);
        put_one(put, &counter, counters->exits[i], latency->exits[i]);
    }
}

/* The kernel has one CPU, which is vCPU 0. */
bool privops_counters(put_t *put)
{
    const volatile struct parapet_counters *counters =
        (const volatile struct parapet_counters *)PARAPET_COUNTERS_PAGE(0ul);
    const volatile struct parapet_latency *latency =
        (const volatile struct parapet_latency *)PARAPET_LATENCY(0ul);

    put_hypercalls(put, counters, latency);
    put_exits(put, counters, latency);
    return true;
}
