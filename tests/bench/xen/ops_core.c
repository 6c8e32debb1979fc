/* SPDX-License-Identifier: MIT
 *
 * The rows of calls, traps, events and time. The README of this directory says
 * what one operation of each is.
 */
#include <stdbool.h>

#include "lib/macros.h"
#include "lib/string.h"
#include "tests/bench/xen/console.h"
#include "tests/bench/xen/guest.h"
#include "tests/bench/xen/hypercall.h"
#include "tests/bench/xen/operation.h"
#include "tests/bench/xen/upcall.h"

#define XEN_VERSION_4_17 (4 << 16 | 17)
#define XEN_ENOSYS (-38)

_Alignas(4096) struct xen_multicall bench_calls[BENCH_CALLS];
_Alignas(4096) uint64_t bench_count;
uint64_t bench_deadline;
uint32_t bench_port;

static void prepare_nothing(void)
{
}

static void prepare_multicall(uint64_t count)
{
    memset(bench_calls, 0, sizeof(bench_calls));
    for (size_t i = 0; i < count; i++)
        bench_calls[i].number = XEN_VERSION;
    bench_count = count;
    REQUIRE(xen_hypercall2(XEN_MULTICALL, bench_calls, count) == 0);
    REQUIRE(bench_calls[count - 1].result == XEN_VERSION_4_17);
}

static void prepare_multicall_1(void)
{
    prepare_multicall(1);
}

static void prepare_multicall_8(void)
{
    prepare_multicall(8);
}

static void prepare_multicall_32(void)
{
    prepare_multicall(32);
}

static void prepare_multicall_128(void)
{
    prepare_multicall(128);
}

/* With this virtual privilege Xen takes a trapped cli for executed. */
static void prepare_cli(void)
{
    guest_set_iopl(1);
}

static void prepare_cli_reflected(void)
{
    upcall_set_trap(VECTOR_PROTECTION, bench_skip_cli);
}

static void prepare_breakpoint(void)
{
    upcall_set_trap(VECTOR_BREAKPOINT, bench_return);
}

static void prepare_page_fault(void)
{
    upcall_set_trap(VECTOR_PAGE_FAULT, bench_skip_load);
}

static void send(void)
{
    REQUIRE(xen_hypercall2(XEN_EVENT_CHANNEL, XEN_EVENT_SEND, &bench_port) ==
            0);
}

static bool is_pending(void)
{
    return bench_shared_info.events_pending[bench_port / 64] >>
               (bench_port % 64) &
           1;
}

static void prepare_event(void)
{
    guest_unmask_events();
    send();
    REQUIRE(!is_pending() && !bench_vcpu->pending && !bench_vcpu->mask);
}

static void prepare_pending(void)
{
    send();
    REQUIRE(is_pending() && bench_vcpu->pending);
}

/* Never while the bench runs, and each time the same. */
static void prepare_timer(void)
{
    bench_deadline = bench_vcpu->system_ns + UINT64_C(3600000000000);
}

/* A deadline of 0 is none. */
static void prepare_timer_cancel(void)
{
    bench_deadline = 0;
}

const struct operation core_operations[] = {
    {"null_hypercall", "hypercall", bench_null_hypercall, 20000, 1,
     prepare_nothing, XEN_VERSION_4_17},
    {"enosys_hypercall", "hypercall", bench_unknown_hypercall, 20000, 1,
     prepare_nothing, XEN_ENOSYS},
    {"multicall_1", "batch", bench_multicall, 20000, 1, prepare_multicall_1, 0},
    {"multicall_8", "batch", bench_multicall, 2000, 8, prepare_multicall_8, 0},
    {"multicall_32", "batch", bench_multicall, 500, 32, prepare_multicall_32,
     0},
    {"multicall_128", "batch", bench_multicall, 200, 128, prepare_multicall_128,
     0},
    {"virtual_cli_sti", "shared", bench_cli_sti_shared, 10000, BENCH_UNROLLED,
     prepare_nothing, RESULT_ANY},
    {"virtual_cli", "shared", bench_cli_shared, 10000, BENCH_UNROLLED,
     prepare_nothing, RESULT_ANY},
    {"virtual_cli", "trap", bench_cli_trap, 10000, 1, prepare_cli, RESULT_ANY},
    {"virtual_cli_reflected", "trap", bench_cli_trap, 10000, 1,
     prepare_cli_reflected, RESULT_ANY},
    {"clock_read", "shared", bench_clock_shared, 20000, 1, prepare_nothing,
     RESULT_ANY},
    {"iret", "hypercall", bench_iret, 20000, 1, prepare_nothing, RESULT_ANY},
    {"breakpoint_roundtrip", "hypercall", bench_breakpoint, 10000, 1,
     prepare_breakpoint, RESULT_ANY},
    {"kernel_fault_roundtrip", "hypercall", bench_page_fault, 10000, 1,
     prepare_page_fault, RESULT_ANY},
    {"cr0_read", "trap", bench_read_cr0, 10000, 1, prepare_nothing, RESULT_ANY},
    {"msr_read", "trap", bench_read_efer, 10000, 1, prepare_nothing,
     RESULT_ANY},
    {"event_self", "hypercall", bench_event_send, 10000, 1, prepare_event, 0},
    {"event_send_pending", "hypercall", bench_event_send, 20000, 1,
     prepare_pending, 0},
    {"set_timer", "hypercall", bench_set_timer, 20000, 1, prepare_timer, 0},
    {"set_timer_cancel", "hypercall", bench_set_timer, 20000, 1,
     prepare_timer_cancel, 0},
    {"yield_alone", "hypercall", bench_yield, 5000, 1, prepare_nothing, 0},
};
const size_t nr_core_operations = ARRAY_SIZE(core_operations);
