/* SPDX-License-Identifier: MIT
 *
 * hypervisor/base/console.c on a UART that sends, or stands still: what a
 * domain writes gives up, and what it has not written it can write again. The
 * log has the same text.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"
#include "hypervisor/base/console.h"
#include "hypervisor/base/log_ring.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/base/turn_lock.h"
#include "hypervisor/x86/uart.h"
#include "lib/macros.h"

#define FOR_EVER 1000000u

static char sent[1024];
static size_t nr_sent;
static size_t room;            /* so many bytes, and then it stands still */
static unsigned int still_for; /* so many looks; FOR_EVER is a failure */
static unsigned int nr_looks;  /* at the UART that stands still */
static unsigned int nr_waits;  /* for the lock */
static void (*at_first_byte)(void); /* what another CPU does meanwhile */
static size_t nr_typed;             /* bytes that the UART has received */
static size_t nr_got;               /* and given to the console */
static bool input_on;
static bool interrupted;  /* the UART's line has risen */
static uint64_t log_from; /* where the log of this test begins */

bool uart_put(uint8_t byte)
{
    if (nr_sent == room && still_for != 0) {
        still_for--;
        assert_true(++nr_looks < FOR_EVER);
        return false;
    }
    assert_true(nr_sent < sizeof(sent));
    sent[nr_sent++] = (char)byte;
    if (at_first_byte) {
        void (*other)(void) = at_first_byte;

        at_first_byte = NULL;
        other();
    }
    return true;
}

bool uart_has_input(void)
{
    return nr_got < nr_typed;
}

uint8_t uart_get(void)
{
    assert_true(uart_has_input());
    return (uint8_t)nr_got++;
}

/* It is the rise of the line that interrupts. */
void uart_enable_input(bool on)
{
    if (on && !input_on && uart_has_input())
        interrupted = true;
    input_on = on;
}

/* Whoever waits gives up: the other one is in the midst of its call. */
bool turn_lock_wait_here(struct turn_lock *lock)
{
    assert_true(turn_lock_is_held(lock));
    nr_waits++;
    return false;
}

void spin_wait(const struct spinlock *lock, uint32_t ticket)
{
    (void)lock;
    fail_msg("nobody else reads, ticket %u", ticket);
}

static uint64_t log_end(void)
{
    struct log_ring_found found;

    assert_int_equal(console_log_read(~0ul, NULL, 0, &found), 0);
    return found.next;
}

static int setup(void **state)
{
    (void)state;
    nr_sent = 0;
    room = sizeof(sent);
    still_for = 0;
    nr_looks = 0;
    nr_waits = 0;
    at_first_byte = NULL;
    nr_typed = nr_got;
    /* The column is 0 again. */
    assert_int_equal(console_write_raw(1, "\n", 1), 1);
    nr_sent = 0;
    log_from = log_end();
    return 0;
}

static void expect_sent(const char *text)
{
    assert_int_equal(nr_sent, strlen(text));
    assert_memory_equal(sent, text, nr_sent);
}

/* As on the console, and no carriage returns. */
static void expect_logged(const char *text)
{
    char logged[sizeof(sent)];
    struct log_ring_found found;
    size_t n = console_log_read(log_from, logged, sizeof(logged), &found);

    assert_int_equal(found.lost, 0);
    for (size_t i = 0; i < n; text++) {
        if (*text != '\r')
            assert_int_equal(logged[i++], *text);
    }
    assert_int_equal(strlen(text), 0);
}

static void expect_both(const char *text)
{
    expect_sent(text);
    expect_logged(text);
}

static int64_t filtered(unsigned int domain, const char *bytes, size_t nr_bytes)
{
    return console_write_filtered(domain, bytes, nr_bytes, CONSOLE_SHOWN);
}

static int64_t logged(unsigned int domain, const char *bytes, size_t nr_bytes)
{
    return console_write_filtered(domain, bytes, nr_bytes, CONSOLE_LOGGED);
}

static void test_all_is_sent(void **state)
{
    (void)state;
    assert_int_equal(console_write_raw(1, "ab\nc", 4), 4);
    assert_int_equal(console_write_raw(1, "", 0), 0);
    console_write_line("line\a", CONSOLE_SHOWN);
    expect_both("ab\r\nc\r\nline?\r\n");
}

/* What is sent counts; the next call begins with the rest. */
static void test_a_uart_that_stands_still(void **state)
{
    (void)state;
    room = 2;
    still_for = FOR_EVER;
    assert_int_equal(console_write_raw(1, "abcd", 4), 2);
    assert_int_equal(console_write_raw(1, "cd", 2), -PARAPET_ERESTART);
    assert_int_equal(console_write_raw(1, "", 0), 0);
    assert_int_in_range(nr_looks, 2, 5000);
    still_for = 0;
    assert_int_equal(console_write_raw(1, "cd", 2), 2);
    expect_both("abcd");
}

/*
 * The longest call: what others have left, then as much again, and a UART that
 * makes it wait. In instructions, as base/console.c reckons them.
 */
static void expect_bounded(int64_t (*write)(unsigned int domain,
                                            const char *bytes, size_t nr_bytes))
{
    char text[256];

    memset(text, '\n', sizeof(text));
    for (unsigned int still = 0; still < 3000; still += 100) {
        room = nr_sent;
        still_for = FOR_EVER;
        while (filtered(2, text, sizeof(text)) > 0)
            ;
        nr_sent = 0;
        nr_looks = 0;
        room = 200;
        still_for = still;
        (void)write(1, text, sizeof(text));
        assert_int_in_range(24 * nr_sent + 20 * nr_looks, 1, 13000);
        nr_sent = 0;
        still_for = 0;
        console_write_line("", CONSOLE_SHOWN);
        nr_sent = 0;
    }
}

static void test_no_call_is_long(void **state)
{
    (void)state;
    expect_bounded(console_write_raw);
    expect_bounded(filtered);
}

/* In the midst of a newline: the carriage return is sent again. */
static void test_half_a_newline(void **state)
{
    (void)state;
    room = 2;
    still_for = FOR_EVER;
    assert_int_equal(console_write_raw(1, "a\n", 2), 1);
    still_for = 0;
    assert_int_equal(console_write_raw(1, "\n", 1), 1);
    expect_both("a\r\r\n");
}

/* A UART that is slow, but not too slow, is waited for. */
static void test_a_slow_uart(void **state)
{
    (void)state;
    room = 1;
    still_for = 100;
    assert_int_equal(console_write_raw(1, "ab", 2), 2);
    expect_both("ab");
}

/* A line of the hypervisor's own is never given up. */
static void test_a_line_waits(void **state)
{
    (void)state;
    room = 1;
    still_for = FOR_EVER / 2;
    console_write_line("line", CONSOLE_SHOWN);
    expect_both("line\r\n");
}

/* It counts as written, and comes out before what others write. */
static void test_a_filtered_rest(void **state)
{
    (void)state;
    room = 3;
    still_for = FOR_EVER;
    assert_int_equal(filtered(2, "ab\nc", 4), 4);
    assert_int_equal(filtered(2, "d", 1), -PARAPET_ERESTART);
    assert_int_equal(console_write_raw(1, "x", 1), -PARAPET_ERESTART);
    expect_sent("d2|");
    still_for = 0;
    assert_int_equal(console_write_raw(1, "x", 1), 1);
    expect_both("d2| ab\r\nd2| c\r\nx");
}

/* The newline between two domains, too. */
static void test_a_newline_between(void **state)
{
    (void)state;
    assert_int_equal(console_write_raw(1, "ab", 2), 2);
    room = 2;
    still_for = FOR_EVER;
    assert_int_equal(filtered(2, "c", 1), 1);
    expect_sent("ab");
    still_for = 0;
    console_write_line("line", CONSOLE_SHOWN);
    expect_both("ab\r\nd2| c\r\nline\r\n");
}

/* Who writes nothing breaks nobody's line. */
static void test_nothing_is_written(void **state)
{
    (void)state;
    assert_int_equal(console_write_raw(1, "ab", 2), 2);
    assert_int_equal(filtered(2, "", 0), 0);
    assert_int_equal(console_write_raw(3, "", 0), 0);
    assert_int_equal(console_write_raw(1, "c\n", 2), 2);
    assert_int_equal(filtered(2, "d", 1), 1);
    assert_int_equal(filtered(3, "", 0), 0);
    assert_int_equal(filtered(2, "e\n", 2), 2);
    expect_both("abc\r\nd2| de\r\n");
}

/* However much its text grows, none of it is lost. */
static void test_a_long_text(void **state)
{
    char bytes[256];
    size_t done = 0;

    (void)state;
    memset(bytes, '\200', sizeof(bytes));
    while (done < sizeof(bytes)) {
        int64_t taken = filtered(2, bytes + done, sizeof(bytes) - done);

        assert_true(taken > 0);
        nr_sent = 0;
        done += (size_t)taken;
    }
    assert_int_equal(done, sizeof(bytes));
}

/*
 * However fast it comes: an interrupt takes a part of it, and there is another
 * one for the next. When there is no more room, reading makes some.
 */
static void test_much_input(void **state)
{
    const size_t size = 5000;
    uint8_t first = (uint8_t)nr_got;
    size_t nr_read = 0;
    char bytes[100];
    bool more;

    (void)state;
    interrupted = true; /* by the first byte */
    nr_typed += size;
    while (nr_read < size) {
        size_t before = nr_got, n;

        if (interrupted) {
            interrupted = false;
            assert_true(console_receive());
            assert_int_in_range(nr_got - before, 1, 256);
            continue;
        }
        n = console_read(bytes, sizeof(bytes), &more);
        assert_int_in_range(nr_got - before, 0, 256);
        assert_int_in_range(n, 1, sizeof(bytes));
        for (size_t i = 0; i < n; i++)
            assert_int_equal((uint8_t)bytes[i], (uint8_t)(first + nr_read + i));
        nr_read += n;
        assert_int_equal(more, nr_read < size);
    }
    assert_true(input_on);
}

static void other_writes(void)
{
    assert_int_equal(console_write_raw(1, "x", 1), -PARAPET_ERESTART);
}

static void test_others_write(void **state)
{
    (void)state;
    at_first_byte = other_writes;
    assert_int_equal(console_write_raw(1, "ab", 2), 2);
    assert_int_equal(nr_waits, 1);
    assert_int_equal(console_write_raw(1, "x", 1), 1);
    expect_both("abx");
}

/* What the hypervisor says can be read, whole, while the UART makes it wait;
 * and what counts as written, too. */
static void read_log(void)
{
    expect_sent("l");
    expect_logged("line\n");
}

static void test_the_log_waits_for_nobody(void **state)
{
    (void)state;
    at_first_byte = read_log;
    console_write_line("line", CONSOLE_SHOWN);
    room = nr_sent;
    still_for = FOR_EVER;
    assert_int_equal(filtered(2, "ab", 2), 2);
    expect_logged("line\nd2| ab");
    expect_sent("line\r\n");
    still_for = 0;
}

/* Of any length: one that is too long becomes several. */
static void test_long_lines(void **state)
{
    char line[600];

    (void)state;
    for (size_t size = 0; size < sizeof(line); size++) {
        memset(line, '\a', size);
        line[size] = '\0';
        assert_int_equal(console_write_raw(1, "x", 1), 1);
        console_write_line(line, CONSOLE_SHOWN);
        memset(line, '?', size);
        sent[nr_sent] = '\0';
        assert_memory_equal(sent + 3, line, MIN(size, 256));
        assert_int_equal(nr_sent,
                         3 + size + 2 * ((size - (size > 0)) / 256 + 1));
        expect_logged(sent);
        nr_sent = 0;
        log_from = log_end();
    }
}

static void write_anything(void)
{
    char text[20];
    size_t n = (size_t)rand() % sizeof(text);

    for (size_t i = 0; i < n; i++)
        text[i] = (char)(rand() % 4 == 0 ? '\n' : 'a' + rand() % 26);
    text[n] = '\0';
    room = nr_sent + (size_t)rand() % 10;
    still_for = rand() % 2 == 0 ? FOR_EVER / 100 : 0;
    switch (rand() % 8) {
    case 0:
        console_write_line(text, CONSOLE_SHOWN);
        break;
    case 1:
    case 2:
    case 3:
        (void)console_write_raw(1, text, n);
        break;
    default:
        (void)filtered(2 + (unsigned int)rand() % 2, text, n);
    }
}

/* Whoever gives up, and wherever: the log has what is sent in the end. */
static void test_the_log_is_what_was_sent(void **state)
{
    (void)state;
    srand(1);
    for (unsigned int i = 0; i < 2000; i++) {
        for (int j = rand() % 8; j > 0; j--)
            write_anything();
        still_for = 0;
        nr_looks = 0;
        console_write_line("line", CONSOLE_SHOWN);
        sent[nr_sent] = '\0';
        expect_logged(sent);
        nr_sent = 0;
        log_from = log_end();
    }
}

static void other_panics(void)
{
    console_break_lock();
    console_write_line("panic", CONSOLE_SHOWN);
}

/* What is for the log alone breaks no line of the UART's, and waits for no
 * UART; a line of the log is one writer's all the same. */
static void test_for_the_log_alone(void **state)
{
    (void)state;
    assert_int_equal(console_write_raw(1, "ab", 2), 2);
    room = nr_sent;
    still_for = FOR_EVER;
    assert_int_equal(logged(2, "x\ny\a", 4), 4);
    console_write_line("line", CONSOLE_LOGGED);
    assert_int_equal(logged(2, "", 0), 0);
    assert_int_equal(logged(2, "z", 1), 1);
    assert_int_equal(logged(3, "z", 1), 1);
    assert_int_equal(nr_looks, 0);
    still_for = 0;
    assert_int_equal(console_write_raw(1, "c", 1), 1);
    console_write_line("error", CONSOLE_SHOWN);
    expect_sent("abc\r\nerror\r\n");
    expect_logged("ab\nd2| x\nd2| y^G\nline\nd2| z\nd3| z\nc\nerror\n");
}

/* Where the lines of both have come apart, each has its mark. */
static void test_marks_after_that(void **state)
{
    (void)state;
    assert_int_equal(filtered(2, "a", 1), 1);
    console_write_line("line", CONSOLE_LOGGED);
    assert_int_equal(filtered(2, "b", 1), 1);
    assert_int_equal(logged(2, "\n", 1), 1);
    assert_int_equal(filtered(2, "c\n", 2), 2);
    assert_int_equal(logged(2, "d", 1), 1);
    assert_int_equal(filtered(2, "e\n", 2), 2);
    expect_sent("d2| a\r\nd2| b\r\nd2| c\r\nd2| e\r\n");
    expect_logged("d2| a\nline\nd2| b\nd2| c\nd2| d\nd2| e\n");
}

static void write_marked(void)
{
    static const char text[] = "xx\nx\n\nxxx";
    unsigned int begin = (unsigned int)rand() % 9;
    size_t n = (size_t)rand() % (sizeof(text) - begin);
    enum console_way way = rand() % 2 ? CONSOLE_SHOWN : CONSOLE_LOGGED;

    room = nr_sent + (size_t)rand() % 10;
    still_for = rand() % 2 == 0 ? FOR_EVER / 100 : 0;
    if (rand() % 4 == 0)
        console_write_line("h", way);
    else
        (void)console_write_filtered(2 + (unsigned int)rand() % 2, text + begin,
                                     n, way);
}

/* Nobody can write another's line, wherever his words go. */
static void expect_marks(const char *text, const char *end)
{
    while (text < end) {
        if (*text == 'd') {
            assert_true(text[1] == '2' || text[1] == '3');
            assert_memory_equal(text + 2, "| ", 2);
            text += 4 + strspn(text + 4, "x");
        } else if (*text == 'h') {
            text++;
        }
        text += strspn(text, "\r"); /* it is sent again */
        assert_int_equal(*text++, '\n');
    }
    assert_ptr_equal(text, end);
}

static void test_every_line_has_its_mark(void **state)
{
    (void)state;
    srand(1);
    for (unsigned int i = 0; i < 2000; i++) {
        char log[sizeof(sent)];
        struct log_ring_found found;
        size_t n;

        for (int j = rand() % 20; j > 0; j--)
            write_marked();
        still_for = 0;
        nr_looks = 0;
        console_write_line("h", CONSOLE_SHOWN);
        n = console_log_read(log_from, log, sizeof(log), &found);
        expect_marks(sent, sent + nr_sent);
        expect_marks(log, log + n);
        nr_sent = 0;
        log_from = log_end();
    }
}

/* The last one, since no lock is taken from then on. */
static void test_a_panic_waits_for_no_lock(void **state)
{
    (void)state;
    at_first_byte = other_panics;
    assert_int_equal(console_write_raw(1, "ab", 2), 2);
    assert_int_equal(nr_waits, 0);
    expect_sent("apanic\r\nb");
    expect_logged("panic\nab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_is_sent, setup),
        cmocka_unit_test_setup(test_a_uart_that_stands_still, setup),
        cmocka_unit_test_setup(test_no_call_is_long, setup),
        cmocka_unit_test_setup(test_half_a_newline, setup),
        cmocka_unit_test_setup(test_a_slow_uart, setup),
        cmocka_unit_test_setup(test_a_line_waits, setup),
        cmocka_unit_test_setup(test_a_filtered_rest, setup),
        cmocka_unit_test_setup(test_a_newline_between, setup),
        cmocka_unit_test_setup(test_nothing_is_written, setup),
        cmocka_unit_test_setup(test_a_long_text, setup),
        cmocka_unit_test_setup(test_much_input, setup),
        cmocka_unit_test_setup(test_others_write, setup),
        cmocka_unit_test_setup(test_the_log_waits_for_nobody, setup),
        cmocka_unit_test_setup(test_long_lines, setup),
        cmocka_unit_test_setup(test_the_log_is_what_was_sent, setup),
        cmocka_unit_test_setup(test_for_the_log_alone, setup),
        cmocka_unit_test_setup(test_marks_after_that, setup),
        cmocka_unit_test_setup(test_every_line_has_its_mark, setup),
        cmocka_unit_test_setup(test_a_panic_waits_for_no_lock, setup),
    };

    return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
