/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/tty/console.c: who waits for room, beside others that write.
 * The device is a number of bytes that have room; to sleep is to do what the
 * test says that others do meanwhile.
 */
#include "tests/unit/unit.h"

#include "guest-kernel/core/irq.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/thread/wait.h"
#include "guest-kernel/tty/console.h"

bool irqflag_on;

static irq_handler_t *interrupt;
static size_t room;
static size_t nr_written;
static unsigned int nr_woken;
static void (*others)(void); /* run while somebody sleeps */

/* ---- what it calls ---- */

void irq_bind(uint32_t port, irq_handler_t *handler, void *data)
{
    (void)port;
    (void)data;
    interrupt = handler;
}

uint32_t privops_console_port(void)
{
    return 1;
}

size_t privops_console_read(char *buffer, size_t size)
{
    (void)buffer;
    (void)size;
    return 0;
}

size_t privops_console_write_some(const char *text, size_t size)
{
    size_t done = size < room ? size : room;

    (void)text;
    assert_false(irqflag_on);
    room -= done;
    nr_written += done;
    return done;
}

void privops_console_write(const char *text, size_t size)
{
    (void)text;
    nr_written += size;
}

uint64_t privops_clock_ns(void)
{
    return 1;
}

void wait_queue_sleep(struct wait_queue *queue)
{
    (void)queue;
    fail_msg("somebody sleeps for good");
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    (void)queue;
    nr_woken++;
}

int64_t wait_queue_sleep_until(struct wait_queue *queue, uint64_t deadline_ns)
{
    unsigned int before = nr_woken;
    void (*once)(void) = others;

    (void)queue;
    (void)deadline_ns;
    others = NULL;
    if (once != NULL)
        once();
    return nr_woken != before ? 0 : -ETIMEDOUT;
}

void poll_notify(void)
{
}

/* ---- the cases ---- */

static int setup(void **state)
{
    (void)state;
    console_init();
    room = 10;
    nr_written = nr_woken = 0;
    others = NULL;
    interrupt(NULL);
    nr_woken = 0;
    return 0;
}

static void make_room(void)
{
    room = 100;
    interrupt(NULL);
}

static void test_waits(void **state)
{
    (void)state;
    assert_int_equal(console_put_sleeping("0123456789", 10, false), 10);
    assert_true(console_has_room());
    others = make_room;
    assert_int_equal(console_put_sleeping("0123456789", 10, false), 10);
    assert_int_equal(nr_written, 20);
    assert_int_equal(nr_woken, 1);
    assert_int_equal(room, 90);
}

/* There is room for a short text, but no event yet: the first one still waits
 * for it. */
static void write_short(void)
{
    room = 3;
    assert_int_equal(console_put_sleeping("012", 3, false), 3);
    make_room();
}

static void test_another_writes(void **state)
{
    (void)state;
    others = write_short;
    assert_int_equal(console_put_sleeping("0123456789abcdef", 16, false), 16);
    assert_int_equal(nr_woken, 1);
    assert_int_equal(room, 94);
}

static void test_gives_up(void **state)
{
    (void)state;
    assert_int_equal(console_put_sleeping("0123456789abcdef", 16, true), 10);
    assert_false(console_has_room());
    assert_int_equal(console_put_sleeping("0123456789abcdef", 16, true),
                     -EAGAIN);
    assert_int_equal(console_put_sleeping("0123456789abcdef", 16, false), 16);
    assert_int_equal(nr_written, 10 + 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_waits, setup),
        cmocka_unit_test_setup(test_another_writes, setup),
        cmocka_unit_test_setup(test_gives_up, setup),
    };

    return cmocka_run_group_tests_name("gk_console", tests, NULL, NULL);
}
