/* SPDX-License-Identifier: MIT
 *
 * The console: text out, bytes in. Input has one owner at a time, the monitor
 * or the terminal, and Ctrl-^ gives it to the monitor. No input is lost: what
 * its owner has no room for stays in the device or with the hypervisor.
 */
#ifndef GUEST_KERNEL_TTY_CONSOLE_H
#define GUEST_KERNEL_TTY_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tty;

enum console_owner {
    CONSOLE_MONITOR,
    CONSOLE_TTY,
};

/* How much typed ahead the terminal keeps; the rest stays where it is. */
#define CONSOLE_INPUT_SIZE 4096u

/* What the console asks of the terminal. Interrupts are disabled. */
struct console_terminal {
    struct tty *tty;
    /* Input; returns how much was taken. Whoever makes room calls
     * console_pull(). */
    size_t (*receive)(struct tty *tty, const char *bytes, size_t size);
    /* Takes back what nobody has read, as it came: at most CONSOLE_INPUT_SIZE
     * bytes. */
    size_t (*take_back)(struct tty *tty, char *to);
    /* While the monitor has the console, whoever writes waits. */
    void (*hold)(struct tty *tty, bool hold);
};

/* There is one terminal; it says so before it is given the input. */
void console_attach(const struct console_terminal *terminal);

/* Binds the port of its interrupt: after privops_irq_start(). The monitor has
 * the input. */
void console_init(void);

/* Gives away the input, with what nobody has read yet. */
void console_give(enum console_owner owner);

/* Sleeps until the user gives the monitor the input, by Ctrl-^. From the first
 * call on, the key does that, and is no input any more. */
void console_wait_for_key(void);

/* The key is input while somebody wants it to be. In pairs, of true and
 * false. */
void console_pass_key(bool pass);

/* The monitor's: sleeps until a byte has come in. Interrupts are enabled. */
char console_get(void);

/* Takes in what waits, since the terminal has room now. Interrupts are
 * disabled. */
void console_pull(void);

/* Writes all of it, as it is. */
void console_put(const char *text, size_t size);

/*
 * The same for a process's thread, which sleeps while there is no room;
 * nonblock: does not. How much it has written: all, or less since a signal has
 * come or nonblock is set. If that is nothing: -ERESTARTSYS or -EAGAIN.
 * Interrupts are enabled.
 */
int64_t console_put_sleeping(const char *text, size_t size, bool nonblock);

/* False: the last text has not found room, and poll_notify() follows. */
bool console_has_room(void);

#endif
