/* SPDX-License-Identifier: MIT
 *
 * Owns the console's locks, the output column, the input buffer and the log:
 * what goes out, once more in memory. Knows the UART only by x86/uart.h.
 *
 * Output and input have a lock each, so that the interrupt of the input never
 * waits for what domains write. A domain gives up when it would have to wait
 * for long: for other writers, or for the UART, which may stand still as long
 * as nobody reads what comes out of it. A line of the hypervisor's own waits.
 *
 * The log has the same text in the same order, but for the carriage returns,
 * and besides what is for the log alone. So each has lines of its own. The log
 * waits for nobody: it has a line before the UART has, and the rest of a domain
 * as soon as that counts as written.
 *
 * No input is lost: when the buffer is full the UART is told to stop
 * interrupting, its one-byte register stays full, and the sender waits (in
 * QEMU the pipe does). Reading makes room and starts it again.
 */
#include "hypervisor/base/console.h"

#include <stdint.h>

#include "abi/errors.h"
#include "hypervisor/base/console_filter.h"
#include "hypervisor/base/log_ring.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/base/turn_lock.h"
#include "hypervisor/x86/uart.h"
#include "lib/printf.h"

#define INPUT_SIZE 1024
#define LOG_SIZE 65536

/* A line of the hypervisor's that is longer becomes several. */
#define LINE_SIZE 256

/* Some 25 instructions for each: that keeps an interrupt short. */
#define RECEIVED_AT_ONCE 256

/* Some 45 instructions for each: that keeps a call short. */
#define CONSOLE_SHOWN_AT_ONCE 240

/*
 * What the UART may cost a call of a domain, in instructions: for a byte that
 * it takes, and for a look when it takes none. A call sends 256 newlines, which
 * are two bytes each, or less and waits.
 */
#define UART_BYTE 24u
#define UART_LOOK 20u
#define UART_WORK (256 * 2 * UART_BYTE)
/* What is shown has cost more before: so a call sends that and little else. A
 * newline, which is two bytes, comes with a prefix of four or more. */
#define UART_WORK_SHOWN (CONSOLE_SHOWN_AT_ONCE * 6 / 5 * UART_BYTE)

static struct turn_lock output_lock = TURN_LOCK(output);
static bool lock_broken;
static bool column_zero = true;
/* The domain that wrote last, to the UART and to the log. */
static unsigned int writer;
static unsigned int log_writer;

/* What a domain has written and the UART has not taken: before all else. */
static char rest[CONSOLE_SHOWN_AT_ONCE + 1];
static size_t rest_begin;
static size_t rest_end;

/* Written under output_lock, or by the one CPU that is left in a panic. */
static uint64_t log_words[LOG_SIZE / 8];
static struct log_ring log_ring = {.words = log_words, .size = LOG_SIZE};

static struct spinlock input_lock = SPINLOCK(input);
static char input[INPUT_SIZE];
static size_t input_head; /* bytes put in so far */
static size_t input_tail; /* bytes taken out so far */

static void unlock(void)
{
    if (!lock_broken)
        turn_lock_release(&output_lock);
}

void console_break_lock(void)
{
    lock_broken = true;
}

/* From what is left; NULL: there is always enough. */
static inline bool take(unsigned int *work, unsigned int cost)
{
    if (!work)
        return true;
    if (*work < cost)
        return false;
    *work -= cost;
    return true;
}

/* As long as there is work left, or for ever; false: it is not sent. */
static inline bool put_byte(uint8_t byte, unsigned int *work)
{
    if (!take(work, UART_BYTE))
        return false;
    while (!uart_put(byte)) {
        if (!take(work, UART_LOOK))
            return false;
        __asm__ volatile("pause");
    }
    return true;
}

/* A newline becomes carriage return and newline, as terminals want it. */
static inline bool put_looking(char c, unsigned int *work)
{
    if (c == '\n' && !put_byte('\r', work))
        return false;
    if (!put_byte((uint8_t)c, work))
        return false;
    column_zero = c == '\n';
    return true;
}

static void put(char c)
{
    (void)put_looking(c, NULL);
}

/* True when there is none left. */
static bool put_rest(unsigned int *work)
{
    /* A panic may find it in the midst of a change: never beyond its end. */
    while (rest_begin < rest_end && put_looking(rest[rest_begin], work))
        rest_begin++;
    return rest_begin >= rest_end;
}

static void note(const char *bytes, size_t nr_bytes)
{
    log_ring_write(&log_ring, bytes, nr_bytes);
    log_ring_publish(&log_ring);
}

/*
 * As much of *line as there is room for, all of any line that is written here;
 * then *line is the rest. Names in it may come from a bundle: no control
 * character gets out.
 */
static size_t make_printable(char *text, size_t room, const char **line)
{
    size_t n;

    for (n = 0; n < room; n++) {
        char c = (*line)[n];

        if (c < ' ' || c > '~') {
            if (c == '\0')
                break;
            c = '?';
        }
        text[n] = c;
    }
    *line += n;
    return n;
}

static void log_text(const char *text, size_t nr_bytes)
{
    if (!log_ring_begins_line(&log_ring))
        log_ring_write(&log_ring, "\n", 1);
    log_ring_write(&log_ring, text, nr_bytes);
    note("\n", 1);
}

static void put_text(const char *text, size_t nr_bytes)
{
    (void)put_rest(NULL);
    if (!column_zero)
        put('\n');
    column_zero = false;
    for (size_t i = 0; i < nr_bytes; i++)
        (void)put_byte((uint8_t)text[i], NULL);
    put('\n');
}

void console_write_line(const char *line, enum console_way way)
{
    char text[LINE_SIZE];

    while (!lock_broken && !turn_lock_take(&output_lock))
        ;
    do {
        size_t n = make_printable(text, sizeof(text), &line);

        log_text(text, n);
        if (way == CONSOLE_SHOWN)
            put_text(text, n);
    } while (*line != '\0');
    unlock();
}

/* What domain writes is not in another's line of the log, nor in one that is
 * to end. The lock is held. */
static void log_begin(unsigned int domain, bool to_end)
{
    if ((log_writer != domain || to_end) && !log_ring_begins_line(&log_ring))
        note("\n", 1);
    log_writer = domain;
}

/*
 * The same of the UART's lines: a newline may be in the rest afterwards. False
 * when the rest of others is still there.
 */
static bool begin(unsigned int domain, bool to_end, unsigned int *work)
{
    if (!put_rest(work))
        return false;
    rest_begin = 0;
    rest_end = 0;
    if ((writer != domain || to_end) && !column_zero)
        rest[rest_end++] = '\n';
    writer = domain;
    log_begin(domain, to_end);
    return true;
}

int64_t console_write_raw(unsigned int domain, const char *bytes,
                          size_t nr_bytes)
{
    unsigned int work = UART_WORK;
    size_t done = 0;

    if (!turn_lock_take(&output_lock))
        return -PARAPET_ERESTART;
    if (nr_bytes != 0 && begin(domain, false, &work) && put_rest(&work)) {
        while (done < nr_bytes && put_looking(bytes[done], &work))
            done++;
        note(bytes, done);
    }
    unlock();
    return done == 0 && nr_bytes != 0 ? -PARAPET_ERESTART : (int64_t)done;
}

/* The text of a line begins with a mark, on the UART and in the log: if it
 * would go on in one of them and not in the other, both begin a line. */
static bool go_apart(unsigned int domain)
{
    return writer != domain || log_writer != domain ||
           column_zero != log_ring_begins_line(&log_ring);
}

/* Its text counts as written when it is in the rest. */
static size_t show(const char *prefix, const char *bytes, size_t nr_bytes)
{
    struct console_shown shown = {.text = rest + rest_end,
                                  .room = sizeof(rest) - rest_end};
    bool line_begins = column_zero || rest_end > 0;
    size_t taken =
        console_filter(prefix, &line_begins, bytes, nr_bytes, &shown);

    note(shown.text, shown.size);
    rest_end += shown.size;
    return taken;
}

static int64_t write_shown(unsigned int domain, const char *prefix,
                           const char *bytes, size_t nr_bytes)
{
    unsigned int work = UART_WORK_SHOWN;
    size_t taken;

    /* Only when the rest is out is the column that of the line. */
    if (!put_rest(&work) || !begin(domain, go_apart(domain), &work))
        return -PARAPET_ERESTART;
    taken = show(prefix, bytes, nr_bytes);
    (void)put_rest(&work);
    return (int64_t)taken;
}

static int64_t write_logged(unsigned int domain, const char *prefix,
                            const char *bytes, size_t nr_bytes)
{
    char text[CONSOLE_SHOWN_AT_ONCE];
    struct console_shown shown = {.text = text, .room = sizeof(text)};
    bool line_begins;
    size_t taken;

    log_begin(domain, false);
    line_begins = log_ring_begins_line(&log_ring);
    taken = console_filter(prefix, &line_begins, bytes, nr_bytes, &shown);
    note(shown.text, shown.size);
    return (int64_t)taken;
}

int64_t console_write_filtered(unsigned int domain, const char *bytes,
                               size_t nr_bytes, enum console_way way)
{
    char prefix[CONSOLE_PREFIX_MAX + 1];
    int64_t taken = 0;

    (void)string_format(prefix, sizeof(prefix), "d%u| ", domain);
    if (!turn_lock_take(&output_lock))
        return -PARAPET_ERESTART;
    if (nr_bytes != 0)
        taken = (way == CONSOLE_SHOWN ? write_shown : write_logged)(
            domain, prefix, bytes, nr_bytes);
    unlock();
    return taken;
}

size_t console_log_read(uint64_t position, char *text, size_t room,
                        struct log_ring_found *found)
{
    return log_ring_read(&log_ring, position, text, room, found);
}

/*
 * Fills the buffer from the UART, with a part of what has come if that is much:
 * then its interrupt is raised anew. The lock is held.
 */
static bool receive_locked(void)
{
    size_t n = 0;

    while (n < RECEIVED_AT_ONCE && input_head - input_tail < INPUT_SIZE &&
           uart_has_input()) {
        input[input_head++ % INPUT_SIZE] = (char)uart_get();
        n++;
    }
    if (n == RECEIVED_AT_ONCE)
        uart_enable_input(false);
    uart_enable_input(input_head - input_tail < INPUT_SIZE);
    return n != 0;
}

bool console_receive(void)
{
    bool news;

    spin_lock(&input_lock);
    news = receive_locked();
    spin_unlock(&input_lock);
    return news;
}

size_t console_read(char *bytes, size_t nr_bytes, bool *more)
{
    size_t n = 0;

    spin_lock(&input_lock);
    while (n < nr_bytes && input_tail != input_head)
        bytes[n++] = input[input_tail++ % INPUT_SIZE];
    (void)receive_locked();
    *more = input_tail != input_head;
    spin_unlock(&input_lock);
    return n;
}
