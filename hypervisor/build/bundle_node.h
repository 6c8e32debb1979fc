/* SPDX-License-Identifier: MIT
 *
 * The bundle readers' view of one node of the tree, and the error lines that
 * name it. Private to bundle.c and bundle_domain.c. The tree has passed
 * fdt_check_full(), so libfdt stays inside it whatever it says.
 */
#ifndef HYPERVISOR_BUILD_BUNDLE_NODE_H
#define HYPERVISOR_BUILD_BUNDLE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/build/bundle.h"

/* The node /parent/name. */
struct bundle_node {
    const struct bundle *bundle;
    struct bundle_error *error;
    const char *parent;
    const char *name;
    int offset;
};

struct bundle_value {
    const char *property;
    const void *bytes;
    size_t size;
};

/* Both write "bundle: PATH: ..." to the node's error; -PARAPET_EINVAL. */
int bundle_node_refuse(const struct bundle_node *node, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int bundle_node_refuse_property(const struct bundle_node *node,
                                const char *property, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The name of the node at offset. */
const char *bundle_node_name(const void *tree, int offset);

/*
 * How many nodes right below parent have exactly this name; if it is one,
 * *offset is where. (libfdt's own search takes "a@1" for "a".)
 */
unsigned int bundle_node_find(const void *tree, int parent, const char *name,
                              int *offset);

/* Looks a property up; false when the node has none of this name. */
bool bundle_node_get(const struct bundle_node *node, const char *property,
                     struct bundle_value *value);

/*
 * What a property says. They return 0, or -PARAPET_EINVAL with the error
 * written: a string that ends in the value's last byte and nowhere before; a
 * number of one cell, from min to max; a number of two cells.
 */
int bundle_node_string(const struct bundle_node *node,
                       const struct bundle_value *value, const char **string);
int bundle_node_number(const struct bundle_node *node,
                       const struct bundle_value *value, uint32_t min,
                       uint32_t max, uint32_t *number);
int bundle_node_number64(const struct bundle_node *node,
                         const struct bundle_value *value, uint64_t *number);

#endif
