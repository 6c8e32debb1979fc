/* SPDX-License-Identifier: MIT
 *
 * Reads the description of one domain. The table of its properties stands in
 * the middle: a new one is one line there and one function above it.
 */
#include <libfdt.h>

#include "abi/abi.h"
#include "abi/errors.h"
#include "hypervisor/build/bundle.h"
#include "hypervisor/build/bundle_node.h"
#include "lib/builder/refuse.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

/* "one, two, three", cut when there is no room. */
struct list {
    char text[128];
    size_t length;
};

static void list_add(struct list *list, const char *name)
{
    int length = string_format(list->text + list->length,
                               sizeof(list->text) - list->length, "%s%s",
                               list->length > 0 ? ", " : "", name);

    list->length = MIN(list->length + (size_t)length, sizeof(list->text) - 1);
}

/* ---- images ---- */

static int read_image(const struct bundle_node *node, const char *type,
                      struct bundle_image *image)
{
    struct bundle_value value;
    const char *got;
    int error;

    if (!bundle_node_get(node, "type", &value))
        return bundle_node_refuse_property(node, "type",
                                           "expected '%s', got nothing", type);
    error = bundle_node_string(node, &value, &got);
    if (error)
        return error;
    if (strcmp(got, type) != 0)
        return bundle_node_refuse_property(
            node, "type", "expected '%s', got '%s'", type, got);
    if (!bundle_node_get(node, "data", &value) || value.size == 0)
        return bundle_node_refuse_property(
            node, "data", "expected the bytes of a file, got nothing");
    image->name = node->name;
    image->data = value.bytes;
    image->size = value.size;
    return 0;
}

/* value names the image. */
static int find_image(const struct bundle_node *node,
                      const struct bundle_value *value, const char *type,
                      struct bundle_image *image)
{
    const struct bundle *bundle = node->bundle;
    struct bundle_node image_node = *node;
    unsigned int nr_found;
    int error;

    error = bundle_node_string(node, value, &image_node.name);
    if (error)
        return error;
    image_node.parent = "images";
    nr_found = bundle_node_find(bundle->tree, bundle->images, image_node.name,
                                &image_node.offset);
    if (nr_found != 1)
        return bundle_node_refuse_property(
            node, value->property, "expected one node '%s' in /images, got %u",
            image_node.name, nr_found);
    return read_image(&image_node, type, image);
}

/* ---- properties: each reads its value into the domain ---- */

static int read_compatible(const struct bundle_node *node,
                           const struct bundle_value *value,
                           struct bundle_domain *domain)
{
    static const char expected[] = "parapet,domain";
    const char *got;
    int error = bundle_node_string(node, value, &got);

    (void)domain;
    if (!error && strcmp(got, expected) != 0)
        return bundle_node_refuse_property(
            node, value->property, "expected '%s', got '%s'", expected, got);
    return error;
}

static int read_kernel(const struct bundle_node *node,
                       const struct bundle_value *value,
                       struct bundle_domain *domain)
{
    return find_image(node, value, "kernel", &domain->kernel);
}

static int read_ramdisk(const struct bundle_node *node,
                        const struct bundle_value *value,
                        struct bundle_domain *domain)
{
    return find_image(node, value, "ramdisk", &domain->ramdisk);
}

static int read_engine(const struct bundle_node *node,
                       const struct bundle_value *value,
                       struct bundle_domain *domain)
{
    const char *const *engine;
    struct list names = {.length = 0};
    const char *got;
    int error = bundle_node_string(node, value, &got);

    if (error)
        return error;
    for (engine = node->bundle->engines; *engine; engine++) {
        if (strcmp(*engine, got) == 0) {
            domain->engine = *engine;
            return 0;
        }
        list_add(&names, *engine);
    }
    return bundle_node_refuse_property(
        node, value->property, "expected one of %s, got '%s'", names.text, got);
}

static int read_memory(const struct bundle_node *node,
                       const struct bundle_value *value,
                       struct bundle_domain *domain)
{
    uint64_t kib;
    int error = bundle_node_number64(node, value, &kib);

    if (error)
        return error;
    if (kib < BUNDLE_MIN_MEMORY_KIB)
        return bundle_node_refuse_property(
            node, value->property, "expected at least %lu KiB, got %lu KiB",
            BUNDLE_MIN_MEMORY_KIB, kib);
    if (kib > BUNDLE_MAX_MEMORY_KIB)
        return bundle_node_refuse_property(
            node, value->property, "expected at most %lu KiB, got %lu KiB",
            BUNDLE_MAX_MEMORY_KIB, kib);
    if (kib % BUNDLE_MEMORY_STEP_KIB != 0)
        return bundle_node_refuse_property(
            node, value->property, "expected a multiple of %u KiB, got %lu KiB",
            BUNDLE_MEMORY_STEP_KIB, kib);
    domain->memory_bytes = kib * 1024;
    return 0;
}

static int read_vcpus(const struct bundle_node *node,
                      const struct bundle_value *value,
                      struct bundle_domain *domain)
{
    return bundle_node_number(node, value, 1, PARAPET_MAX_VCPUS,
                              &domain->nr_vcpus);
}

static int read_weight(const struct bundle_node *node,
                       const struct bundle_value *value,
                       struct bundle_domain *domain)
{
    return bundle_node_number(node, value, 1, BUNDLE_MAX_WEIGHT,
                              &domain->weight);
}

static int read_cap(const struct bundle_node *node,
                    const struct bundle_value *value,
                    struct bundle_domain *domain)
{
    return bundle_node_number(node, value, 0, 100 * domain->nr_vcpus,
                              &domain->cap);
}

static int read_bootargs(const struct bundle_node *node,
                         const struct bundle_value *value,
                         struct bundle_domain *domain)
{
    int error = bundle_node_string(node, value, &domain->bootargs);

    if (!error && strlen(domain->bootargs) > BUNDLE_MAX_BOOTARGS)
        return bundle_node_refuse_property(
            node, value->property, "expected at most %u characters, got %zu",
            BUNDLE_MAX_BOOTARGS, strlen(domain->bootargs));
    return error;
}

static int read_privileged(const struct bundle_node *node,
                           const struct bundle_value *value,
                           struct bundle_domain *domain)
{
    if (value->size != 0)
        return bundle_node_refuse_property(node, value->property,
                                           "expected no value, got %zu bytes",
                                           value->size);
    domain->privileged = true;
    return 0;
}

/* In the order in which they are read: cap needs vcpus. */
static const struct property {
    const char *name;
    const char *expected; /* said when it is missing; NULL: it may be */
    int (*read)(const struct bundle_node *node,
                const struct bundle_value *value, struct bundle_domain *domain);
} properties[] = {
    {"compatible", "'parapet,domain'", read_compatible},
    {"kernel", "the name of an image", read_kernel},
    {"ramdisk", NULL, read_ramdisk},
    {"engine", "the name of an engine", read_engine},
    {"memory", "a size in KiB (two cells)", read_memory},
    {"vcpus", "a number (one cell)", read_vcpus},
    {"weight", NULL, read_weight},
    {"cap", NULL, read_cap},
    {"bootargs", NULL, read_bootargs},
    {"privileged", NULL, read_privileged},
};

static int read_properties(const struct bundle_node *node,
                           struct bundle_domain *domain)
{
    for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
        const struct property *property = &properties[i];
        struct bundle_value value;
        int error = 0;

        if (bundle_node_get(node, property->name, &value))
            error = property->read(node, &value, domain);
        else if (property->expected)
            error = bundle_node_refuse_property(node, property->name,
                                                "expected %s, got nothing",
                                                property->expected);
        if (error)
            return error;
    }
    return 0;
}

/* ---- the node: its name, and that there is nothing else in it ---- */

static int refuse_unknown(const struct bundle_node *node, const char *name)
{
    struct list known = {.length = 0};

    for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
        list_add(&known, properties[i].name);
    return bundle_node_refuse_property(
        node, name, "unknown: expected one of %s", known.text);
}

static int check_property(const struct bundle_node *node, const char *name,
                          uint32_t *seen)
{
    for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
        if (strcmp(properties[i].name, name) != 0)
            continue;
        if (*seen & (UINT32_C(1) << i))
            return bundle_node_refuse_property(node, name,
                                               "expected once, got twice");
        *seen |= UINT32_C(1) << i;
        return 0;
    }
    return refuse_unknown(node, name);
}

static int check_contents(const struct bundle_node *node)
{
    const void *tree = node->bundle->tree;
    int child = fdt_first_subnode(tree, node->offset);
    uint32_t seen = 0;
    int offset;

    if (child >= 0)
        return bundle_node_refuse(node, "expected no node in it, got '%s'",
                                  bundle_node_name(tree, child));
    for (offset = fdt_first_property_offset(tree, node->offset); offset >= 0;
         offset = fdt_next_property_offset(tree, offset)) {
        const char *name = "";
        int error;

        (void)fdt_getprop_by_offset(tree, offset, &name, NULL);
        error = check_property(node, name, &seen);
        if (error)
            return error;
    }
    return 0;
}

static int check_name(const struct bundle_node *node)
{
    const struct bundle *bundle = node->bundle;
    size_t length = strlen(node->name);
    unsigned int nr_found;
    int offset;

    if (length < 1 || length > BUNDLE_MAX_NAME)
        return bundle_node_refuse(node,
                                  "name: expected 1 to %u characters, got %zu",
                                  BUNDLE_MAX_NAME, length);
    for (size_t i = 0; i < length; i++) {
        if (node->name[i] <= ' ' || node->name[i] > '~')
            return bundle_node_refuse(
                node, "name: expected graphic characters, got byte 0x%02x",
                (unsigned char)node->name[i]);
    }
    nr_found =
        bundle_node_find(bundle->tree, bundle->domains, node->name, &offset);
    if (nr_found != 1)
        return bundle_node_refuse(
            node, "expected one node of this name, got %u", nr_found);
    return 0;
}

static int find_domain(const struct bundle *bundle, unsigned int index)
{
    int child;

    for (child = fdt_first_subnode(bundle->tree, bundle->domains); child >= 0;
         child = fdt_next_subnode(bundle->tree, child)) {
        if (index-- == 0)
            return child;
    }
    return -FDT_ERR_NOTFOUND;
}

int bundle_domain(const struct bundle *bundle, unsigned int index,
                  struct bundle_domain *domain, struct bundle_error *error)
{
    struct bundle_node node = {
        .bundle = bundle,
        .error = error,
        .parent = "domains",
        .offset = find_domain(bundle, index),
    };
    int result;

    if (node.offset < 0)
        return refuse(error->text, sizeof(error->text),
                      "bundle: /domains: expected a domain with index %u, "
                      "got %u domain%s",
                      index, bundle->nr_domains,
                      bundle->nr_domains == 1 ? "" : "s");
    node.name = bundle_node_name(bundle->tree, node.offset);
    *domain = (struct bundle_domain){
        .name = node.name,
        .weight = BUNDLE_DEFAULT_WEIGHT,
        .bootargs = "",
    };
    result = check_name(&node);
    if (!result)
        result = check_contents(&node);
    if (!result)
        result = read_properties(&node, domain);
    return result;
}
