/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/mm/area.c against an array with one element for each page:
 * random changes, of which some find no memory. After each the list must say
 * what the array says, be sorted, and have no two areas that could be one.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "guest-kernel/mm/area.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space.h"
#include "lib/macros.h"

#define NR_PAGES 64ul
/* The contents end at multiples, so that often one goes on with what another
 * has ended with. */
#define HALF_PAGE (PAGE_SIZE / 2ul)
#define NR_CHANGES 200000u
#define NO_FAILURE (-1)

#define NR_OBJECTS 2u

/* What a page is; size bytes of the object from the offset on. */
struct page_model {
    bool is_mapped;
    unsigned int prot;
    struct space_source source;
};

/* Nothing but a count here. */
struct object {
    unsigned int refs;
};

static struct page_model model[NR_PAGES];
static struct list_node areas = LIST_INIT(areas);
static struct object objects[NR_OBJECTS];
static uint64_t random_state = 88172645463325252;
static int allocations_left = NO_FAILURE;
static unsigned int nr_records;

void *kmalloc(size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    nr_records++;
    return malloc(size);
}

void kfree(void *object)
{
    if (object != NULL)
        nr_records--;
    free(object);
}

struct object *object_get(struct object *object)
{
    object->refs++;
    return object;
}

void object_put(struct object *object)
{
    if (object != NULL) {
        assert_true(object->refs > 0);
        object->refs--;
    }
}

static uint64_t below(uint64_t limit)
{
    return unit_random(&random_state) % limit;
}

/* ---- the comparison ---- */

static void check_page(uint64_t page)
{
    struct area *area = area_at(&areas, page * PAGE_SIZE + below(PAGE_SIZE));
    const struct space_source *expected = &model[page].source;
    uint64_t offset, size = 0;

    assert_int_equal(area != NULL, model[page].is_mapped);
    if (area == NULL)
        return;
    offset = page * PAGE_SIZE - area->start;
    assert_int_equal(area->prot, model[page].prot);
    assert_int_equal(area->source.shared, expected->shared);
    if (offset < area->source.size)
        size = MIN(area->source.size - offset, (uint64_t)PAGE_SIZE);
    assert_int_equal(size, expected->size);
    if (!expected->shared && size == 0)
        return;
    assert_ptr_equal(area->source.object, expected->object);
    assert_int_equal(area->source.offset + offset, expected->offset);
}

/* Whether b goes on as a would if it were longer. */
static bool could_be_one(const struct area *a, const struct area *b)
{
    uint64_t size = a->end - a->start;

    if (a->end != b->start || a->prot != b->prot ||
        a->source.shared != b->source.shared)
        return false;
    return b->source.object == NULL ||
           (a->source.object == b->source.object &&
            a->source.offset + size == b->source.offset &&
            (a->source.shared || a->source.size == size));
}

static void check_list(void)
{
    const struct area *area, *last = NULL;
    unsigned int nr = 0, nr_with_object = 0;

    list_for_each_entry (area, &areas, node) {
        assert_true(area->start < area->end);
        assert_true(area->source.size <= area->end - area->start);
        assert_int_equal(area->source.object != NULL,
                         area->source.shared || area->source.size > 0);
        nr_with_object += area->source.object != NULL;
        if (last != NULL) {
            assert_true(area->start >= last->end);
            assert_false(could_be_one(last, area));
        }
        last = area;
        nr++;
    }
    assert_int_equal(nr, nr_records);
    assert_int_equal(nr, area_count(&areas));
    assert_int_equal(nr_with_object, objects[0].refs + objects[1].refs);
}

static void check_all(void)
{
    uint64_t page;

    for (page = 0; page < NR_PAGES; page++)
        check_page(page);
    check_list();
}

static bool model_covers(uint64_t first, uint64_t end)
{
    for (; first < end; first++)
        if (!model[first].is_mapped)
            return false;
    return true;
}

static bool model_is_free(uint64_t first, uint64_t end)
{
    for (; first < end; first++)
        if (model[first].is_mapped)
            return false;
    return true;
}

/* The slow way: every place from the highest down. */
static uint64_t model_find_gap(uint64_t nr)
{
    uint64_t first;

    for (first = NR_PAGES - nr - 1; nr + 2 <= NR_PAGES && first >= 1; first--)
        if (model_is_free(first - 1, first + nr + 1))
            return first * PAGE_SIZE;
    return 0;
}

/* ---- the changes ---- */

/* What the page at this distance from the area's start has of it. */
static struct space_source part(const struct space_source *source,
                                uint64_t distance)
{
    struct space_source result = *source;

    result.offset += distance;
    result.size = source->size > distance
                      ? MIN(source->size - distance, (uint64_t)PAGE_SIZE)
                      : 0;
    return result;
}

static struct space_source random_source(uint64_t size)
{
    struct space_source source = {
        .object = &objects[below(NR_OBJECTS)],
        .offset = below(8) * PAGE_SIZE,
        .shared = below(3) == 0,
    };

    if (!source.shared && below(3) > 0)
        source.size =
            below(4) == 0 ? size : below(size / HALF_PAGE) * HALF_PAGE;
    return source;
}

static void add(uint64_t first, uint64_t end)
{
    uint64_t size = (end - first) * PAGE_SIZE, page;
    struct space_source source = random_source(size);
    unsigned int prot = (unsigned int)below(3);

    if (!model_is_free(first, end))
        return;
    assert_true(area_is_free(&areas, first * PAGE_SIZE, end * PAGE_SIZE));
    if (!area_add(&areas, first * PAGE_SIZE, end * PAGE_SIZE, prot, &source))
        return;
    for (page = first; page < end; page++) {
        model[page].is_mapped = true;
        model[page].prot = prot;
        model[page].source = part(&source, (page - first) * PAGE_SIZE);
    }
}

/* Of one area, to a place where it is free, and longer. */
static void move(uint64_t first, uint64_t end, uint64_t to)
{
    struct area *area = area_at(&areas, first * PAGE_SIZE);
    uint64_t nr = end - first, new_nr = nr + below(3), page, distance;
    struct page_model old;
    struct area before;

    if (area == NULL || area->end < end * PAGE_SIZE || to + new_nr > NR_PAGES ||
        !model_is_free(to == first ? end : to, to + new_nr))
        return;
    before = *area;
    old = model[first];
    distance = first * PAGE_SIZE - area->start;
    if (!area_move(&areas, first * PAGE_SIZE, end * PAGE_SIZE, to * PAGE_SIZE,
                   new_nr * PAGE_SIZE))
        return;
    /* What was mapped to the end goes on after it. */
    if (before.source.size >= distance + nr * PAGE_SIZE)
        before.source.size = distance + new_nr * PAGE_SIZE;
    for (page = first; page < end; page++)
        model[page].is_mapped = false;
    for (page = to; page < to + new_nr; page++) {
        model[page].is_mapped = true;
        model[page].prot = old.prot;
        model[page].source =
            part(&before.source, distance + (page - to) * PAGE_SIZE);
    }
}

static void change(uint64_t first, uint64_t end)
{
    uint64_t start_vaddr = first * PAGE_SIZE, end_vaddr = end * PAGE_SIZE;
    unsigned int prot = (unsigned int)below(3);
    uint64_t page;

    switch (below(5)) {
    case 0:
        if (area_remove(&areas, start_vaddr, end_vaddr))
            for (page = first; page < end; page++)
                model[page].is_mapped = false;
        break;
    case 1:
        if (area_protect(&areas, start_vaddr, end_vaddr, prot))
            for (page = first; page < end; page++)
                model[page].prot = prot;
        break;
    case 2:
        move(first, end, below(4) == 0 ? first : below(NR_PAGES));
        break;
    default:
        add(first, end);
    }
}

static void test_against_model(void **state)
{
    uint64_t first, end;
    unsigned int i;

    (void)state;
    for (i = 0; i < NR_CHANGES; i++) {
        first = below(NR_PAGES);
        end = first + 1 + below(NR_PAGES - first);
        if (below(2) == 0)
            end = first + 1; /* small ones, so that there are many */
        allocations_left = below(4) == 0 ? (int)below(2) : NO_FAILURE;
        change(first, end);
        allocations_left = NO_FAILURE;
        if (i % 16 == 0)
            check_all();
        assert_int_equal(
            area_covers(&areas, first * PAGE_SIZE, end * PAGE_SIZE),
            model_covers(first, end));
        assert_int_equal(area_find_gap(&areas, 0, NR_PAGES * PAGE_SIZE,
                                       (end - first) * PAGE_SIZE),
                         model_find_gap(end - first));
    }
    area_free_all(&areas);
    assert_true(list_is_empty(&areas));
    assert_int_equal(nr_records, 0);
    assert_int_equal(objects[0].refs + objects[1].refs, 0);
}

static void test_copy(void **state)
{
    const struct space_source source = {.object = objects, .size = 0x1001};
    struct list_node copy = LIST_INIT(copy);
    const struct area *area;
    unsigned int nr = 0, fails;

    (void)state;
    assert_true(area_add(&areas, 0x1000, 0x3000, 1, &source));
    assert_true(area_add(&areas, 0x5000, 0x6000, 2, NULL));
    for (fails = 0; fails < 2; fails++) {
        allocations_left = (int)fails;
        assert_false(area_copy_all(&copy, &areas));
        area_free_all(&copy);
    }
    allocations_left = NO_FAILURE;
    assert_true(area_copy_all(&copy, &areas));
    list_for_each_entry (area, &copy, node) {
        assert_ptr_not_equal(area, area_at(&areas, area->start));
        assert_int_equal(area->end, area_at(&areas, area->start)->end);
        assert_int_equal(area->prot, area_at(&areas, area->start)->prot);
        nr++;
    }
    assert_int_equal(nr, 2);
    assert_ptr_equal(area_at(&copy, 0x2000)->source.object, objects);
    assert_int_equal(area_at(&copy, 0x2000)->source.size, 0x1001);
    assert_int_equal(objects[0].refs, 2);
    area_free_all(&copy);
    area_free_all(&areas);
    assert_int_equal(nr_records, 0);
}

/* A heap that grows page by page is one area. */
static void test_growth(void **state)
{
    uint64_t vaddr;

    (void)state;
    for (vaddr = 0x1000; vaddr < 0x11000; vaddr += PAGE_SIZE)
        assert_true(
            area_add(&areas, vaddr, vaddr + PAGE_SIZE, SPACE_READ, NULL));
    assert_int_equal(nr_records, 1);
    assert_int_equal(area_at(&areas, 0x1000)->end, 0x11000);
    area_free_all(&areas);
}

/* Sizes that would wrap around, and none. */
static void test_gap_limits(void **state)
{
    (void)state;
    assert_int_equal(area_find_gap(&areas, 0x1000, 0x10000, 0), 0);
    assert_int_equal(
        area_find_gap(&areas, 0x1000, 0x10000, -(uint64_t)PAGE_SIZE), 0);
    assert_int_equal(area_find_gap(&areas, 0x1000, 0x10000, 0xe000), 0);
    assert_int_equal(area_find_gap(&areas, 0x1000, 0x10000, 0xd000), 0x2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_gap_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
