/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/mm/object.c against plain bytes: random writes, reads and cuts,
 * of which some find no memory, at offsets where the tree is low and high.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"

#define NR_PAGES 200ul /* more than one node has */
#define SIZE (NR_PAGES * PAGE_SIZE)
#define NR_CHANGES 20000u
#define NO_FAILURE (-1)

static char model[SIZE];
static bool is_there[NR_PAGES];
static char buffer[8 * PAGE_SIZE];
static uint64_t random_state = 88172645463325252;
static int allocations_left = NO_FAILURE;
static unsigned int nr_blocks;

/* ---- what object.c stands on ---- */

struct test_page {
    char bytes[PAGE_SIZE];
    unsigned int count;
};

static void *allocate(size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    nr_blocks++;
    return malloc(size);
}

void *kzalloc(size_t size)
{
    void *block = allocate(size);

    return block != NULL ? memset(block, 0, size) : NULL;
}

void kfree(void *block)
{
    nr_blocks -= block != NULL;
    free(block);
}

void *user_page_alloc(void)
{
    struct test_page *page = allocate(sizeof(*page));

    if (page != NULL)
        memset(page, 0xa5, sizeof(*page));
    if (page != NULL)
        page->count = 1;
    return page;
}

bool user_page_drop(void *page)
{
    return --((struct test_page *)page)->count == 0;
}

void page_free(void *page)
{
    kfree(page);
}

static uint64_t below(uint64_t limit)
{
    return unit_random(&random_state) % limit;
}

/* ---- the changes ---- */

/* base is where the model's first byte is in the object. */
static void write(struct object *object, uint64_t base)
{
    uint64_t offset = below(SIZE), i;
    size_t size = below(MIN(sizeof(buffer), SIZE - offset)) + 1, done;

    memset(buffer, (int)below(256), size);
    allocations_left = below(4) == 0 ? (int)below(4) : NO_FAILURE;
    done = object_write(object, base + offset, buffer, size);
    assert_true(done == size || allocations_left == 0);
    allocations_left = NO_FAILURE;
    memcpy(model + offset, buffer, done);
    for (i = offset; i < offset + done; i++)
        is_there[i / PAGE_SIZE] = true;
}

static void cut(struct object *object, uint64_t base)
{
    uint64_t first = below(NR_PAGES), i;

    object_cut(object, base / PAGE_SIZE + first);
    memset(model + first * PAGE_SIZE, 0, SIZE - first * PAGE_SIZE);
    for (i = first; i < NR_PAGES; i++)
        is_there[i] = false;
}

static void compare(struct object *object, uint64_t base)
{
    uint64_t offset = below(SIZE), i, nr = 0;
    size_t size = below(MIN(sizeof(buffer), SIZE - offset)) + 1;

    object_read(object, base + offset, buffer, size);
    assert_memory_equal(buffer, model + offset, size);
    for (i = 0; i < NR_PAGES; i++) {
        nr += is_there[i];
        assert_int_equal(object_page(object, base / PAGE_SIZE + i, false) !=
                             NULL,
                         is_there[i]);
    }
    assert_int_equal(object_nr_pages(object), nr);
}

static void run(uint64_t base)
{
    struct object *object = object_create();
    unsigned int i;

    assert_non_null(object);
    memset(model, 0, sizeof(model));
    memset(is_there, 0, sizeof(is_there));
    for (i = 0; i < NR_CHANGES; i++) {
        if (below(8) == 0)
            cut(object, base);
        else
            write(object, base);
        if (i % 8 == 0)
            compare(object, base);
    }
    object_put(object);
    assert_int_equal(nr_blocks, 0);
}

static void test_low(void **state)
{
    (void)state;
    run(0);
}

static void test_high(void **state)
{
    (void)state;
    run((OBJECT_MAX_PAGES - NR_PAGES) * PAGE_SIZE);
}

/* A page that is mapped outlives its object. */
static void test_pages(void **state)
{
    struct object *object = object_create();
    struct test_page *page = object_page(object, 5, true);

    (void)state;
    assert_non_null(page);
    assert_int_equal(page->bytes[PAGE_SIZE - 1], 0);
    assert_ptr_equal(object_page(object, 5, true), page);
    assert_ptr_equal(object_page(object, 5, false), page);
    assert_null(object_page(object, 4, false));
    assert_null(object_page(object, OBJECT_MAX_PAGES, true));
    assert_null(object_page(object, UINT64_MAX, false));
    page->count++;
    assert_ptr_equal(object_get(object), object);
    object_put(object);
    assert_int_equal(page->count, 2);
    object_put(object);
    object_put(NULL);
    assert_int_equal(page->count, 1);
    assert_int_equal(nr_blocks, 1);
    kfree(page);
}

/* However the memory ends, what is there stays and all of it goes. */
static void test_no_memory(void **state)
{
    static const uint64_t numbers[] = {0, 63, 64, 1ul << 30, 1ul << 50};
    struct object *object;
    unsigned int i;
    int nr;

    (void)state;
    for (nr = 1; nr < 40; nr++) {
        allocations_left = nr;
        object = object_create();
        for (i = 0; i < ARRAY_SIZE(numbers); i++)
            if (object_page(object, numbers[i], true) != NULL)
                assert_non_null(object_page(object, numbers[i], false));
        object_put(object);
        assert_int_equal(nr_blocks, 0);
    }
    allocations_left = NO_FAILURE;
}

/* Pages far from each other reach the limit sooner, and leave no nodes when
 * they are refused. */
static void test_limit(void **state)
{
    struct object *object = object_create();
    unsigned int nr, nr_before;

    (void)state;
    object_set_limit(64);
    for (nr = 0; object_page(object, nr, true) != NULL; nr++)
        ;
    assert_int_equal(nr, 64);
    assert_true(object_is_full());
    object_cut(object, 0);
    assert_false(object_is_full());
    for (nr = 0; object_page(object, (uint64_t)nr << 44, true) != NULL; nr++)
        ;
    assert_int_in_range(nr, 30, 40);
    nr_before = nr_blocks;
    assert_null(object_page(object, 127ul << 44, true));
    assert_int_equal(nr_blocks, nr_before);
    object_put(object);
    object_set_limit(UINT64_MAX);
    assert_int_equal(nr_blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_low),   cmocka_unit_test(test_high),
        cmocka_unit_test(test_pages), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
