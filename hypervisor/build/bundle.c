/* SPDX-License-Identifier: MIT
 *
 * Opens a bundle: that it is all there, that it is a tree, and that the tree
 * has /images and /domains. The domains are read in bundle_domain.c.
 */
#include "hypervisor/build/bundle.h"

#include <libfdt.h>

#include "abi/errors.h"
#include "hypervisor/build/bundle_node.h"
#include "lib/builder/refuse.h"
#include "lib/string.h"

/* The version of the format that dtc and libfdt write. */
#define TREE_VERSION 17

#define REFUSE(error, ...)                                                     \
    refuse((error)->text, sizeof((error)->text), "bundle: " __VA_ARGS__)

static int check_header(const void *blob, size_t size,
                        struct bundle_error *error)
{
    if (size < sizeof(struct fdt_header))
        return REFUSE(error, "truncated: expected at least %zu bytes, got %zu",
                      sizeof(struct fdt_header), size);
    if ((uintptr_t)blob % 8 != 0)
        return REFUSE(error, "address: expected a multiple of 8, got %p", blob);
    if (fdt_magic(blob) != FDT_MAGIC)
        return REFUSE(error,
                      "not a flattened tree (expected magic %08x, got %08x)",
                      FDT_MAGIC, fdt_magic(blob));
    if (fdt_totalsize(blob) > size)
        return REFUSE(error, "truncated: header says %u bytes, got %zu",
                      fdt_totalsize(blob), size);
    if (fdt_version(blob) < TREE_VERSION)
        return REFUSE(error, "expected a tree of version %u, got %u",
                      TREE_VERSION, fdt_version(blob));
    return 0;
}

/*
 * How far the next tag is from the one at offset, in a structure block of size
 * bytes; 0 at the end of the block, and at anything that is no tree: libfdt
 * stops there too. A property's length may be more than there is.
 */
static uint64_t tag_size(const uint8_t *block, uint64_t size, uint64_t offset,
                         uint32_t *length)
{
    const uint8_t *name;

    *length = 0;
    if (size - offset < FDT_TAGSIZE)
        return 0;
    switch (fdt32_ld((const fdt32_t *)(block + offset))) {
    case FDT_BEGIN_NODE:
        name = block + offset + FDT_TAGSIZE;
        name = memchr(name, 0, size - offset - FDT_TAGSIZE);
        return name ? (uint64_t)(name - (block + offset)) + 1 : 0;
    case FDT_PROP:
        if (size - offset < sizeof(struct fdt_property))
            return 0;
        *length = fdt32_ld((const fdt32_t *)(block + offset + FDT_TAGSIZE));
        return sizeof(struct fdt_property) + *length;
    case FDT_END_NODE:
    case FDT_NOP:
        return FDT_TAGSIZE;
    default:
        return 0;
    }
}

/*
 * libfdt 1.6.1 adds a property's length to an int: one near 2^32 leads it back
 * to the same tag, for ever. So lengths are checked before it walks the tree.
 */
static int check_lengths(const void *blob, struct bundle_error *error)
{
    const uint8_t *block = (const uint8_t *)blob + fdt_off_dt_struct(blob);
    uint64_t size = fdt_size_dt_struct(blob);
    uint64_t offset = 0;
    uint64_t step;
    uint32_t length;

    while (offset <= size &&
           (step = tag_size(block, size, offset, &length)) != 0) {
        if (length > size - offset)
            return REFUSE(error,
                          "damaged: property of %u bytes, expected at most %u",
                          length, (uint32_t)(size - offset));
        offset += (step + FDT_TAGSIZE - 1) & ~(uint64_t)(FDT_TAGSIZE - 1);
    }
    return 0;
}

static int check_tree(const void *blob, size_t size, struct bundle_error *error)
{
    int result = check_header(blob, size, error);

    if (result)
        return result;
    result = fdt_check_header(blob);
    if (!result && check_lengths(blob, error))
        return -PARAPET_EINVAL;
    if (!result)
        result = fdt_check_full(blob, size);
    if (result)
        return REFUSE(error, "damaged: expected a valid tree, got %s",
                      fdt_strerror(result));
    return 0;
}

static int find_parent(const void *tree, const char *name, int *offset,
                       struct bundle_error *error)
{
    unsigned int nr_found = bundle_node_find(tree, 0, name, offset);

    if (nr_found != 1)
        return REFUSE(error, "/: expected one node '%s', got %u", name,
                      nr_found);
    return 0;
}

/* All, or only those with this property. */
static unsigned int count_nodes(const void *tree, int parent,
                                const char *property)
{
    unsigned int nr_nodes = 0;
    int child;

    for (child = fdt_first_subnode(tree, parent); child >= 0;
         child = fdt_next_subnode(tree, child)) {
        if (!property || fdt_getprop(tree, child, property, NULL))
            nr_nodes++;
    }
    return nr_nodes;
}

int bundle_open(const void *blob, size_t size, const char *const *engines,
                struct bundle *bundle, struct bundle_error *error)
{
    int result = check_tree(blob, size, error);
    unsigned int nr_privileged;

    if (!result)
        result = find_parent(blob, "images", &bundle->images, error);
    if (!result)
        result = find_parent(blob, "domains", &bundle->domains, error);
    if (result)
        return result;
    bundle->tree = blob;
    bundle->engines = engines;
    bundle->nr_domains = count_nodes(blob, bundle->domains, NULL);
    if (bundle->nr_domains < 1 || bundle->nr_domains > BUNDLE_MAX_DOMAINS)
        return REFUSE(error, "/domains: expected 1 to %u domains, got %u",
                      BUNDLE_MAX_DOMAINS, bundle->nr_domains);
    nr_privileged = count_nodes(blob, bundle->domains, "privileged");
    if (nr_privileged > 1)
        return REFUSE(error,
                      "/domains: expected at most one domain that is "
                      "privileged, got %u",
                      nr_privileged);
    return 0;
}

unsigned int bundle_nr_domains(const struct bundle *bundle)
{
    return bundle->nr_domains;
}
