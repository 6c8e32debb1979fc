/* SPDX-License-Identifier: MIT
 *
 * The guest that measures Xen: domain 0 of one CPU. Its boot arguments and its
 * lines are those of tests/bench/bench_guest.c, except that Xen counts no
 * exits by name:
 *
 *   BENCH clock tsc_hz=N
 *   BENCH sample op=... way=... operations=N ticks=N
 *   BENCH apart op=... way=... operations=N ticks=N
 *   BENCH end
 */
#include "tests/bench/xen/guest.h"

#include <stdbool.h>

#include "lib/string.h"
#include "lib/x86/tsc.h"
#include "tests/bench/xen/console.h"
#include "tests/bench/xen/hypercall.h"
#include "tests/bench/xen/memory.h"
#include "tests/bench/xen/operation.h"
#include "tests/bench/xen/upcall.h"

_Alignas(4096) struct xen_shared_info bench_shared_info;
_Alignas(4096) const
    struct xen_vcpu_info *bench_vcpu = &bench_shared_info.vcpu[0];

/* entry.S; rsi was the start_info. */
_Noreturn void guest_main(const struct xen_start_info *start);

/* ---- the vCPU ---- */

void guest_set_iopl(uint32_t iopl)
{
    struct xen_set_iopl argument = {.iopl = iopl};

    REQUIRE(xen_hypercall2(XEN_PHYSDEV, XEN_PHYSDEV_SET_IOPL, &argument) == 0);
}

static volatile struct xen_vcpu_info *vcpu(void)
{
    return &bench_shared_info.vcpu[0];
}

void guest_unmask_events(void)
{
    vcpu()->mask = 0;
}

void (*bench_copy_word)(void);

/* Events masked, nothing pending, no handlers, no privilege. */
static void settle(void)
{
    bench_copy_word = NULL;
    vcpu()->mask = 1;
    vcpu()->pending = 0;
    vcpu()->select = 0;
    memset(bench_shared_info.events_pending, 0,
           sizeof(bench_shared_info.events_pending));
    upcall_reset();
    guest_set_iopl(0);
}

static uint64_t tsc_hz(void)
{
    uint64_t hz = (UINT64_C(1000000000) << 32) / vcpu()->multiplier;
    int8_t shift = vcpu()->shift;

    return shift >= 0 ? hz >> shift : hz << -shift;
}

static void init(const struct xen_start_info *start)
{
    struct xen_event_bind_ipi bind = {.vcpu = 0};

    memory_init(start);
    upcall_reset();
    memory_map(&bench_shared_info,
               start->shared_info | PTE_PRESENT | PTE_WRITABLE | PTE_USER);
    upcall_set_callback(XEN_CALLBACK_EVENT, bench_event_entry);
    REQUIRE(xen_hypercall2(XEN_EVENT_CHANNEL, XEN_EVENT_BIND_IPI, &bind) == 0);
    bench_port = bind.port;
    memory_operations_init();
}

/* ---- measuring ---- */

static uint64_t time_loop(const struct operation *op, bench_loop_t *loop,
                          int64_t expected)
{
    uint64_t start = rdtsc_ordered();
    int64_t result = (int64_t)loop(op->iterations);
    uint64_t end = rdtsc_ordered();

    if (expected != RESULT_ANY && result != expected)
        fail("%s/%s: result %ld", op->name, op->way, result);
    return end - start;
}

static void print_ticks(const char *kind, const struct operation *op,
                        uint64_t ticks)
{
    print("BENCH %s op=%s way=%s operations=%lu ticks=%ld\n", kind, op->name,
          op->way, op->iterations * op->per_iteration, (int64_t)ticks);
}

static void measure(const struct operation *op, bool report)
{
    uint64_t empty, ticks, word = 0;
    bool copies;

    settle();
    op->prepare();
    empty = time_loop(op, bench_empty, RESULT_ANY);
    ticks = time_loop(op, op->loop, op->result);
    copies = bench_copy_word != NULL;
    if (copies) {
        bench_copy_word();
        word = time_loop(op, op->loop, op->result);
    }
    settle();
    if (report)
        print_ticks("sample", op, ticks - empty);
    if (report && copies)
        print_ticks("apart", op, ticks - word);
}

/* ---- what is wanted ---- */

static bool is_wanted(const struct operation *op, const char *pattern)
{
    char name[64];
    size_t length = strlen(op->name), pattern_length = strlen(pattern);

    memcpy(name, op->name, length);
    name[length] = '/';
    (void)string_copy(name + length + 1, sizeof(name) - length - 1, op->way);
    for (const char *at = name; *at; at++) {
        if (strncmp(at, pattern, pattern_length) == 0)
            return true;
    }
    return false;
}

static void measure_all(const struct operation *table, size_t count,
                        const char *pattern, bool report)
{
    for (size_t i = 0; i < count; i++) {
        if (is_wanted(&table[i], pattern))
            measure(&table[i], report);
    }
}

void guest_main(const struct xen_start_info *start)
{
    char pattern[64];
    char *rest;
    unsigned long rounds = strtoul(start->cmd_line, &rest, 10);

    init(start);
    while (*rest == ' ')
        rest++;
    (void)string_copy(pattern, sizeof(pattern), rest);
    print("BENCH clock tsc_hz=%lu\n", tsc_hz());
    /* Round 0 warms the emulator's caches, and is not reported. */
    for (unsigned long round = 0; round <= rounds; round++) {
        measure_all(core_operations, nr_core_operations, pattern, round > 0);
        measure_all(memory_operations, nr_memory_operations, pattern,
                    round > 0);
    }
    print("BENCH end\n");
    finish();
}
