/* SPDX-License-Identifier: MIT
 *
 * Any bytes as what happens at a slot of the bus, with a hostile front-end, a
 * hostile back-end or none. What must hold stands in tests/unit/bus_world.c.
 */
#include "tests/unit/bus_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bus_world_explore(data, size);
    return 0;
}
