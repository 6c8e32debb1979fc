/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a kernel of which a domain is built. What must hold of one that
 * was stands in built_check.c.
 */
#include <stdint.h>

#include "tests/fuzz/built.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)built_explore(data, size);
    return 0;
}
