/* SPDX-License-Identifier: MIT
 *
 * Every call of domain control, by a domain without privilege: -EPERM and
 * nothing else, whatever the arguments, by the instruction, through the page
 * and in a multicall, and whether or not it may stand in one. Which they are
 * is read from abi/hypercalls.def; so one that is added is tried, too.
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_denied);

#define UNTOUCHED 0x7e57

/* What some call may take for good, and what none does. */
static const uint64_t values[] = {0, 1, 2, ~0ul, 1ul << 32};

static uint64_t nr_tried;

static void check(const struct mg_hypercall *hc, const char *how,
                  int64_t result)
{
    if (result != -PARAPET_EPERM)
        mg_failure("%s %s: expected -EPERM, got %ld", hc->name, how, result);
}

/* Between two calls that are carried out: it does not end the multicall. */
static void try_in_multicall(const struct mg_hypercall *hc,
                             const uint64_t args[6])
{
    struct parapet_multicall_entry calls[3];

    memset(calls, 0, sizeof(calls));
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        calls[i].number = PARAPET_HC_abi_version;
        calls[i].result = UNTOUCHED;
    }
    calls[1].number = hc->number;
    memcpy(calls[1].args, args, sizeof(calls[1].args));
    MG_CHECK_EQ(
        hypercall_multicall_all(mg_vcpu_page(), calls, ARRAY_SIZE(calls)), 0);
    MG_CHECK_EQ(calls[0].result, PARAPET_ABI_VERSION);
    check(hc, "in a multicall", calls[1].result);
    MG_CHECK_EQ(calls[2].result, PARAPET_ABI_VERSION);
}

static void try(const struct mg_hypercall *hc, const uint64_t args[6])
{
    check(hc, "by the instruction", mg_hypercall(hc->number, args));
    check(hc, "through the page", mg_hypercall_by_page(hc->number, args));
    try_in_multicall(hc, args);
    nr_tried++;
}

static void try_all_arguments(const struct mg_hypercall *hc)
{
    static const char buffer[256];
    uint64_t args[6];

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(args); j++)
            args[j] = values[i];
        try(hc, args);
        /* The same with a good pointer in each place. */
        for (size_t j = 0; j < ARRAY_SIZE(args); j++) {
            args[j] = (uint64_t)buffer;
            try(hc, args);
            args[j] = values[i];
        }
    }
}

void test_main(void)
{
    const volatile struct parapet_counters *counters = mg_counters(0);

    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        const struct mg_hypercall *hc = &mg_hypercalls[i];
        uint64_t before = counters->hypercalls[hc->number];
        /* What may not stand in a multicall is not counted there. */
        uint64_t ways = hc->flags & HC_NO_MULTICALL ? 2 : 3;

        if (!(hc->flags & HC_CONTROL))
            continue;
        nr_tried = 0;
        try_all_arguments(hc);
        MG_CHECK_EQ(counters->hypercalls[hc->number] - before, ways * nr_tried);
    }
    MG_CHECK(nr_tried > 0);
    mg_audit();
}
