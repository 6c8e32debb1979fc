/* SPDX-License-Identifier: MIT
 *
 * The fuzzer's way in, see https://llvm.org/docs/LibFuzzer.html: any bytes,
 * as a bundle and as a kernel. What must hold then stands in explore.c.
 */
#include <stdint.h>

#include "tests/fuzz/explore.h"
#include "tests/fuzz/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const void *input;

    if (size > GUARD_ROOM)
        return 0;
    input = guard_copy(data, size);
    (void)explore_bundle(input, size);
    (void)explore_kernel(input, size);
    return 0;
}
