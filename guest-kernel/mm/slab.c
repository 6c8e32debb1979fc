/* SPDX-License-Identifier: MIT
 *
 * A slab is one page of objects of one size class. Its page record says how
 * many are in use and leads to the first free one; each free object holds the
 * address of the next. Slabs with a free object are in their class's list. An
 * empty slab goes back to the page allocator, but the last one with room.
 */
#include "guest-kernel/mm/slab.h"

#include <stdbool.h>

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/privops/privops.h"
#include "lib/string.h"

struct size_class {
    struct list_node with_room; /* struct page.node */
    uint64_t nr_slabs;
    uint64_t nr_used;
};

#define CLASS(n)                                                               \
    {                                                                          \
        .with_room = LIST_INIT(classes[n].with_room)                           \
    }

static struct size_class classes[SLAB_NR_CLASSES] = {
    CLASS(0), CLASS(1), CLASS(2), CLASS(3),
    CLASS(4), CLASS(5), CLASS(6), CLASS(7),
};

_Static_assert(SLAB_MIN_SIZE << (SLAB_NR_CLASSES - 1) == SLAB_MAX_SIZE,
               "SLAB_NR_CLASSES is wrong");

static size_t size_of_class(unsigned int class)
{
    return (size_t)SLAB_MIN_SIZE << class;
}

static unsigned int class_for(size_t size)
{
    unsigned int class = 0;

    while (size_of_class(class) < size)
        class ++;
    return class;
}

/* A new slab, all free, at the head of its class's list. */
static bool grow(unsigned int class)
{
    size_t size = size_of_class(class), offset;
    char *slab = page_alloc(0);
    struct page *page;

    if (slab == NULL)
        return false;
    page = page_of(slab);
    page->kind = PAGE_SLAB;
    page->tag = (uint16_t) class;
    page->count = 0;
    page->free_objects = NULL;
    for (offset = PAGE_SIZE; offset > 0; offset -= size) {
        *(void **)(slab + offset - size) = page->free_objects;
        page->free_objects = slab + offset - size;
    }
    list_add_first(&classes[class].with_room, &page->node);
    classes[class].nr_slabs++;
    return true;
}

static void *take_object(unsigned int class)
{
    struct size_class *c = &classes[class];
    struct page *page;
    void *object;

    if (list_is_empty(&c->with_room) && !grow(class))
        return NULL;
    page = list_first_entry(&c->with_room, struct page, node);
    object = page->free_objects;
    page->free_objects = *(void **)object;
    page->count++;
    c->nr_used++;
    if (page->free_objects == NULL)
        list_remove(&page->node);
    return object;
}

static bool is_only_one_with_room(struct size_class *c, struct page *page)
{
    return c->with_room.next == &page->node && c->with_room.prev == &page->node;
}

static void put_object(struct page *page, void *object)
{
    struct size_class *c = &classes[page->tag];

    BUG_ON((uint64_t)object % size_of_class(page->tag) != 0);
    BUG_ON(page->count == 0);
    if (page->free_objects == NULL)
        list_add_first(&c->with_room, &page->node);
    *(void **)object = page->free_objects;
    page->free_objects = object;
    page->count--;
    c->nr_used--;
    if (page->count == 0 && !is_only_one_with_room(c, page)) {
        list_remove(&page->node);
        c->nr_slabs--;
        page->kind = PAGE_USED;
        page_free(page_vaddr(page));
    }
}

static unsigned int order_for(size_t size)
{
    unsigned int order = 0;

    while (order <= PAGE_MAX_ORDER && (size_t)PAGE_SIZE << order < size)
        order++;
    return order;
}

void *kmalloc(size_t size)
{
    void *object;
    bool irq_on;

    if (size > SLAB_MAX_SIZE)
        return page_alloc(order_for(size));
    irq_on = privops_irq_save();
    object = take_object(class_for(size));
    privops_irq_restore(irq_on);
    return object;
}

void *kzalloc(size_t size)
{
    void *object = kmalloc(size);

    return object != NULL ? memset(object, 0, size) : NULL;
}

void kfree(void *object)
{
    struct page *page;
    bool irq_on;

    if (object == NULL)
        return;
    page = page_of(object);
    BUG_ON(page == NULL);
    if (page->kind != PAGE_SLAB) {
        page_free(object);
        return;
    }
    irq_on = privops_irq_save();
    put_object(page, object);
    privops_irq_restore(irq_on);
}

void slab_get_statistics(unsigned int class, struct slab_statistics *out)
{
    bool irq_on = privops_irq_save();

    out->object_size = (uint32_t)size_of_class(class);
    out->nr_slabs = classes[class].nr_slabs;
    out->nr_used = classes[class].nr_used;
    privops_irq_restore(irq_on);
}
