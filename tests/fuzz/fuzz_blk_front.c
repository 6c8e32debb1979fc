/* SPDX-License-Identifier: MIT
 *
 * The front-end of a disk beside a back-end that does what any bytes say. What
 * must hold stands in tests/unit/blk_world.c, blk_client.c and blk_disk.c.
 */
#include "tests/unit/blk_hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    blk_explore(BLK_BACK, data, size);
    return 0;
}
