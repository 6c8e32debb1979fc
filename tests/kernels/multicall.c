/* SPDX-License-Identifier: MIT
 *
 * multicall: results in order, what it refuses to hold, its limits, and that
 * a long one stops and goes on without losing or repeating a call.
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(multicall);

#define UNTOUCHED 0x7e57

static struct parapet_multicall_entry calls[PARAPET_MAX_MULTICALL + 1];

static void prepare(size_t nr, uint64_t number)
{
    memset(calls, 0, nr * sizeof(calls[0]));
    for (size_t i = 0; i < nr; i++) {
        calls[i].number = number;
        calls[i].result = UNTOUCHED;
    }
}

/* A mixture: each entry has its own result, and a failure stops nothing. */
static void test_results(void)
{
    prepare(5, PARAPET_HC_abi_version);
    calls[1].number = PARAPET_NR_HYPERCALLS - 1;
    calls[2].number = 1ul << 63;
    calls[3].number = PARAPET_HC_evtchn_send;
    calls[3].args[0] = PARAPET_NR_PORTS;
    MG_CHECK_EQ(hypercall_multicall(calls, 4), 0);
    MG_CHECK_EQ(calls[0].result, PARAPET_ABI_VERSION);
    MG_CHECK_EQ(calls[1].result, -PARAPET_ENOSYS);
    MG_CHECK_EQ(calls[2].result, -PARAPET_ENOSYS);
    MG_CHECK_EQ(calls[3].result, -PARAPET_EINVAL);
    MG_CHECK_EQ(calls[4].result, UNTOUCHED);
    MG_CHECK_EQ(hypercall_multicall(calls, 0), 0);
}

static void test_arguments_unchanged(void)
{
    prepare(1, PARAPET_HC_abi_version);
    for (uint64_t i = 0; i < ARRAY_SIZE(calls[0].args); i++)
        calls[0].args[i] = ~i;
    MG_CHECK_EQ(hypercall_multicall(calls, 1), 0);
    MG_CHECK_EQ(calls[0].number, PARAPET_HC_abi_version);
    for (uint64_t i = 0; i < ARRAY_SIZE(calls[0].args); i++)
        MG_CHECK_EQ(calls[0].args[i], ~i);
}

/*
 * Every hypercall with arguments that it refuses or that do nothing: what
 * may not stand in a multicall gives -EINVAL and is not carried out (else
 * this test would not come to its end).
 */
static void test_forbidden(void)
{
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        const struct mg_hypercall *hc = &mg_hypercalls[i];

        if (!(hc->flags & HC_NO_MULTICALL) || mg_hypercall_is_forbidden(hc))
            continue;
        prepare(2, PARAPET_HC_abi_version);
        calls[0].number = hc->number;
        MG_CHECK_EQ(hypercall_multicall(calls, 2), 0);
        if (calls[0].result != -PARAPET_EINVAL)
            mg_failure("%s inside a multicall: expected -EINVAL, got %ld",
                       hc->name, calls[0].result);
        MG_CHECK_EQ(calls[1].result, PARAPET_ABI_VERSION);
    }
}

/* Every call of the longest multicall is carried out, and exactly once. */
static volatile uint64_t nr_upcalls;

static void test_restart(void)
{
    uint32_t port = mg_event_bind_ipi(0, mg_event_count, (void *)&nr_upcalls);
    uint64_t before = mg_counters(0)->hypercalls[PARAPET_HC_multicall];
    size_t nr = PARAPET_MAX_MULTICALL;

    mg_sti();
    prepare(nr, PARAPET_HC_abi_version);
    for (size_t i = 0; i < nr; i += 2) {
        calls[i].number = PARAPET_HC_evtchn_send;
        calls[i].args[0] = port;
    }
    MG_CHECK_EQ(hypercall_multicall_all(mg_vcpu_page(), calls, nr), 0);
    mg_cli();
    for (size_t i = 0; i < nr; i++) {
        if (!MG_CHECK_EQ(calls[i].result, i % 2 ? PARAPET_ABI_VERSION : 0))
            break;
    }
    /* At most 20,000 instructions at a time: so many calls do not fit. */
    MG_CHECK(mg_counters(0)->hypercalls[PARAPET_HC_multicall] - before > 1);
    MG_CHECK(nr_upcalls > 1);
    mg_event_close(port);
}

/* A stop says how much is done, and has done just that. */
static void test_first_stop(void)
{
    uint64_t done;

    prepare(PARAPET_MAX_MULTICALL, PARAPET_HC_abi_version);
    MG_CHECK_EQ(hypercall_multicall(calls, PARAPET_MAX_MULTICALL),
                -PARAPET_ERESTART);
    done = mg_vcpu_page()->restart_done;
    MG_CHECK(done > 0 && done < PARAPET_MAX_MULTICALL);
    for (size_t i = 0; i < PARAPET_MAX_MULTICALL; i++) {
        if (!MG_CHECK_EQ(calls[i].result,
                         i < done ? PARAPET_ABI_VERSION : UNTOUCHED))
            break;
    }
}

static void test_limits(void)
{
    static const uint64_t too_many[] = {PARAPET_MAX_MULTICALL + 1, 1ul << 32,
                                        (1ul << 58) + 1, ~0ul};

    prepare(PARAPET_MAX_MULTICALL + 1, PARAPET_HC_abi_version);
    for (size_t i = 0; i < ARRAY_SIZE(too_many); i++)
        MG_CHECK_EQ(hypercall_multicall(calls, too_many[i]), -PARAPET_E2BIG);
    MG_CHECK_EQ(calls[0].result, UNTOUCHED);
    MG_CHECK_EQ(hypercall_multicall((char *)calls + 4, 1), -PARAPET_EINVAL);
}

/* It runs out of the mapped page: the entries before are carried out. */
static void test_edge(void)
{
    struct parapet_multicall_entry *end =
        (void *)(mg_edge_page + sizeof(mg_edge_page));

    prepare(2, PARAPET_HC_abi_version);
    memcpy(end - 2, calls, 2 * sizeof(*end));
    MG_CHECK_EQ(hypercall_multicall(end - 2, 3), -PARAPET_EFAULT);
    MG_CHECK_EQ(end[-2].result, PARAPET_ABI_VERSION);
    MG_CHECK_EQ(end[-1].result, PARAPET_ABI_VERSION);
    /* The second entry's last word lies behind the edge. */
    memcpy((char *)(end - 2) + 8, calls, 2 * sizeof(*end) - 8);
    MG_CHECK_EQ(hypercall_multicall((char *)(end - 2) + 8, 2), -PARAPET_EFAULT);
}

/* A switch can be long by itself: so no call that can be comes before it. */
static void test_stops_to_switch(void)
{
    prepare(2, PARAPET_HC_abi_version);
    calls[0].number = PARAPET_HC_yield;
    MG_CHECK_EQ(hypercall_multicall(calls, 2), -PARAPET_ERESTART);
    MG_CHECK_EQ(mg_vcpu_page()->restart_done, 1);
    MG_CHECK_EQ(calls[1].result, UNTOUCHED);
}

/* The results of calls that switch away from this vCPU or turn events on. */
static void test_scheduling_inside(void)
{
    static const uint64_t numbers[] = {
        PARAPET_HC_yield, PARAPET_HC_cpu_irq_enable, PARAPET_HC_event_check,
        PARAPET_HC_cpu_irq_disable, PARAPET_HC_abi_version};

    prepare(ARRAY_SIZE(numbers), 0);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        calls[i].number = numbers[i];
    MG_CHECK_EQ(
        hypercall_multicall_all(mg_vcpu_page(), calls, ARRAY_SIZE(numbers)), 0);
    for (size_t i = 0; i + 1 < ARRAY_SIZE(numbers); i++)
        MG_CHECK_EQ(calls[i].result, 0);
    MG_CHECK_EQ(calls[ARRAY_SIZE(numbers) - 1].result, PARAPET_ABI_VERSION);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
}

void test_main(void)
{
    test_results();
    test_arguments_unchanged();
    test_forbidden();
    test_restart();
    test_first_stop();
    test_limits();
    test_edge();
    test_stops_to_switch();
    test_scheduling_inside();
}
