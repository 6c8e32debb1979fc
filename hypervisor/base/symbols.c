/* SPDX-License-Identifier: MIT
 *
 * Reads the embedded table: offsets from hv_start, sorted upward.
 */
#include "hypervisor/base/symbols.h"

#include <stddef.h>

struct symbol {
    uint32_t offset;
    uint32_t name;
};

extern const uint32_t hv_symbols_count;
extern const struct symbol hv_symbols[];
extern const char hv_symbols_names[];
extern const char hv_start[];
extern const char hv_text_end[];

const char *symbols_find(uint64_t vaddr, uint64_t *offset)
{
    uint64_t wanted = vaddr - (uint64_t)hv_start;
    uint32_t low = 0;
    uint32_t high = hv_symbols_count;

    if (vaddr < (uint64_t)hv_start || vaddr >= (uint64_t)hv_text_end)
        return NULL;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (hv_symbols[middle].offset <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    if (offset)
        *offset = wanted - hv_symbols[low - 1].offset;
    return hv_symbols_names + hv_symbols[low - 1].name;
}
