/* SPDX-License-Identifier: MIT
 *
 * The fuzzer's way into hypervisor/mm: any bytes, as the calls of two hostile
 * domains. What must hold then stands in tests/unit/memory_steps.c.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/memory_steps.h"

#define MAX_STEPS 200u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct step_counts counts = {0};

    if (size > MAX_STEPS * STEP_SIZE)
        return 0;
    steps_begin();
    for (; size >= STEP_SIZE; size -= STEP_SIZE, data += STEP_SIZE) {
        const char *wrong = steps_step(data, &counts);

        if (wrong) {
            fprintf(stderr, "%s: %s\n", steps_last(), wrong);
            abort();
        }
    }
    return 0;
}
