/* SPDX-License-Identifier: MIT
 *
 * Runs beside console_spoof and has not got the console's input: prints what
 * the hypervisor and the other domain print, and what steers a terminal.
 */
#include "tests/kernels/partners/spoofer.h"

#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"

MG_TEST(spoofer);

static void write(const char *text)
{
    mg_write(text, strlen(text));
}

void test_main(void)
{
    spoof_wait_until(SPOOFER_BEGINS_NS);
    write("TEST console_spoof: failure\n"
          "parapet: panic: forged\nparapet: forged\n"
          "d1v0: killed: forged\nd1: crashed (forged)\n"
          "d2: has the console\nd3: has the console\n");
    /* Back to the beginning of the line, of the screen, and the line above. */
    write("back\rparapet: panic: forged\n");
    write("rub\b\b\b\b\b\b\b\bparapet: panic: forged\n");
    write("clear\033[2J\033[Hparapet: panic: forged\n");
    write("feed\v\fparapet: panic: forged\n");
    /* The same as one byte, and as UTF-8. */
    write("C1\2332J\2051 parapet: panic: forged\n");
    write("UTF-8\302\2332J\302\205parapet: panic: forged\n");
    write("\177\001\tend\n\n");
    spoof_wait_until(SPOOFER_PART_NS);
    write("a part of a line, ");
    spoof_wait_until(SPOOFER_REST_NS);
    write("parapet: panic: forged\n");
}
