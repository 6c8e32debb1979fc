/* SPDX-License-Identifier: MIT
 *
 * The fuzzer's way into hypervisor/mm: any bytes, as the calls of two hostile
 * domains; how many are left over says whether they know of grants. What must
 * hold then stands in tests/unit/memory_check.c.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "hypervisor/mm/work.h"
#include "tests/unit/memory_steps.h"

#define MAX_STEPS 200u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *wrong)
{
    if (wrong) {
        fprintf(stderr, "%s: %s\n", steps_last(), wrong);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct step_counts counts = {0};
    uint32_t work = WORK_LEAST;

    if (size > MAX_STEPS * STEP_SIZE)
        return 0;
    steps_begin(size % STEP_SIZE >= STEP_SIZE / 2);
    for (; size >= STEP_SIZE; size -= STEP_SIZE, data += STEP_SIZE) {
        check(steps_step(data, &counts));
        work = WORK_LEAST + data[STEP_SIZE - 1] * 16u;
    }
    check(steps_end(work));
    return 0;
}
