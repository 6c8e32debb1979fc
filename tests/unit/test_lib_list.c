/* SPDX-License-Identifier: MIT
 *
 * lib/list.h and lib/macros.h.
 */
#include "tests/unit/unit.h"

#include "lib/list.h"
#include "lib/macros.h"

struct item {
    int value;
    struct list_node node;
};

#define NR_ITEMS 5

struct fixture {
    struct list_node list;
    struct item items[NR_ITEMS];
};

/* Five items with the values 0 to 4, in a list in that order. */
static void set_up(struct fixture *fixture)
{
    list_init(&fixture->list);
    for (int i = 0; i < NR_ITEMS; i++) {
        fixture->items[i].value = i;
        list_add_last(&fixture->list, &fixture->items[i].node);
    }
}

/* The values as decimal digits, forwards; checks the links backwards too. */
static int digits(const struct list_node *list)
{
    struct item *item;
    const struct list_node *previous = list;
    int number = 0;

    list_for_each_entry (item, list, node) {
        assert_ptr_equal(item->node.prev, previous);
        previous = &item->node;
        number = number * 10 + item->value;
    }
    assert_ptr_equal(list->prev, previous);
    return number;
}

static void test_empty(void **state)
{
    struct list_node list = LIST_INIT(list);

    (void)state;
    assert_true(list_is_empty(&list));
    assert_null(list_take_first(&list));
    assert_int_equal(digits(&list), 0);
    list_init(&list);
    assert_true(list_is_empty(&list));
}

static void test_add(void **state)
{
    struct fixture fixture;
    struct item front = {.value = 7}, middle = {.value = 8};

    (void)state;
    set_up(&fixture);
    assert_int_equal(digits(&fixture.list), 1234);
    list_add_first(&fixture.list, &front.node);
    assert_int_equal(digits(&fixture.list), 701234);
    list_insert_before(&fixture.items[2].node, &middle.node);
    assert_int_equal(digits(&fixture.list), 7018234);
    assert_ptr_equal(list_first_entry(&fixture.list, struct item, node),
                     &front);
}

static void test_remove(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture);
    list_remove(&fixture.items[2].node);
    assert_int_equal(digits(&fixture.list), 134);
    list_remove(&fixture.items[2].node); /* once more: no harm */
    assert_int_equal(digits(&fixture.list), 134);
    list_remove(&fixture.items[4].node);
    list_remove(&fixture.items[0].node);
    assert_int_equal(digits(&fixture.list), 13);
}

static void test_take_first(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture);
    for (int i = 0; i < NR_ITEMS; i++) {
        struct list_node *node = list_take_first(&fixture.list);

        assert_ptr_equal(node, &fixture.items[i].node);
        assert_int_equal(list_entry(node, struct item, node)->value, i);
    }
    assert_true(list_is_empty(&fixture.list));
}

static void test_remove_while_iterating(void **state)
{
    struct fixture fixture;
    struct item *item, *following;

    (void)state;
    set_up(&fixture);
    list_for_each_entry_safe (item, following, &fixture.list, node) {
        if (item->value % 2 == 0)
            list_remove(&item->node);
    }
    assert_int_equal(digits(&fixture.list), 13);
    list_for_each_entry_safe (item, following, &fixture.list, node)
        list_remove(&item->node);
    assert_true(list_is_empty(&fixture.list));
}

static void test_macros(void **state)
{
    static const int array[ALIGN_UP(5, 4)];
    const uint64_t high = 0x123456789abcdef0;

    (void)state;
    assert_int_equal(ARRAY_SIZE(array), 8);
    assert_int_equal(MIN(3, 5), 3);
    assert_int_equal(MAX(3, 5), 5);
    assert_int_equal(ALIGN_UP(4096, 4096), 4096);
    assert_int_equal(ALIGN_UP(4097, 4096), 8192);
    assert_int_equal(ALIGN_DOWN(4095, 4096), 0);
    /* An unsigned int as the alignment must not cut off the upper half. */
    assert_true(ALIGN_DOWN(high, 4096u) == 0x123456789abcd000);
    assert_true(ALIGN_UP(high, 4096u) == 0x123456789abce000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_take_first),
        cmocka_unit_test(test_remove_while_iterating),
        cmocka_unit_test(test_macros),
    };

    return cmocka_run_group_tests_name("lib/list", tests, NULL, NULL);
}
