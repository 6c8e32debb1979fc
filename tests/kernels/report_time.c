/* SPDX-License-Identifier: MIT
 *
 * The report of a domain that is killed is short, whatever its symbol table
 * holds: here more symbols than are looked at. Its lines are as long as they
 * can be, too: all bytes can be read, all digits of the registers count. The
 * partner takes the time. The boot, which sorts the symbols, takes less than
 * 0.1 s for all.
 *
 * QEMU: smp=1 icount=1 partner=partners/stopwatch append="audit=off"
 * EXPECT: killed "no handler.*exception 6"
 * CONSOLE: "parapet: boot: \d?\d\.\d ms"
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/partners/stopwatch.h"

MG_TEST(report_time);

/* report_time_asm.S */
void report_time_end(void);

static uint64_t ticks;

void test_main(void)
{
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count, &ticks);
    mg_trap_set(6, 0, 0);
    MG_CHECK_EQ(hypercall_set_timer(STOPWATCH_ENDS_NS), 0);
    mg_expect_kill();
    MG_CHECK_EQ(hypercall_block(), 0);
    report_time_end();
    mg_not_killed();
}
