/* SPDX-License-Identifier: MIT
 *
 * A domain without the console's input prints what the hypervisor and others
 * do, and bytes that steer a terminal: its lines have its name before them,
 * and no such byte comes through. A part of a line that was interrupted gets
 * the name again, and nobody goes on in another's line.
 *
 * QEMU: smp=1 icount=1 partner=partners/spoofer
 * CONSOLE: "d2\| back\^Mparapet: panic: forged\nd2\| rub(\^H){8}parapet: "
 * CONSOLE: "d2\| clear\^\[\[2J\^\[\[H.*\nd2\| feed\^K\^Lparapet: "
 * CONSOLE: "d2\| C1\\x9b2J\\x851 parapet: "
 * CONSOLE: "d2\| UTF-8\\xc2\\x9b2J\\xc2\\x85parapet: "
 * CONSOLE: "d2\| \^\?\^A\tend\nd2\| \n"
 * CONSOLE: "\nmy part, \nd2\| a part of a line, \nand my rest\nd2\| parapet:"
 * NOWHERE: "(?m)^(?!d2\| ).*forged"
 * NOWHERE: "[^\n\t -~]"
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/partners/spoofer.h"

MG_TEST(console_spoof);

void test_main(void)
{
    spoof_wait_until(SPOOF_PART_NS);
    mg_printf("my part, ");
    spoof_wait_until(SPOOF_REST_NS);
    mg_printf("and my rest\n");
    spoof_wait_until(SPOOF_ENDS_NS);
}
