/* SPDX-License-Identifier: MIT
 *
 * The rows of what every kernel does all the time: interrupts, calls, events,
 * time. docs/BENCH.md and the page (tools/report_page/words.py) say what one
 * operation of each is.
 */
#include <stddef.h>

#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/bench/operation.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

#define MAX_CALLS 128

static _Alignas(4096) struct parapet_multicall_entry calls[MAX_CALLS];

/* loops.S has the numbers. */
_Static_assert(PARAPET_HC_abi_version == 1 && PARAPET_HC_multicall == 4 &&
                   PARAPET_HC_set_timer == 19 &&
                   PARAPET_HC_cpu_irq_disable == 21 &&
                   PARAPET_HC_cpu_irq_enable == 22 &&
                   PARAPET_HC_event_check == 23 &&
                   PARAPET_HC_clock_read == 24 && PARAPET_HC_yield == 32 &&
                   PARAPET_HC_evtchn_send == 50,
               "a hypercall has another number");
_Static_assert(PARAPET_ERESTART == BENCH_ERESTART, "ERESTART is another");
_Static_assert(offsetof(struct parapet_shared_page, clock) ==
                   BENCH_CLOCK - PARAPET_SHARED_PAGE,
               "the clock is elsewhere");
_Static_assert(sizeof(struct parapet_multicall_entry) == 64,
               "an entry of a multicall has another size");

/* ---- what has to be in place before an operation ---- */

static void prepare_nothing(void)
{
}

static void prepare_breakpoint(void)
{
    mg_trap_set(MG_BP, 0, (uint64_t)bench_breakpoint_entry);
}

static void prepare_kernel_fault(void)
{
    mg_trap_set(MG_PF, 0, (uint64_t)bench_kernel_fault_entry);
}

static void prepare_event(void)
{
    (void)hypercall_set_callback(PARAPET_CALLBACK_EVENT,
                                 (uint64_t)bench_event_entry);
}

static void prepare_pending(void)
{
    mg_cli();
    (void)hypercall_evtchn_send(BENCH_PORT);
}

/* Never while the bench runs, and each time the same. */
static void prepare_timer(void)
{
    bench_deadline = mg_clock_ns() + 3600 * MG_S;
}

static void prepare_multicall(uint64_t nr_calls)
{
    memset(calls, 0, sizeof(calls));
    for (size_t i = 0; i < nr_calls; i++)
        calls[i].number = PARAPET_HC_abi_version;
    bench_calls = (uint64_t)calls;
    bench_nr_calls = nr_calls;
}

#define PREPARE_MULTICALL(nr_calls)                                            \
    static void prepare_multicall_##nr_calls(void)                             \
    {                                                                          \
        prepare_multicall(nr_calls);                                           \
    }
PREPARE_MULTICALL(1)
PREPARE_MULTICALL(8)
PREPARE_MULTICALL(32)
PREPARE_MULTICALL(128)

void verify_core_operations(void)
{
    prepare_multicall(MAX_CALLS);
    bench_multicall(1);
    for (size_t i = 0; i < MAX_CALLS; i++)
        MG_CHECK_EQ(calls[i].result, PARAPET_ABI_VERSION);
    MG_CHECK(hypercall_clock_read() > 0);
    prepare_event();
    mg_sti();
    MG_CHECK_EQ(hypercall_evtchn_send(BENCH_PORT), 0);
    MG_CHECK(!mg_port_is_pending(BENCH_PORT));
    MG_CHECK_EQ(mg_vcpu_page()->event_pending, 0);
}

/* ---- the table ---- */

const struct operation core_operations[] = {
    {"empty_loop", "direct", bench_empty, 100000, 1, prepare_nothing,
     RESULT_ANY},
    {"null_hypercall", "hypercall", bench_null_hypercall, 20000, 1,
     prepare_nothing, PARAPET_ABI_VERSION},
    {"enosys_hypercall", "hypercall", bench_enosys_hypercall, 20000, 1,
     prepare_nothing, -PARAPET_ENOSYS},
    {"multicall_1", "batch", bench_multicall, 10000, 1, prepare_multicall_1, 0},
    {"multicall_8", "batch", bench_multicall, 2000, 8, prepare_multicall_8, 0},
    {"multicall_32", "batch", bench_multicall, 500, 32, prepare_multicall_32,
     0},
    {"multicall_128", "batch", bench_multicall, 125, 128, prepare_multicall_128,
     0},
    {"clock_read", "shared", bench_clock_shared, 20000, 1, prepare_nothing,
     RESULT_ANY},
    {"clock_read", "hypercall", bench_clock_hypercall, 20000, 1,
     prepare_nothing, RESULT_ANY},
    {"virtual_cli_sti", "shared", bench_cli_sti_shared, 10000, BENCH_UNROLLED,
     prepare_nothing, RESULT_ANY},
    {"virtual_cli_sti", "hypercall", bench_cli_sti_hypercall, 20000, 1,
     prepare_nothing, RESULT_ANY},
    {"virtual_cli_sti", "trap", bench_cli_sti_trap, 10000, 1, prepare_nothing,
     RESULT_ANY},
    {"virtual_cli", "shared", bench_cli_shared, 10000, BENCH_UNROLLED,
     prepare_nothing, RESULT_ANY},
    {"virtual_cli", "hypercall", bench_cli_hypercall, 20000, 1, prepare_nothing,
     RESULT_ANY},
    {"virtual_cli", "trap", bench_cli_trap, 10000, 1, prepare_nothing,
     RESULT_ANY},
    {"iret", "hypercall", bench_iret, 20000, 1, prepare_nothing, RESULT_ANY},
    {"breakpoint_roundtrip", "hypercall", bench_breakpoint, 10000, 1,
     prepare_breakpoint, RESULT_ANY},
    {"kernel_fault_roundtrip", "hypercall", bench_kernel_fault, 10000, 1,
     prepare_kernel_fault, RESULT_ANY},
    {"event_self", "hypercall", bench_event_self, 10000, 1, prepare_event, 0},
    {"event_send_pending", "hypercall", bench_event_send_pending, 20000, 1,
     prepare_pending, 0},
    {"cr0_read", "trap", bench_cr0_read, 10000, 1, prepare_nothing, RESULT_ANY},
    {"msr_read", "trap", bench_msr_read, 10000, 1, prepare_nothing, RESULT_ANY},
    {"set_timer", "hypercall", bench_set_timer, 20000, 1, prepare_timer, 0},
    {"yield_alone", "hypercall", bench_yield, 10000, 1, prepare_nothing, 0},
};
const size_t nr_core_operations = ARRAY_SIZE(core_operations);
