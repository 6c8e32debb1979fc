/* SPDX-License-Identifier: MIT
 *
 * Owns the console's lock, the output column and the input buffer. Knows the
 * UART only by x86/uart.h.
 *
 * No input is lost: when the buffer is full the UART is told to stop
 * interrupting, its one-byte register stays full, and the sender waits (in
 * QEMU the pipe does). Reading makes room and starts it again.
 */
#include "hypervisor/base/console.h"

#include <stdint.h>

#include "hypervisor/base/console_filter.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/x86/uart.h"
#include "lib/printf.h"

#define INPUT_SIZE 1024
/* Some 30 instructions for each: that keeps a call short. */
#define CONSOLE_SHOWN_AT_ONCE 320

static struct spinlock console_lock;
static bool lock_broken;
static bool column_zero = true;
static unsigned int writer; /* the domain that wrote last */

static char input[INPUT_SIZE];
static size_t input_head; /* bytes put in so far */
static size_t input_tail; /* bytes taken out so far */

static void lock(void)
{
    if (!lock_broken)
        spin_lock(&console_lock);
}

static void unlock(void)
{
    if (!lock_broken)
        spin_unlock(&console_lock);
}

void console_break_lock(void)
{
    lock_broken = true;
}

/* A newline becomes carriage return and newline, as terminals want it. */
static inline void put(char c)
{
    if (c == '\n')
        uart_put('\r');
    uart_put((uint8_t)c);
}

static inline void put_all(const char *bytes, size_t nr_bytes)
{
    const char *end = bytes + nr_bytes;

    while (bytes != end)
        put(*bytes++);
    if (nr_bytes > 0)
        column_zero = end[-1] == '\n';
}

void console_write_line(const char *line)
{
    lock();
    if (!column_zero)
        put('\n');
    /* Names in it may come from a bundle: no control character gets out. */
    for (; *line != '\0'; line++)
        put(*line >= ' ' && *line <= '~' ? *line : '?');
    put('\n');
    column_zero = true;
    unlock();
}

/* What domain writes is not in another's line; the lock is held. */
static void begin(unsigned int domain)
{
    if (__builtin_expect(writer == domain, 1))
        return;
    if (!column_zero)
        put('\n');
    column_zero = true;
    writer = domain;
}

void console_write_raw(unsigned int domain, const char *bytes, size_t nr_bytes)
{
    lock();
    begin(domain);
    put_all(bytes, nr_bytes);
    unlock();
}

size_t console_write_filtered(unsigned int domain, const char *bytes,
                              size_t nr_bytes)
{
    char text[CONSOLE_SHOWN_AT_ONCE], prefix[CONSOLE_PREFIX_MAX + 1];
    struct console_shown shown = {.text = text, .room = sizeof(text)};
    bool line_begins;
    size_t taken;

    (void)string_format(prefix, sizeof(prefix), "d%u| ", domain);
    lock();
    begin(domain);
    line_begins = column_zero;
    taken = console_filter(prefix, &line_begins, bytes, nr_bytes, &shown);
    put_all(text, shown.size);
    unlock();
    return taken;
}

/* Fills the buffer from the UART; the lock is held. */
static bool receive_locked(void)
{
    bool news = false;

    while (input_head - input_tail < INPUT_SIZE && uart_has_input()) {
        input[input_head++ % INPUT_SIZE] = (char)uart_get();
        news = true;
    }
    uart_enable_input(input_head - input_tail < INPUT_SIZE);
    return news;
}

bool console_receive(void)
{
    bool news;

    lock();
    news = receive_locked();
    unlock();
    return news;
}

size_t console_read(char *bytes, size_t nr_bytes, bool *more)
{
    size_t n = 0;

    lock();
    while (n < nr_bytes && input_tail != input_head)
        bytes[n++] = input[input_tail++ % INPUT_SIZE];
    (void)receive_locked();
    *more = input_tail != input_head;
    unlock();
    return n;
}
