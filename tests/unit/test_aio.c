/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/proc/aio.c: places for events, who is woken and when, and how
 * long a context lives.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "guest-kernel/errno.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/user_page.h"
#include "guest-kernel/proc/aio.h"
#include "guest-kernel/thread/wait.h"

bool irqflag_on;

static struct list_node contexts = LIST_INIT(contexts);
static unsigned int nr_blocks, nr_woken;
static bool has_no_memory;
static void (*others)(void); /* run while somebody sleeps */

static void *allocate(size_t size)
{
    if (has_no_memory)
        return NULL;
    nr_blocks++;
    return calloc(1, size);
}

void *kmalloc(size_t size)
{
    return allocate(size);
}

void *kzalloc(size_t size)
{
    return allocate(size);
}

void kfree(void *object)
{
    nr_blocks--;
    free(object);
}

bool user_page_leaves(size_t size)
{
    return size > 0;
}

void wait_queue_sleep(struct wait_queue *queue)
{
    (void)queue;
    assert_false(irqflag_on);
    others();
    irqflag_on = false;
}

int64_t wait_queue_sleep_until(struct wait_queue *queue, uint64_t deadline_ns)
{
    if (deadline_ns == 0)
        return -ETIMEDOUT;
    wait_queue_sleep(queue);
    return 0;
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    (void)queue;
    assert_false(irqflag_on);
    nr_woken++;
}

/* ---- tests ---- */

static struct aio *aio;
static struct aio_request *requests[8];

static struct aio_request *begin(uint64_t data)
{
    struct aio_request *request = aio_prepare(aio);

    assert_non_null(request);
    request->data = data;
    request->iocb = data + 100;
    return request;
}

static int start(void **state)
{
    (void)state;
    irqflag_on = true;
    assert_int_equal(aio_create(&contexts, 7, 4), 0);
    aio = aio_get(&contexts, 7);
    assert_non_null(aio);
    for (unsigned int i = 0; i < 4; i++)
        requests[i] = begin(i);
    nr_woken = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    aio_put(aio);
    aio_end_all(&contexts);
    assert_int_equal(nr_blocks, 0);
    assert_true(irqflag_on);
    return 0;
}

static void expect_event(uint64_t data, int64_t result)
{
    const struct io_event *event = aio_first(aio);

    assert_non_null(event);
    assert_int_equal(event->data, data);
    assert_int_equal(event->iocb, data + 100);
    assert_int_equal(event->result, result);
    assert_int_equal(event->result2, 0);
    aio_take(aio);
}

/* Requests under way and events have four places together. */
static void places(void **state)
{
    (void)state;
    assert_null(aio_prepare(aio));
    assert_null(aio_first(aio));
    aio_done(requests[2], 512);
    assert_null(aio_prepare(aio));
    aio_done(requests[0], -EIO);
    expect_event(2, 512);
    requests[2] = begin(9);
    expect_event(0, -EIO);
    aio_drop(requests[1]);
    requests[0] = begin(10);
    requests[1] = begin(11);
    assert_null(aio_prepare(aio));
    /* By the file's way. */
    requests[1]->request.done(&requests[1]->request, 1);
    aio_done(requests[3], 2);
    aio_done(requests[2], 3);
    aio_done(requests[0], 4);
    expect_event(11, 1);
    expect_event(3, 2);
    expect_event(9, 3);
    expect_event(10, 4);
    assert_null(aio_first(aio));
}

static void end_two(void)
{
    aio_done(requests[0], 0);
    assert_int_equal(nr_woken, 0);
    aio_done(requests[1], 0);
    assert_int_equal(nr_woken, 1);
}

static void end_others(void)
{
    aio_done(requests[2], 0);
    assert_int_equal(nr_woken, 1);
    aio_done(requests[3], 0);
    assert_int_equal(nr_woken, 2);
}

/* Who waits for two is woken by the second. */
static void waiting(void **state)
{
    (void)state;
    others = end_two;
    assert_int_equal(aio_wait(aio, 2, 0), -ETIMEDOUT);
    assert_int_equal(aio_wait(aio, 2, WAIT_FOREVER), 0);
    assert_int_equal(aio_wait(aio, 1, 0), 0);
    others = end_others;
    assert_int_equal(aio_wait(aio, 100, WAIT_FOREVER), 0);
    assert_int_equal(aio_wait(aio, 100, 0), 0);
}

static unsigned int nr_ended;

static void end_all(void)
{
    aio_done(requests[nr_ended++], 0);
}

static void end_context(void)
{
    aio_end(aio);
}

static void destroyed(void **state)
{
    (void)state;
    others = end_context;
    assert_int_equal(aio_wait(aio, 1, WAIT_FOREVER), -EINVAL);
    assert_null(aio_get(&contexts, 7));
    others = end_all;
    aio_drain(aio);
    assert_int_equal(nr_ended, 4);
}

/* Its process has gone; the last request frees it. */
static void outlived(void **state)
{
    (void)state;
    aio_put(aio);
    aio_end_all(&contexts);
    for (unsigned int i = 0; i < 4; i++) {
        assert_int_equal(nr_blocks, 1 + 4 - i);
        aio_done(requests[i], 0);
    }
    assert_int_equal(nr_blocks, 0);
    start(state);
    for (unsigned int i = 0; i < 4; i++)
        aio_drop(requests[i]);
}

static void limits(void **state)
{
    uint64_t id;

    (void)state;
    for (unsigned int i = 0; i < 4; i++)
        aio_drop(requests[i]);
    assert_int_equal(aio_create(&contexts, 1, AIO_MAX_REQUESTS + 1), -EAGAIN);
    has_no_memory = true;
    assert_int_equal(aio_create(&contexts, 1, 1), -ENOMEM);
    assert_null(aio_prepare(aio));
    has_no_memory = false;
    for (id = 10; aio_create(&contexts, id, 1) == 0; id++)
        ;
    assert_int_equal(id - 10, AIO_MAX_CONTEXTS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(places, start, end),
        cmocka_unit_test_setup_teardown(waiting, start, end),
        cmocka_unit_test_setup_teardown(destroyed, start, end),
        cmocka_unit_test_setup_teardown(outlived, start, end),
        cmocka_unit_test_setup_teardown(limits, start, end),
    };

    return cmocka_run_group_tests_name("guest proc/aio", tests, NULL, NULL);
}
