/* SPDX-License-Identifier: MIT
 *
 * The pages are the leaves of a tree, in which a node has 64 children and the
 * number's bits lead the way, six at each level, the highest first. The tree
 * is as high as the highest number needs: of an object with one page the root
 * is that page.
 */
#include "guest-kernel/mm/object.h"

#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"
#include "lib/string.h"

#define LEVEL_BITS 6
#define NR_CHILDREN (1u << LEVEL_BITS)

struct node {
    void *children[NR_CHILDREN]; /* nodes or, at level 1, pages */
};

struct object {
    uint32_t refs;
    unsigned int height; /* levels of nodes */
    void *root;          /* may be NULL */
    uint64_t nr_pages;
    uint64_t size; /* for mappings */
};

static uint64_t total_pages;
static uint64_t total_nodes;
static uint64_t max_pages = UINT64_MAX;

/* ---- life ---- */

struct object *object_create(void)
{
    struct object *object = kzalloc(sizeof(*object));

    if (object == NULL)
        return NULL;
    object->refs = 1;
    object->size = UINT64_MAX;
    return object;
}

struct object *object_get(struct object *object)
{
    object->refs++;
    return object;
}

void object_put(struct object *object)
{
    if (object == NULL || --object->refs > 0)
        return;
    object_cut(object, 0);
    kfree(object);
}

void object_set_size(struct object *object, uint64_t size)
{
    object->size = size;
}

uint64_t object_size(const struct object *object)
{
    return object->size;
}

/* ---- pages ---- */

static bool fits(const struct object *object, uint64_t number)
{
    return number >> (LEVEL_BITS * object->height) == 0;
}

static struct node *new_node(void)
{
    struct node *node = kzalloc(sizeof(*node));

    if (node != NULL)
        total_nodes++;
    return node;
}

/* The old root becomes the first child of a new one. */
static bool grow(struct object *object)
{
    struct node *node = NULL;

    if (object->root != NULL) {
        node = new_node();
        if (node == NULL)
            return false;
        node->children[0] = object->root;
    }
    object->root = node;
    object->height++;
    return true;
}

static unsigned int child_index(uint64_t number, unsigned int level)
{
    return (unsigned int)(number >> (LEVEL_BITS * (level - 1))) % NR_CHILDREN;
}

/* Where the pointer to the page is; NULL: no node for it. */
static void **find(struct object *object, uint64_t number, bool create)
{
    void **place = &object->root;
    struct node *node;
    unsigned int level;

    while (!fits(object, number))
        if (!create || !grow(object))
            return NULL;
    for (level = object->height; level > 0; level--) {
        if (*place == NULL && create)
            *place = new_node();
        node = *place;
        if (node == NULL)
            return NULL;
        place = &node->children[child_index(number, level)];
    }
    return place;
}

void object_set_limit(uint64_t nr_pages)
{
    max_pages = nr_pages;
}

uint64_t object_limit(void)
{
    return max_pages;
}

/* A page far from all others needs more memory for nodes than for itself. */
bool object_is_full(void)
{
    return total_pages + total_nodes * sizeof(struct node) / PAGE_SIZE >=
           max_pages;
}

/* The page comes before its nodes: when memory is short it is the one that is
 * refused (mm/user_page.h). */
static void *new_page(struct object *object, uint64_t number)
{
    void *page = object_is_full() ? NULL : user_page_alloc(), **place;

    if (page == NULL)
        return NULL;
    place = find(object, number, true);
    if (place == NULL) {
        if (user_page_drop(page))
            page_free(page);
        return NULL;
    }
    *place = memset(page, 0, PAGE_SIZE);
    object->nr_pages++;
    total_pages++;
    return page;
}

void *object_page(struct object *object, uint64_t number, bool create)
{
    void **place;

    if (number >= OBJECT_MAX_PAGES)
        return NULL;
    place = find(object, number, false);
    if (place != NULL && *place != NULL)
        return *place;
    return create ? new_page(object, number) : NULL;
}

/*
 * Of what is below *place, the first page's number being `first`, those from
 * nr_pages on go; and *place becomes NULL if nothing is left.
 */
static void cut(struct object *object, void **place, unsigned int level,
                uint64_t first, uint64_t nr_pages)
{
    uint64_t span = 1ul << (LEVEL_BITS * level);
    struct node *node = *place;
    unsigned int i, nr_left = 0;

    if (node == NULL || first + span <= nr_pages)
        return;
    for (i = 0; level > 0 && i < NR_CHILDREN; i++) {
        cut(object, &node->children[i], level - 1,
            first + i * (span / NR_CHILDREN), nr_pages);
        nr_left += node->children[i] != NULL;
    }
    if (nr_left > 0)
        return;
    if (level > 0) {
        kfree(node);
        total_nodes--;
    } else {
        object->nr_pages--;
        total_pages--;
        if (user_page_drop(node))
            page_free(node);
    }
    *place = NULL;
}

void object_cut(struct object *object, uint64_t nr_pages)
{
    cut(object, &object->root, object->height, 0, nr_pages);
    if (object->root == NULL)
        object->height = 0;
}

uint64_t object_nr_pages(const struct object *object)
{
    return object->nr_pages;
}

/* ---- bytes ---- */

/* How much of size bytes from the offset on is in its page. */
static size_t in_page(uint64_t offset, size_t size)
{
    return MIN(size, PAGE_SIZE - offset % PAGE_SIZE);
}

void object_read(struct object *object, uint64_t offset, void *to, size_t size)
{
    const char *page;
    char *target = to;
    size_t part;

    for (; size > 0; size -= part, offset += part, target += part) {
        part = in_page(offset, size);
        page = object_page(object, offset / PAGE_SIZE, false);
        if (page != NULL)
            memcpy(target, page + offset % PAGE_SIZE, part);
        else
            memset(target, 0, part);
    }
}

size_t object_write(struct object *object, uint64_t offset, const void *from,
                    size_t size)
{
    const char *source = from;
    size_t left = size, part;
    char *page;

    for (; left > 0; left -= part, offset += part, source += part) {
        part = in_page(offset, left);
        page = object_page(object, offset / PAGE_SIZE, true);
        if (page == NULL)
            break;
        memcpy(page + offset % PAGE_SIZE, source, part);
    }
    return size - left;
}
