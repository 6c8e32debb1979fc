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
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space.h"
#include "lib/macros.h"

#define NR_PAGES 64ul
/* Images start and end at multiples, so that often one goes on with what
 * another has ended with. */
#define HALF_PAGE (PAGE_SIZE / 2ul)
#define NR_CHANGES 200000u
#define NO_FAILURE (-1)

/* What a page is; the address of its first byte in the image, or NULL. */
struct page_model {
    bool is_mapped;
    unsigned int prot;
    const char *image;
    size_t image_size;
};

static struct page_model model[NR_PAGES];
static struct list_node areas = LIST_INIT(areas);
static char image[(NR_PAGES + 4) * PAGE_SIZE];
static uint64_t random_state = 88172645463325252;
static int allocations_left = NO_FAILURE;
static unsigned int nr_objects;

void *kmalloc(size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    nr_objects++;
    return malloc(size);
}

void kfree(void *object)
{
    if (object != NULL)
        nr_objects--;
    free(object);
}

static uint64_t below(uint64_t limit)
{
    return unit_random(&random_state) % limit;
}

/* ---- the comparison ---- */

static void check_page(uint64_t page)
{
    struct area *area = area_at(&areas, page * PAGE_SIZE + below(PAGE_SIZE));
    uint64_t offset;

    assert_int_equal(area != NULL, model[page].is_mapped);
    if (area == NULL)
        return;
    offset = page * PAGE_SIZE - area->start;
    assert_int_equal(area->prot, model[page].prot);
    if (offset >= area->image_size) {
        assert_int_equal(model[page].image_size, 0);
        return;
    }
    assert_int_equal(MIN(area->image_size - offset, (size_t)PAGE_SIZE),
                     model[page].image_size);
    assert_ptr_equal(area->image + offset, model[page].image);
}

/* Whether b goes on as a would if it were longer. */
static bool could_be_one(const struct area *a, const struct area *b)
{
    size_t size = a->end - a->start;

    return a->end == b->start && a->prot == b->prot &&
           (b->image_size == 0 ||
            (a->image_size == size && a->image + size == b->image));
}

static void check_list(void)
{
    const struct area *area, *last = NULL;
    unsigned int nr = 0;

    list_for_each_entry (area, &areas, node) {
        assert_true(area->start < area->end);
        assert_true(area->image_size <= area->end - area->start);
        if (last != NULL) {
            assert_true(area->start >= last->end);
            assert_false(could_be_one(last, area));
        }
        last = area;
        nr++;
    }
    assert_int_equal(nr, nr_objects);
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

static void add(uint64_t first, uint64_t end)
{
    size_t size = (end - first) * PAGE_SIZE, image_size = 0, used;
    const char *start = image + below(8) * HALF_PAGE;
    unsigned int prot = (unsigned int)below(3);
    uint64_t page;

    if (!model_is_free(first, end))
        return;
    if (below(2) == 0)
        image_size = below(4) == 0 ? size : below(size / HALF_PAGE) * HALF_PAGE;
    if (!area_add(&areas, first * PAGE_SIZE, end * PAGE_SIZE, prot,
                  image_size > 0 ? start : NULL, image_size))
        return;
    for (page = first; page < end; page++) {
        used = MIN(image_size, (size_t)PAGE_SIZE);
        model[page].is_mapped = true;
        model[page].prot = prot;
        model[page].image_size = used;
        model[page].image = start + (page - first) * PAGE_SIZE;
        image_size -= used;
    }
}

static void change(uint64_t first, uint64_t end)
{
    uint64_t start_vaddr = first * PAGE_SIZE, end_vaddr = end * PAGE_SIZE;
    unsigned int prot = (unsigned int)below(3);
    uint64_t page;

    switch (below(4)) {
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
    assert_int_equal(nr_objects, 0);
}

static void test_copy(void **state)
{
    struct list_node copy = LIST_INIT(copy);
    const struct area *area;
    unsigned int nr = 0, fails;

    (void)state;
    assert_true(area_add(&areas, 0x1000, 0x3000, 1, image, 0x1001));
    assert_true(area_add(&areas, 0x5000, 0x6000, 2, NULL, 0));
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
    assert_ptr_equal(area_at(&copy, 0x2000)->image, image);
    assert_int_equal(area_at(&copy, 0x2000)->image_size, 0x1001);
    area_free_all(&copy);
    area_free_all(&areas);
    assert_int_equal(nr_objects, 0);
}

/* A heap that grows page by page is one area. */
static void test_growth(void **state)
{
    uint64_t vaddr;

    (void)state;
    for (vaddr = 0x1000; vaddr < 0x11000; vaddr += PAGE_SIZE)
        assert_true(
            area_add(&areas, vaddr, vaddr + PAGE_SIZE, SPACE_READ, NULL, 0));
    assert_int_equal(nr_objects, 1);
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
