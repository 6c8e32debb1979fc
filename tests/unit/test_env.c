/* SPDX-License-Identifier: MIT
 *
 * The contract of pvdrivers/env.h, as the host keeps it: who else provides it
 * is to pass the same.
 */
#include <string.h>

#include "abi/errors.h"
#include "pvdrivers/lend.h"
#include "tests/unit/env_host.h"
#include "tests/unit/unit.h"

static int fresh(void **state)
{
    (void)state;
    env_host_reset();
    env_host_be(0);
    return 0;
}

/* d1 lends a page of its own to d0. */
static uint32_t lend_page(uint8_t **page, bool read_only)
{
    int ref;

    env_host_be(1);
    *page = env_page_alloc();
    assert_non_null(*page);
    ref = env_lend(0, *page, read_only);
    assert_true(ref >= 0);
    env_host_be(0);
    return (uint32_t)ref;
}

static void pages_are_zeros(void **state)
{
    static const uint8_t zeros[ENV_PAGE_SIZE];
    uint8_t *page = env_page_alloc();

    (void)state;
    assert_memory_equal(page, zeros, sizeof(zeros));
    assert_int_equal((uintptr_t)page % ENV_PAGE_SIZE, 0);
    assert_int_equal(env_host_use(0).pages, 1);
    env_page_free(page);
    assert_int_equal(env_host_use(0).pages, 0);
}

static void what_is_mapped_is_not_taken_back(void **state)
{
    uint8_t *page;
    struct env_loan loan = {.domain = 1, .ref = lend_page(&page, false)};

    (void)state;
    env_map(&loan, 1);
    assert_int_equal(loan.status, 0);
    *(uint8_t *)loan.page = 7;
    env_host_be(1);
    assert_int_equal(*page, 7);
    assert_false(env_take_back(loan.ref));
    env_host_be(0);
    env_unmap(&loan, 1);
    assert_null(loan.page);
    env_unmap(&loan, 1);
    env_host_be(1);
    assert_true(env_take_back(loan.ref));
    env_page_free(page);
}

static void each_element_has_its_status(void **state)
{
    uint8_t *page, *other;
    uint32_t ref = lend_page(&page, true);
    struct env_loan loans[4] = {
        {.domain = 1, .ref = ref},
        {.domain = 1, .ref = ref, .read_only = true},
        {.domain = 1, .ref = lend_page(&other, false) + 1},
        {.domain = UINT32_MAX, .ref = ref}};

    (void)state;
    env_map(loans, 4);
    assert_int_equal(loans[0].status, -PARAPET_EPERM);
    assert_null(loans[0].page);
    assert_int_equal(loans[1].status, 0);
    assert_int_equal(loans[2].status, -PARAPET_EPERM);
    assert_int_equal(loans[3].status, -PARAPET_ENOENT);
    env_unmap(loans, 4);
    assert_int_equal(env_host_use(0).mapped, 0);
}

static void bytes_are_copied(void **state)
{
    uint8_t *page;
    uint32_t ref = lend_page(&page, false);
    char own[16] = "from domain 0";
    struct env_copy copies[3] = {
        {.domain = 1, .ref = ref, .offset = 100, .length = 16, .own = own},
        {.domain = 1,
         .ref = ref,
         .offset = 105,
         .length = 8,
         .own = own + 8,
         .to_own = true},
        {.domain = 1, .ref = ref, .offset = 4090, .length = 8, .own = own}};

    (void)state;
    env_copy(copies, 3);
    assert_int_equal(copies[0].status, 0);
    assert_string_equal((char *)page + 100, "from domain 0");
    assert_int_equal(copies[1].status, 0);
    assert_memory_equal(own, "from domdomain 0", 16);
    assert_int_equal(copies[2].status, -PARAPET_EINVAL);
}

/* d1 lends a page by its number, as the first of nr reserved entries. */
static struct parapet_grant_entry *lend_by_number(uint32_t *ref, void *page,
                                                  uint64_t word)
{
    struct parapet_grant_entry *entries;
    int first;

    env_host_be(1);
    first = env_lend_reserve(3, &entries);
    assert_true(first >= 0);
    lend_frame(&entries[1], env_page_mfn(page), word);
    env_host_be(0);
    *ref = (uint32_t)first + 1;
    return entries;
}

static void frames_are_lent_by_number(void **state)
{
    uint8_t *page, *other;
    uint32_t first = lend_page(&other, false), ref;
    struct parapet_grant_entry *entries;
    struct env_loan loans[2] = {{.domain = 1, .read_only = true},
                                {.domain = 1}};

    (void)state;
    env_host_be(1);
    page = env_page_alloc();
    entries = lend_by_number(&ref, page, lend_word(0, true));
    assert_true(ref > first);
    loans[0].ref = loans[1].ref = ref;
    env_map(loans, 2);
    assert_int_equal(loans[0].status, 0);
    assert_ptr_equal(loans[0].page, page);
    assert_int_equal(loans[1].status, -PARAPET_EPERM);
    assert_false(lend_take_back(&entries[1], lend_word(0, true)));
    env_host_be(1);
    env_lend_unreserve(ref - 1, 3);
    assert_int_equal(env_host_use(1).reserved, 1); /* it is in use */
    env_host_be(0);
    env_unmap(loans, 2);
    env_host_be(1);
    assert_true(lend_take_back(&entries[1], lend_word(0, true)));
    assert_int_equal(entries[1].flags, 0);
    env_lend_unreserve(ref, 1);
    assert_int_equal(env_host_use(1).reserved, 0);
    env_page_free(page);
}

/* A frame without a mapping is in use, too, by whoever holds it. */
static void what_is_held_is_not_taken_back(void **state)
{
    uint8_t *page, *other;
    uint32_t ref = lend_page(&page, false), read_only = lend_page(&other, true);
    uint64_t maddrs[2] = {0};
    struct parapet_grant_run holds[5] = {
        {.domain = 1, .ref = ref, .nr = 1},
        {.domain = 1, .ref = ref, .flags = PARAPET_GRANT_READONLY, .nr = 2},
        {.domain = 1, .ref = ref, .nr = 2}, /* one of them is to be read only */
        {.domain = 1, .ref = ref, .nr = 0},
        {.domain = 1,
         .ref = ref,
         .flags = 2 * PARAPET_GRANT_READONLY,
         .nr = 1}};
    struct parapet_grant_unmap handles[3];

    (void)state;
    assert_int_equal(read_only, ref + 1);
    for (unsigned int i = 0; i < 5; i++)
        holds[i].maddrs = (uint64_t)maddrs;
    env_hold_run(holds, 5);
    assert_int_equal(holds[0].status, 0);
    assert_ptr_equal(env_host_frame(maddrs[0] + 5), page + 5);
    assert_int_equal(holds[1].status, 0);
    assert_ptr_equal(env_host_frame(maddrs[1] + 5), other + 5);
    assert_int_equal(holds[2].status, -PARAPET_EPERM);
    assert_int_equal(holds[3].status, -PARAPET_EINVAL);
    assert_int_equal(holds[4].status, -PARAPET_EINVAL);
    assert_int_equal(env_host_use(0).held, 3);
    assert_int_equal(env_host_use(1).in_use, 3);
    env_host_be(1);
    assert_false(env_take_back(ref));
    assert_false(env_take_back(read_only));
    env_host_be(0);
    handles[0].handle = holds[0].handle;
    handles[1].handle = holds[1].handle;
    handles[2].handle = holds[1].handle; /* which is gone by then */
    env_release(handles, 3);
    assert_int_equal(handles[0].status, 0);
    assert_int_equal(handles[1].status, 0);
    assert_int_equal(handles[2].status, -PARAPET_ENOENT);
    env_host_be(1);
    assert_true(env_take_back(ref));
    assert_true(env_take_back(read_only));
}

struct seen {
    unsigned int nr;
    uint32_t port;
    uint32_t domain;
};

static void see(uint32_t port, void *context)
{
    struct seen *seen = context;

    seen->nr++;
    seen->port = port;
    seen->domain = env_host_is();
}

static void an_event_comes_out_at_the_other_end(void **state)
{
    struct seen at[2] = {{0}};
    int unbound, bound;

    (void)state;
    env_host_be(1);
    unbound = env_port_alloc(0, see, &at[1]);
    assert_true(unbound > 0);
    env_port_send((uint32_t)unbound); /* to nobody */
    env_host_be(2);
    assert_int_equal(env_port_bind(1, (uint32_t)unbound, see, &at[0]),
                     -PARAPET_ENOENT);
    env_host_be(0);
    bound = env_port_bind(1, (uint32_t)unbound, see, &at[0]);
    assert_true(bound > 0);
    at[0].nr = 0; /* whoever binds is told once, too */

    env_port_send((uint32_t)bound);
    assert_int_equal(at[1].nr, 1);
    assert_int_equal(at[1].port, unbound);
    assert_int_equal(at[1].domain, 1);
    assert_int_equal(env_host_is(), 0);

    env_port_mask((uint32_t)bound);
    env_host_be(1);
    env_port_send((uint32_t)unbound);
    env_port_send((uint32_t)unbound);
    assert_int_equal(at[0].nr, 0);
    env_host_be(0);
    env_port_unmask((uint32_t)bound);
    assert_int_equal(at[0].nr, 1);

    /* Its end is told, and the other end is for whoever comes back. */
    env_port_close((uint32_t)bound);
    assert_int_equal(at[1].nr, 2);
    assert_true(env_port_bind(1, (uint32_t)unbound, see, &at[0]) > 0);
}

static void a_port_of_the_start_gets_its_handler(void **state)
{
    struct seen seen = {0};
    int first, second;

    (void)state;
    env_host_be(1);
    first = env_port_alloc(0, NULL, NULL);
    env_host_be(0);
    second = env_port_bind(1, (uint32_t)first, NULL, NULL);
    env_port_send((uint32_t)second);
    env_host_be(1);
    env_port_handle((uint32_t)first, see, &seen);
    assert_int_equal(seen.nr, 1);
}

static struct env_bell *there, *back;

static void answer(void *context)
{
    assert_int_equal(env_host_is(), 3);
    while (env_bell_wait(there, ENV_FOREVER) && *(int *)context < 3) {
        ++*(int *)context;
        env_bell_ring(back);
    }
}

static void threads_sleep_until_a_bell(void **state)
{
    int count = 0;

    (void)state;
    env_host_be(3);
    there = env_bell_make();
    back = env_bell_make();
    assert_false(env_bell_wait(back, env_now()));
    assert_int_equal(env_thread_start("answer", answer, &count), 0);
    for (int i = 1; i <= 3; i++) {
        env_bell_ring(there);
        assert_true(env_bell_wait(back, ENV_FOREVER));
        assert_int_equal(count, i);
    }
    env_bell_ring(there);
    env_host_join();
    env_bell_free(there);
    env_bell_free(back);
}

static void any_of_it_may_be_refused(void **state)
{
    void *page;

    (void)state;
    env_host_refuse_after(1);
    page = env_page_alloc();
    assert_non_null(page);
    assert_int_equal(env_lend(1, page, false), -PARAPET_ENOSPC);
    assert_int_equal(env_lend(1, page, false), 0);
    env_host_refuse_after(0);
    assert_int_equal(env_port_alloc(1, see, NULL), -PARAPET_ENOSPC);
    env_host_refuse_after(0);
    assert_null(env_page_alloc());
}

static void what_is_said_has_the_domain(void **state)
{
    (void)state;
    env_host_be(2);
    env_say("%d and %s", 7, "a word");
    assert_string_equal(env_host_said(), "d2: 7 and a word");
}

#define CASE(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(pages_are_zeros),
        CASE(what_is_mapped_is_not_taken_back),
        CASE(each_element_has_its_status),
        CASE(bytes_are_copied),
        CASE(frames_are_lent_by_number),
        CASE(what_is_held_is_not_taken_back),
        CASE(an_event_comes_out_at_the_other_end),
        CASE(a_port_of_the_start_gets_its_handler),
        CASE(threads_sleep_until_a_bell),
        CASE(any_of_it_may_be_refused),
        CASE(what_is_said_has_the_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
