/* SPDX-License-Identifier: MIT
 *
 * See bundle_node.h.
 */
#include "hypervisor/build/bundle_node.h"

#include <libfdt.h>
#include <stdarg.h>

#include "lib/builder/refuse.h"
#include "lib/printf.h"
#include "lib/string.h"

/* Names in error lines are cut to this: the rest of the line has its room. */
#define NAME "%.40s"

int bundle_node_refuse(const struct bundle_node *node, const char *format, ...)
{
    char detail[sizeof(node->error->text)];
    va_list args;

    va_start(args, format);
    (void)string_vformat(detail, sizeof(detail), format, args);
    va_end(args);
    return refuse(node->error->text, sizeof(node->error->text),
                  "bundle: /%s/" NAME ": %s", node->parent, node->name, detail);
}

int bundle_node_refuse_property(const struct bundle_node *node,
                                const char *property, const char *format, ...)
{
    char detail[sizeof(node->error->text)];
    va_list args;

    va_start(args, format);
    (void)string_vformat(detail, sizeof(detail), format, args);
    va_end(args);
    return bundle_node_refuse(node, "property '" NAME "': %s", property,
                              detail);
}

const char *bundle_node_name(const void *tree, int offset)
{
    const char *name = fdt_get_name(tree, offset, NULL);

    return name ? name : "";
}

unsigned int bundle_node_find(const void *tree, int parent, const char *name,
                              int *offset)
{
    unsigned int nr_found = 0;
    int child;

    for (child = fdt_first_subnode(tree, parent); child >= 0;
         child = fdt_next_subnode(tree, child)) {
        if (strcmp(bundle_node_name(tree, child), name) == 0) {
            *offset = child;
            nr_found++;
        }
    }
    return nr_found;
}

bool bundle_node_get(const struct bundle_node *node, const char *property,
                     struct bundle_value *value)
{
    int size;

    value->property = property;
    value->bytes =
        fdt_getprop(node->bundle->tree, node->offset, property, &size);
    value->size = value->bytes ? (size_t)size : 0;
    return value->bytes != NULL;
}

int bundle_node_string(const struct bundle_node *node,
                       const struct bundle_value *value, const char **string)
{
    const char *end = memchr(value->bytes, '\0', value->size);

    if (!end)
        return bundle_node_refuse_property(
            node, value->property,
            "expected a string with a NUL at its end, got %zu bytes without",
            value->size);
    if ((size_t)(end - (const char *)value->bytes) != value->size - 1)
        return bundle_node_refuse_property(
            node, value->property, "expected one string, got more after '%s'",
            (const char *)value->bytes);
    *string = value->bytes;
    return 0;
}

static int check_size(const struct bundle_node *node,
                      const struct bundle_value *value, size_t expected)
{
    if (value->size == expected)
        return 0;
    return bundle_node_refuse_property(node, value->property,
                                       "expected %zu bytes, got %zu", expected,
                                       value->size);
}

int bundle_node_number(const struct bundle_node *node,
                       const struct bundle_value *value, uint32_t min,
                       uint32_t max, uint32_t *number)
{
    int error = check_size(node, value, sizeof(*number));

    if (error)
        return error;
    *number = fdt32_ld(value->bytes);
    if (*number < min || *number > max)
        return bundle_node_refuse_property(node, value->property,
                                           "expected %u to %u, got %u", min,
                                           max, *number);
    return 0;
}

int bundle_node_number64(const struct bundle_node *node,
                         const struct bundle_value *value, uint64_t *number)
{
    int error = check_size(node, value, sizeof(*number));

    if (!error)
        *number = fdt64_ld(value->bytes);
    return error;
}
