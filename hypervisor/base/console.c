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

#include "hypervisor/base/spinlock.h"
#include "hypervisor/x86/uart.h"

#define INPUT_SIZE 1024

static struct spinlock console_lock;
static bool lock_broken;
static bool column_zero = true;

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
static void put(char c)
{
    if (c == '\n')
        uart_put('\r');
    uart_put((uint8_t)c);
    column_zero = c == '\n';
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
    unlock();
}

void console_write_raw(const char *bytes, size_t nr_bytes)
{
    lock();
    for (size_t i = 0; i < nr_bytes; i++)
        put(bytes[i]);
    unlock();
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
