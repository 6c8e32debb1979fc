/* SPDX-License-Identifier: MIT
 *
 * Reads just enough of a flattened device tree (Devicetree Specification 0.4,
 * chapter 5). The tree comes from the hypervisor and is read-only, so it is
 * believed; and no node has a property after the nodes in it.
 */
#include "tests/kernels/lib/tree.h"

#include <stddef.h>

#include "lib/string.h"

enum fdt_token {
    FDT_BEGIN_NODE = 1,
    FDT_END_NODE = 2,
    FDT_PROP = 3,
    FDT_NOP = 4,
    FDT_END = 9,
};

/* Words of the header. */
enum { FDT_STRUCT_OFFSET = 2, FDT_STRINGS_OFFSET = 3 };

static uint32_t big_endian(const uint32_t *word)
{
    return __builtin_bswap32(*word);
}

static const uint32_t *skip_bytes(const uint32_t *word, size_t bytes)
{
    return word + (bytes + 3) / 4;
}

void mg_tree_visit(const void *dtb, mg_tree_visit_t *visit, void *data)
{
    const uint32_t *header = dtb;
    const char *bytes = dtb;
    const char *strings = bytes + big_endian(header + FDT_STRINGS_OFFSET);
    const uint32_t *word = header + big_endian(header + FDT_STRUCT_OFFSET) / 4;
    const char *node = "";

    for (;;) {
        switch (big_endian(word++)) {
        case FDT_BEGIN_NODE:
            node = (const char *)word;
            word = skip_bytes(word, strlen(node) + 1);
            break;
        case FDT_PROP:
            if (!visit(node, strings + big_endian(word + 1), word + 2,
                       big_endian(word), data))
                return;
            word = skip_bytes(word + 2, big_endian(word));
            break;
        case FDT_END_NODE:
        case FDT_NOP:
            break;
        default: /* FDT_END */
            return;
        }
    }
}
