/* SPDX-License-Identifier: MIT
 *
 * The runner itself (tests/kernels/run): several partners, each with what its
 * line says. All of them have to come to a good end.
 *
 * QEMU: partner=partners/witness
 * QEMU: partner="partners/described"
 * QEMU: partner="partners/described vcpus=2 memory=8M bootargs='two words'"
 * CONSOLE: "(?s)(?=.*'', 1 vCPUs, large)(?=.*'two words', 2 vCPUs, small)"
 * QEMU: once=1
 */
#include "tests/kernels/lib/test.h"

MG_TEST(partners);

void test_main(void)
{
}
