/* SPDX-License-Identifier: MIT
 *
 * Runs beside a test that has lib/pair.h, and does what that says. The boot
 * arguments' tester=N is the test's domain.
 */
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/test.h"

MG_TEST(pair);

void test_main(void)
{
    mg_pair_serve((uint32_t)mg_argument("tester", MG_PAIR_TESTER));
}
