/* SPDX-License-Identifier: MIT
 *
 * What the parts of the terminal share, and nobody else: tty/tty.c (files),
 * tty/tty_line.c (from bytes to lines), tty/tty_job.c (sessions and groups),
 * tty/tty_speed.c and tty/tty_ioctl.c.
 */
#ifndef GUEST_KERNEL_TTY_TTY_PARTS_H
#define GUEST_KERNEL_TTY_TTY_PARTS_H

#include <stddef.h>

#include "guest-kernel/thread/wait.h"
#include "guest-kernel/tty/console.h"
#include "guest-kernel/tty/tty.h"

struct process;

#define TTY_LINE_SIZE 4096u

/* Indexes of struct termios.cc. */
enum {
    VINTR = 0,
    VQUIT = 1,
    VERASE = 2,
    VKILL = 3,
    VEOF = 4,
    VTIME = 5,
    VMIN = 6,
    VSTART = 8,
    VSTOP = 9,
    VSUSP = 10,
    VEOL = 11,
    VREPRINT = 12,
    VWERASE = 14,
    VLNEXT = 15,
    VEOL2 = 16,
    NR_CC = 19,
};

/* iflag */
#define ISTRIP 0000040u
#define INLCR 0000100u
#define IGNCR 0000200u
#define ICRNL 0000400u
#define IXON 0002000u
#define IXANY 0004000u
#define IUTF8 0040000u
/* oflag */
#define OPOST 0000001u
#define ONLCR 0000004u
/* cflag: 38400 baud, 8 bits, receiver on */
#define B38400 0000017u
#define CS8 0000060u
#define CREAD 0000200u
/* lflag */
#define ISIG 0000001u
#define ICANON 0000002u
#define ECHO 0000010u
#define ECHOE 0000020u
#define ECHOK 0000040u
#define ECHONL 0000100u
#define NOFLSH 0000200u
#define TOSTOP 0000400u
#define ECHOCTL 0001000u
#define ECHOKE 0004000u
#define IEXTEN 0100000u

/* As the kernel's TCGETS2 has it, which is not the C library's. */
struct termios {
    uint32_t iflag;
    uint32_t oflag;
    uint32_t cflag;
    uint32_t lflag;
    uint8_t line;
    uint8_t cc[NR_CC];
    uint32_t ispeed; /* bits a second */
    uint32_t ospeed;
};

/* TCGETS has all but the speeds. */
#define TERMIOS_SIZE 36u
#define TERMIOS2_SIZE 44u

_Static_assert(offsetof(struct termios, ispeed) == TERMIOS_SIZE &&
                   sizeof(struct termios) == TERMIOS2_SIZE,
               "the layout is Linux's");

struct window_size {
    uint16_t rows;
    uint16_t columns;
    uint16_t width;
    uint16_t height;
};

/*
 * The interrupt's handler puts bytes into the ring, and empties everything when
 * Ctrl-C comes: all is protected by disabled interrupts.
 */
struct tty {
    struct termios termios;
    struct window_size window;

    /* As it came; head and tail only count up. */
    char ring[CONSOLE_INPUT_SIZE];
    unsigned int head;
    unsigned int tail;
    bool quoted; /* VLNEXT was the last that came in: no signal next */

    /* The line that is read, [taken, used), when it is ready; else the one
     * that is being put together, [0, used). */
    char line[TTY_LINE_SIZE];
    size_t used;
    size_t taken;
    bool ready;
    bool literal; /* VLNEXT was the last of the line */

    bool stopped; /* output, by Ctrl-S */
    bool held;    /* output, by the monitor */
    struct wait_queue readers;
    struct wait_queue writers;

    uint32_t sid;  /* the session whose terminal it is; 0: nobody's */
    uint32_t pgid; /* the group in the foreground; 0: none */
};

static inline bool tty_is_canonical(const struct tty *tty)
{
    return (tty->termios.lflag & ICANON) != 0;
}

/* Whether the byte is that key; one that is 0 is off. */
static inline bool tty_key(const struct tty *tty, unsigned int key, char c)
{
    return tty->termios.cc[key] != 0 && (uint8_t)c == tty->termios.cc[key];
}

/* ---- tty_line.c: interrupts are disabled for all of these ---- */

/* Puts the line together as far as input has come; echoes. */
void tty_assemble(struct tty *tty);

/* What can be read now, at most size bytes. In canonical mode call
 * tty_assemble() before: none of a line that is not ready, and *end says that
 * the line ends here. */
size_t tty_take(struct tty *tty, char *to, size_t size, bool *end);

/* How much tty_take() would give. */
size_t tty_available(struct tty *tty);

/* Forgets all input. */
void tty_flush(struct tty *tty);

/* ispeed and ospeed from what cflag says of them, tty/tty_speed.c. */
void tty_set_speeds(struct termios *termios);

/* ICANON has changed: what is there can be read in the new mode. */
void tty_mode_changed(struct tty *tty);

/* Shows a control character as "^C", if that is wanted. */
void tty_echo_key(struct tty *tty, char c);

/* ---- tty_job.c ---- */

/*
 * Before the current process reads its terminal (signal SIGTTIN), writes to it
 * or changes it (SIGTTOU). 0: it may. -ERESTARTSYS: it is in the background and
 * its group was sent the signal. -EIO: it must not, and will not be stopped.
 */
int64_t tty_check_job(struct tty *tty, unsigned int signal);

/* It becomes the controlling terminal of a session leader, its group the one in
 * the foreground. */
void tty_acquire(struct tty *tty, struct process *leader);

/* ioctl(2): TIOCSCTTY, TIOCNOTTY, TIOCSPGRP; the group is checked. */
int64_t tty_become_controlling(struct tty *tty, bool steal);
int64_t tty_give_up(struct tty *tty);
int64_t tty_set_foreground(struct tty *tty, int32_t pgid);

/* ---- tty_ioctl.c ---- */

int64_t tty_ioctl(struct file *file, uint32_t request, uint64_t arg);

#endif
