/* SPDX-License-Identifier: MIT
 *
 * The domain's device tree, one property after the other.
 */
#ifndef KERNELS_TREE_H
#define KERNELS_TREE_H

#include <stdbool.h>
#include <stdint.h>

/* One property, in words as they lie there; false: that was enough. node is the
 * name of the node that it is in. */
typedef bool mg_tree_visit_t(const char *node, const char *property,
                             const uint32_t *value, uint32_t length,
                             void *data);

/* All properties in their order. */
void mg_tree_visit(const void *dtb, mg_tree_visit_t *visit, void *data);

static inline uint32_t mg_tree_cell(const uint32_t *value, unsigned int cell)
{
    return __builtin_bswap32(value[cell]);
}

#endif
