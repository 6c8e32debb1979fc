/* SPDX-License-Identifier: MIT
 *
 * A domain without the console's input writes what takes the most to show and
 * to send. No call of it may take more than the bound, which is seen when the
 * test is run with its exits counted; this domain only keeps the input
 * meanwhile.
 *
 * QEMU: smp=1 icount=1 partner=partners/scribbler
 * NOWHERE: "[^\n\t -~]"
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/partners/scribbler.h"

MG_TEST(console_bound);

void test_main(void)
{
    while (mg_clock_ns() < SCRIBBLER_ENDS_NS)
        (void)hypercall_yield();
}
