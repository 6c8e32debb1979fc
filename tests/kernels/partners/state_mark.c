/* SPDX-License-Identifier: MIT
 *
 * Runs beside state_leak: leaves its marks in all state that it can set, and
 * yields, one row after the other; far more often than state_leak does.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/state.h"
#include "tests/kernels/lib/test.h"

MG_TEST(state_mark);

#define ROUNDS 2000

void test_main(void)
{
    for (uint64_t seed = 1; seed < 2 * ROUNDS; seed += 2) {
        for (size_t i = 0; i < mg_nr_state_rows; i++) {
            mg_state_rows[i].set(seed);
            (void)hypercall_yield();
        }
    }
    mg_state_reset_x87();
}
