/* SPDX-License-Identifier: MIT
 *
 * The version: through the page, by the instruction, and with arguments that
 * the call does not have.
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/test.h"

MG_TEST(abi_version);

void test_main(void)
{
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
    MG_CHECK_EQ(hypercall_raw(PARAPET_HC_abi_version, 0, 0, 0, 0, 0, 0),
                PARAPET_ABI_VERSION);
    MG_CHECK_EQ(hypercall_raw(PARAPET_HC_abi_version, ~0ul, ~0ul, ~0ul, ~0ul,
                              ~0ul, ~0ul),
                PARAPET_ABI_VERSION);
}
