/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/ring.h: both ends with each other, around 2^32 too, and each of
 * them with another end that lies. (With threads: test_ring_race.)
 */
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/mman.h>

#include "lib/macros.h"
#include "pvdrivers/ring.h"

struct request {
    uint64_t number;
    uint64_t square;
};

struct response {
    uint64_t number;
};

#define NR_SLOTS PARAPET_RING_SLOTS(sizeof(struct request))

static struct parapet_ring *page;
static struct ring_front front;
static struct ring_back back;

/* Both as if that many requests had been answered. */
static void begin_at(uint32_t first)
{
    ring_front_init(&front, page, sizeof(struct request));
    ring_back_init(&back, page, sizeof(struct request));
    front.put = front.pushed = front.taken = front.seen = first;
    back.put = back.pushed = back.taken = back.seen = first;
    page->req_prod = page->rsp_prod = first;
    page->req_event = page->rsp_event = first;
}

static int setup(void **state)
{
    (void)state;
    page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    begin_at(0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(munmap(page, sizeof(*page)), 0);
    return 0;
}

static int put_request(uint64_t number)
{
    struct request request = {number, number * number};

    return ring_front_put(&front, &request, sizeof(request));
}

static int take_request(uint64_t *number)
{
    struct request request;
    int result = ring_back_take(&back, &request, sizeof(request));

    if (result == 1) {
        assert_int_equal(request.square, request.number * request.number);
        *number = request.number;
    }
    return result;
}

static int put_response(uint64_t number)
{
    struct response response = {number};

    return ring_back_put(&back, &response, sizeof(response));
}

static int take_response(uint64_t *number)
{
    struct response response;
    int result = ring_front_take(&front, &response, sizeof(response));

    if (result == 1)
        *number = response.number;
    return result;
}

static void test_slots(void **state)
{
    static const struct {
        uint32_t size, nr;
    } rows[] = {{8, 256},  {16, 128}, {24, 128}, {32, 64}, {64, 32},
                {112, 32}, {120, 32}, {128, 16}, {1920, 2}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(PARAPET_RING_SLOTS(rows[i].size), rows[i].nr);
        assert_true(rows[i].nr * rows[i].size <= PARAPET_RING_SLOT_BYTES);
    }
}

/* All of the ring, several times, from each of some first numbers. */
static void fill_and_empty(void)
{
    uint64_t number;

    for (uint64_t i = 0; i < NR_SLOTS; i++) {
        assert_int_equal(ring_front_room(&front), NR_SLOTS - i);
        assert_int_equal(put_request(i), 0);
    }
    assert_int_equal(put_request(99), -PARAPET_EAGAIN);
    assert_int_equal(take_request(&number), 0);
    (void)ring_front_push(&front);
    for (uint64_t i = 0; i < NR_SLOTS; i++) {
        assert_int_equal(put_response(i), -PARAPET_EAGAIN);
        assert_int_equal(take_request(&number), 1);
        assert_int_equal(number, i);
        assert_int_equal(ring_back_room(&back), 1);
        assert_int_equal(put_response(i + 7), 0);
        assert_int_equal(take_response(&number), 0);
        (void)ring_back_push(&back);
        assert_int_equal(ring_front_room(&front), i);
        assert_int_equal(take_response(&number), 1);
        assert_int_equal(number, i + 7);
    }
    assert_int_equal(take_request(&number), 0);
    assert_int_equal(take_response(&number), 0);
}

static void test_full(void **state)
{
    static const uint32_t firsts[] = {0, 5, 0x7ffffff0, 0xffffff80, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
        begin_at(firsts[i]);
        for (int round = 0; round < 3; round++)
            fill_and_empty();
        assert_int_equal(page->req_prod, firsts[i] + 3 * NR_SLOTS);
    }
}

/* Only who waits for one of what is new is notified. */
static void check_notify(uint32_t first)
{
    uint64_t number;

    begin_at(first);
    assert_int_equal(ring_back_wait(&back), 0);
    assert_false(ring_front_push(&front)); /* nothing is new */
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(put_request(i), 0);
    assert_true(ring_front_push(&front));
    assert_int_equal(put_request(3), 0);
    assert_false(ring_front_push(&front)); /* it was told already */
    assert_int_equal(ring_back_wait(&back), 1);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(take_request(&number), 1);
    assert_int_equal(put_request(4), 0);
    assert_false(ring_front_push(&front)); /* it is at work */
    for (uint64_t i = 0; i < 2; i++)
        assert_int_equal(take_request(&number), 1);
    assert_int_equal(ring_back_wait(&back), 0);

    assert_int_equal(ring_front_wait(&front), 0);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(put_response(i), 0);
    assert_true(ring_back_push(&back));
    assert_false(ring_back_push(&back));
    assert_int_equal(ring_front_wait(&front), 1);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(take_response(&number), 1);
    assert_int_equal(ring_front_wait(&front), 0);
    assert_int_equal(put_request(5), 0);
    assert_true(ring_front_push(&front)); /* it waits again */
}

static void test_notify(void **state)
{
    (void)state;
    check_notify(0);
    for (uint32_t first = 0xfffffff0; first != 0x10; first++)
        check_notify(first);
}

/* A page of zeros has nobody at work: the first of each is told. */
static void test_first_is_told(void **state)
{
    uint64_t number;

    (void)state;
    memset(page, 0xff, sizeof(*page));
    ring_front_init(&front, page, sizeof(struct request));
    ring_back_init(&back, page, sizeof(struct request));
    assert_int_equal(put_request(1), 0);
    assert_true(ring_front_push(&front));
    assert_int_equal(take_request(&number), 1);
    assert_int_equal(put_response(1), 0);
    assert_true(ring_back_push(&back));
}

/* Any steps, across 2^32; each end sleeps only when there is nothing. */
static void test_random(void **state)
{
    uint64_t random = 1, sent = 0, served = 0, answered = 0, done = 0, number;
    bool front_sleeps = false, back_sleeps = false;
    unsigned int nr_sleeps = 0;

    (void)state;
    begin_at(0xffff8000);
    while (done < 200000) {
        uint64_t step = unit_random(&random) % 16;

        if (step < 4 && !front_sleeps)
            sent += put_request(sent) == 0;
        else if (step == 4)
            back_sleeps &= !ring_front_push(&front);
        else if (step < 8 && !back_sleeps && take_request(&number) == 1)
            assert_int_equal(number, served++);
        else if (step < 11 && !back_sleeps)
            answered += put_response(answered) == 0;
        else if (step == 11)
            front_sleeps &= !ring_back_push(&back);
        else if (step < 14 && !front_sleeps && take_response(&number) == 1)
            assert_int_equal(number, done++);
        else if (step == 14 && ring_front_wait(&front) == 0)
            front_sleeps = true;
        else if (step == 15 && ring_back_wait(&back) == 0)
            back_sleeps = true;
        nr_sleeps += front_sleeps + back_sleeps;
        assert_true(!back_sleeps || page->req_prod == back.taken);
        assert_true(!front_sleeps || page->rsp_prod == front.taken);
        if (front_sleeps && back_sleeps)
            front_sleeps = back_sleeps = false; /* they have more to do */
    }
    assert_true(nr_sleeps > 1000);
    assert_int_equal(front.seen >> 31, 0); /* it was beyond 2^32 */
}

/* ---- another end that lies ---- */

/* Broken once is broken for good, and without the page. */
static void check_front_broken(void)
{
    uint64_t number;

    page->rsp_prod = front.taken; /* it repents */
    assert_int_equal(mprotect(page, sizeof(*page), PROT_NONE), 0);
    assert_int_equal(ring_front_room(&front), -PV_EIO);
    assert_int_equal(put_request(1), -PV_EIO);
    assert_false(ring_front_push(&front));
    assert_int_equal(take_response(&number), -PV_EIO);
    assert_int_equal(ring_front_wait(&front), -PV_EIO);
    assert_int_equal(mprotect(page, sizeof(*page), PROT_READ | PROT_WRITE), 0);
}

/* A front-end with seven requests told, one more put, two responses taken. */
static void front_at_work(uint32_t first)
{
    uint64_t number;

    begin_at(first);
    for (uint64_t i = 0; i < 7; i++)
        assert_int_equal(put_request(i), 0);
    (void)ring_front_push(&front);
    assert_int_equal(put_request(7), 0);
    page->rsp_prod = first + 2;
    assert_int_equal(take_response(&number), 1);
    assert_int_equal(take_response(&number), 1);
}

static void test_hostile_back(void **state)
{
    static const uint32_t lies[] = {0,  1,   8,          9,         NR_SLOTS,
                                    99, ~0u, 0x80000000, 0x7fffffff};
    uint64_t number;

    (void)state;
    for (uint32_t first = 0xfffffffa; first != 4; first++) {
        for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
            front_at_work(first);
            page->rsp_prod = first + lies[i];
            assert_int_equal(take_response(&number), -PV_EIO);
            check_front_broken();
            front_at_work(first);
            page->rsp_prod = first + lies[i];
            assert_int_equal(ring_front_wait(&front), -PV_EIO);
            check_front_broken();
        }
        for (uint32_t truth = 2; truth <= 7; truth++) {
            front_at_work(first);
            page->rsp_prod = first + truth;
            assert_int_equal(take_response(&number), truth > 2);
        }
    }
}

static void check_back_broken(void)
{
    uint64_t number;

    page->req_prod = back.taken;
    assert_int_equal(mprotect(page, sizeof(*page), PROT_NONE), 0);
    assert_int_equal(ring_back_room(&back), -PV_EIO);
    assert_int_equal(put_response(1), -PV_EIO);
    assert_false(ring_back_push(&back));
    assert_int_equal(take_request(&number), -PV_EIO);
    assert_int_equal(ring_back_wait(&back), -PV_EIO);
    assert_int_equal(mprotect(page, sizeof(*page), PROT_READ | PROT_WRITE), 0);
}

/* A back-end that has taken five, answered three and told of two. */
static void back_at_work(uint32_t first)
{
    uint64_t number;

    begin_at(first);
    page->req_prod = first + 5;
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(take_request(&number), 1);
    assert_int_equal(put_response(0), 0);
    assert_int_equal(put_response(1), 0);
    (void)ring_back_push(&back);
    assert_int_equal(put_response(2), 0);
}

static void test_hostile_front(void **state)
{
    static const uint32_t lies[] = {
        0, 1, 4, NR_SLOTS + 3, NR_SLOTS + 5, ~0u, 0x80000000, 0x7fffffff};
    uint64_t number;

    (void)state;
    for (uint32_t first = 0xfffffffa; first != 4; first++) {
        for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
            back_at_work(first);
            page->req_prod = first + lies[i];
            assert_int_equal(take_request(&number), -PV_EIO);
            check_back_broken();
            back_at_work(first);
            page->req_prod = first + lies[i];
            assert_int_equal(ring_back_wait(&back), -PV_EIO);
            check_back_broken();
        }
        for (uint32_t truth = 5; truth <= NR_SLOTS + 2; truth++) {
            back_at_work(first);
            page->req_prod = first + truth;
            assert_int_equal(take_request(&number), truth > 5);
        }
    }
}

/* What an end has written itself it does not read back. */
static void test_own_words(void **state)
{
    uint64_t number;

    (void)state;
    assert_int_equal(put_request(3), 0);
    (void)ring_front_push(&front);
    assert_int_equal(take_request(&number), 1);
    assert_int_equal(put_response(3), 0);
    (void)ring_back_push(&back);
    page->req_prod = 77; /* by the back-end */
    page->rsp_event = 77;
    assert_int_equal(take_response(&number), 1);
    assert_int_equal(number, 3);
    assert_int_equal(ring_front_room(&front), NR_SLOTS);
    assert_int_equal(put_request(4), 0);
    (void)ring_front_push(&front);
    assert_int_equal(page->req_prod, 2);
    page->rsp_prod = 77; /* by the front-end */
    page->req_event = 77;
    assert_int_equal(take_request(&number), 1);
    assert_int_equal(number, 4);
    assert_int_equal(put_response(4), 0);
    (void)ring_back_push(&back);
    assert_int_equal(page->rsp_prod, 2);
}

static void write_slots(int byte)
{
    memset(page->slots, byte, sizeof(page->slots));
}

/* Called so that the compiler cannot know what it does. */
static void (*volatile meanwhile)(int byte) = write_slots;

/* A slot that changes after it was taken: the copy does not. */
static void test_slot_changes(void **state)
{
    struct request request;
    struct response response;

    (void)state;
    assert_int_equal(put_request(12), 0);
    (void)ring_front_push(&front);
    assert_int_equal(ring_back_take(&back, &request, sizeof(request)), 1);
    meanwhile(0xee);
    assert_int_equal(request.number, 12);
    assert_int_equal(request.square, 144);
    assert_int_equal(put_response(13), 0);
    (void)ring_back_push(&back);
    assert_int_equal(ring_front_take(&front, &response, sizeof(response)), 1);
    meanwhile(0xdd);
    assert_int_equal(response.number, 13);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),
        CASE(test_full),
        CASE(test_notify),
        CASE(test_first_is_told),
        CASE(test_random),
        CASE(test_hostile_back),
        CASE(test_hostile_front),
        CASE(test_own_words),
        CASE(test_slot_changes),
    };

    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
