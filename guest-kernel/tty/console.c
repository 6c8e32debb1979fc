/* SPDX-License-Identifier: MIT
 *
 * A ring between the console's interrupt and whoever has the input. head and
 * tail only count up; head - tail bytes wait: for the monitor to read them, or
 * for the terminal to have room.
 *
 *   device --fill()--> ring --hand_out()--> terminal
 *                          \--console_get()--> monitor
 *
 * When the ring is full the rest stays where it is, and no further interrupt
 * need come for it (the line stays raised, the event is not sent twice). So
 * whoever has emptied the ring looks for it himself. All is protected by
 * disabled interrupts.
 */
#include "guest-kernel/tty/console.h"

#include "guest-kernel/core/irq.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/thread/wait.h"
#include "lib/macros.h"
#include "lib/string.h"

#define KEY_MONITOR ('^' - '@')
/* A power of two. The second half is for what the terminal gives back. */
#define RING_SIZE (2 * CONSOLE_INPUT_SIZE)
#define FILL_LIMIT (RING_SIZE / 2)
/* How long nothing of a text may find room. */
#define PATIENCE_NS 10000000000ul

static char ring[RING_SIZE];
static unsigned int head;
static unsigned int tail;
/* Input may wait in the device for which no interrupt will come; at first what
 * came before there was a handler. */
static bool left_over = true;
static enum console_owner owner;
static const struct console_terminal *terminal;
static bool key_works;
static unsigned int nr_key_passers; /* for whom it does not */
static struct wait_queue readers = WAIT_QUEUE_INIT(readers);
static struct wait_queue key_pressed = WAIT_QUEUE_INIT(key_pressed);
static bool is_full; /* for output: the last text has not found room */
/* Since the last event somebody has not found room, and may wait for it; a
 * shorter text may have found some after that. */
static bool is_awaited;
static struct wait_queue writers = WAIT_QUEUE_INIT(writers);

/* As much as there is, or as there is room for. */
static void fill(void)
{
    unsigned int at, room;
    size_t got;

    left_over = true;
    while (head - tail < FILL_LIMIT) {
        at = head % RING_SIZE;
        room = MIN(RING_SIZE - at, FILL_LIMIT - (head - tail));
        got = privops_console_read(ring + at, room);
        head += (unsigned int)got;
        if (got < room) {
            left_over = false;
            return;
        }
    }
}

/* The waiting bytes that lie side by side, up to the key. */
static size_t next_run(void)
{
    unsigned int at = tail % RING_SIZE;
    size_t size = MIN(RING_SIZE - at, head - tail);
    bool acts = key_works && nr_key_passers == 0;
    const char *key = acts ? memchr(ring + at, KEY_MONITOR, size) : NULL;

    return key != NULL ? (size_t)(key - (ring + at)) : size;
}

/* To the terminal, until the ring is empty, or the terminal full, or the key
 * has made the monitor the owner. */
static void hand_out(void)
{
    size_t size, taken;

    while (head != tail && owner == CONSOLE_TTY) {
        size = next_run();
        if (size == 0) {
            tail++;
            owner = CONSOLE_MONITOR;
            terminal->hold(terminal->tty, true);
            wait_queue_wake_all(&key_pressed);
            return;
        }
        taken = terminal->receive(terminal->tty, ring + tail % RING_SIZE, size);
        tail += (unsigned int)taken;
        if (taken < size)
            return;
    }
}

void console_pull(void)
{
    hand_out();
    while (left_over && head == tail) {
        fill();
        hand_out();
    }
}

static void console_interrupt(void *unused)
{
    (void)unused;
    if (is_awaited) {
        is_awaited = false;
        is_full = false;
        wait_queue_wake_all(&writers);
        poll_notify();
    }
    fill();
    console_pull();
    if (head != tail && owner == CONSOLE_MONITOR)
        wait_queue_wake_all(&readers);
}

void console_attach(const struct console_terminal *new_terminal)
{
    terminal = new_terminal;
}

void console_init(void)
{
    irq_bind(privops_console_port(), console_interrupt, NULL);
}

/* Before what is in the ring: it came earlier. */
static void take_back(void)
{
    static char bytes[CONSOLE_INPUT_SIZE];
    size_t size = terminal->take_back(terminal->tty, bytes);

    while (size > 0)
        ring[--tail % RING_SIZE] = bytes[--size];
}

void console_give(enum console_owner new_owner)
{
    bool irq_on = privops_irq_save();

    if (owner == CONSOLE_TTY && new_owner == CONSOLE_MONITOR)
        take_back();
    owner = new_owner;
    /* With the key, the monitor is a guest on the screen of programs. */
    terminal->hold(terminal->tty, owner == CONSOLE_MONITOR && key_works);
    console_pull();
    privops_irq_restore(irq_on);
}

void console_wait_for_key(void)
{
    bool irq_on = privops_irq_save();

    key_works = true;
    while (owner != CONSOLE_MONITOR)
        wait_queue_sleep(&key_pressed);
    privops_irq_restore(irq_on);
}

void console_pass_key(bool pass)
{
    bool irq_on = privops_irq_save();

    nr_key_passers += pass ? 1u : -1u;
    privops_irq_restore(irq_on);
}

char console_get(void)
{
    bool irq_on = privops_irq_save();
    char c;

    while (head == tail || owner != CONSOLE_MONITOR) {
        if (left_over && owner == CONSOLE_MONITOR)
            fill();
        else
            wait_queue_sleep(&readers);
    }
    c = ring[tail % RING_SIZE];
    tail++;
    privops_irq_restore(irq_on);
    return c;
}

void console_put(const char *text, size_t size)
{
    privops_console_write(text, size);
}

/* Interrupts are disabled, so that none of the device says that there is room
 * before somebody sleeps. */
static size_t put_some(const char *text, size_t size)
{
    size_t done = privops_console_write_some(text, size);

    is_full = done < size;
    is_awaited |= is_full;
    return done;
}

/* Whoever reads the console is given up when nothing finds room for so long;
 * privops_console_write() knows what to do then. */
static int64_t put_rest(const char *text, size_t size, bool nonblock)
{
    uint64_t deadline = privops_clock_ns() + PATIENCE_NS;
    size_t done = 0, more;
    int64_t result = 0;

    while ((done += more = put_some(text + done, size - done)) < size &&
           result == 0) {
        if (more > 0)
            deadline = privops_clock_ns() + PATIENCE_NS;
        result =
            nonblock ? -EAGAIN : wait_queue_sleep_until(&writers, deadline);
    }
    if (result == -ETIMEDOUT) {
        privops_console_write(text + done, size - done);
        done = size;
    }
    return done > 0 ? (int64_t)done : result;
}

int64_t console_put_sleeping(const char *text, size_t size, bool nonblock)
{
    size_t done = privops_console_write_some(text, size);
    int64_t rest = 0;
    bool irq_on;

    if (done < size) {
        irq_on = privops_irq_save();
        rest = put_rest(text + done, size - done, nonblock);
        privops_irq_restore(irq_on);
    }
    if (rest < 0 && done == 0)
        return rest;
    return (int64_t)done + MAX(rest, 0);
}

bool console_has_room(void)
{
    return !is_full;
}
