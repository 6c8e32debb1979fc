/* SPDX-License-Identifier: MIT
 *
 * The terminal as a file, and its input.
 *
 * The console's device itself puts a carriage return before each newline,
 * whether OPOST and ONLCR ask for it or not, so text goes out as it is.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/tty/console.h"
#include "guest-kernel/tty/tty_parts.h"
#include "lib/macros.h"
#include "lib/string.h"

#define NS_PER_TENTH 100000000ul /* the unit of VTIME */
/* What the parts of a read say to each other: start over in the other mode. */
#define MODE_CHANGED INT64_MIN
#define READ_CHUNK 256u
#define WRITE_CHUNK 256u /* as much as the console takes at once */

static struct tty console = {
    .termios =
        {
            .iflag = ICRNL | IXON | IUTF8,
            .oflag = OPOST | ONLCR,
            .cflag = B38400 | CS8 | CREAD,
            .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE |
                     IEXTEN,
            .cc =
                {
                    [VINTR] = 'C' - '@',
                    [VQUIT] = '\\' - '@',
                    [VERASE] = '\177',
                    [VKILL] = 'U' - '@',
                    [VEOF] = 'D' - '@',
                    [VMIN] = 1,
                    [VSTART] = 'Q' - '@',
                    [VSTOP] = 'S' - '@',
                    [VSUSP] = 'Z' - '@',
                    [VREPRINT] = 'R' - '@',
                    [VWERASE] = 'W' - '@',
                    [VLNEXT] = 'V' - '@',
                },
            .ispeed = 38400,
            .ospeed = 38400,
        },
    .readers = WAIT_QUEUE_INIT(console.readers),
    .writers = WAIT_QUEUE_INIT(console.writers),
};

void tty_acquire_console(struct process *leader)
{
    tty_acquire(&console, leader);
}

uint32_t tty_foreground(const struct tty *tty)
{
    return tty->pgid;
}

/* ---- input ---- */

static unsigned int signal_of(const struct tty *tty, char c)
{
    if (tty_key(tty, VINTR, c))
        return SIGINT;
    if (tty_key(tty, VQUIT, c))
        return SIGQUIT;
    return tty_key(tty, VSUSP, c) ? SIGTSTP : 0;
}

static void go_on(struct tty *tty)
{
    tty->stopped = false;
    wait_queue_wake_all(&tty->writers);
    poll_notify();
}

/* Keys that act when they come in, and are not input. */
static bool acts(struct tty *tty, char c)
{
    const struct termios *termios = &tty->termios;
    unsigned int signal = (termios->lflag & ISIG) != 0 ? signal_of(tty, c) : 0;

    if (tty->quoted)
        return false;
    if (signal != 0) {
        if ((termios->lflag & NOFLSH) == 0)
            tty_flush(tty);
        go_on(tty);
        tty_echo_key(tty, c);
        (void)signal_send_group(tty->pgid, signal, NULL);
        return true;
    }
    if (c == '\r' && (termios->iflag & IGNCR) != 0)
        return true;
    if ((termios->iflag & IXON) == 0)
        return false;
    if (tty->stopped && (tty_key(tty, VSTART, c) || termios->iflag & IXANY))
        go_on(tty);
    else if (tty_key(tty, VSTOP, c))
        tty->stopped = true;
    return tty_key(tty, VSTART, c) || tty_key(tty, VSTOP, c);
}

static bool quotes(const struct tty *tty, char c)
{
    return !tty->quoted && tty_is_canonical(tty) &&
           (tty->termios.lflag & IEXTEN) != 0 && tty_key(tty, VLNEXT, c);
}

static size_t tty_receive(struct tty *tty, const char *bytes, size_t size)
{
    unsigned int head = tty->head;
    size_t i;

    for (i = 0; i < size; i++) {
        if (acts(tty, bytes[i]))
            continue;
        if (tty->head - tty->tail == CONSOLE_INPUT_SIZE)
            break;
        tty->quoted = quotes(tty, bytes[i]);
        tty->ring[tty->head++ % CONSOLE_INPUT_SIZE] = bytes[i];
    }
    if (tty->head != head) {
        wait_queue_wake_all(&tty->readers);
        poll_notify();
    }
    return i;
}

static size_t tty_take_back(struct tty *tty, char *to)
{
    size_t n = 0;

    while (tty->tail != tty->head)
        to[n++] = tty->ring[tty->tail++ % CONSOLE_INPUT_SIZE];
    tty->quoted = false;
    return n;
}

/* ---- reading ---- */

/* Sleeps unless there is something to read. Interrupts are enabled. */
static int64_t wait_for_input(struct tty *tty, uint64_t deadline_ns)
{
    bool irq_on = privops_irq_save();
    int64_t result = 0;

    if (tty->head == tty->tail && !tty->ready)
        result = wait_queue_sleep_until(&tty->readers, deadline_ns);
    privops_irq_restore(irq_on);
    return result;
}

/* What is there now, as much as the reader wants; of lines, one. How much, or
 * -EFAULT; *end: a line has ended. */
static int64_t read_now(struct tty *tty, struct io *to, bool *end)
{
    char bytes[READ_CHUNK];
    int64_t done = 0;
    size_t n;
    bool irq_on;

    do {
        irq_on = privops_irq_save();
        n = tty_take(tty, bytes, MIN(to->left, sizeof(bytes)), end);
        privops_irq_restore(irq_on);
        if (n > 0 && !io_put(to, bytes, n))
            return -EFAULT;
        done += (int64_t)n;
    } while (n > 0 && to->left > 0 && !*end);
    return done;
}

static int64_t read_line(struct tty *tty, bool nonblock, struct io *to)
{
    int64_t result;
    bool irq_on, ready, end;

    for (;;) {
        result = tty_check_job(tty, SIGTTIN);
        if (result < 0)
            return result;
        if (!tty_is_canonical(tty))
            return MODE_CHANGED;
        irq_on = privops_irq_save();
        tty_assemble(tty);
        ready = tty->ready;
        privops_irq_restore(irq_on);
        if (ready)
            return read_now(tty, to, &end);
        if (nonblock)
            return -EAGAIN;
        result = wait_for_input(tty, WAIT_FOREVER);
        if (result < 0)
            return result;
    }
}

/*
 * At least VMIN bytes, or until VTIME is over: with VMIN from the last byte
 * on, else from the beginning (termios(3), "noncanonical mode").
 */
static int64_t read_raw(struct tty *tty, bool nonblock, struct io *to)
{
    uint64_t time_ns = tty->termios.cc[VTIME] * NS_PER_TENTH;
    int64_t min = (int64_t)MIN(tty->termios.cc[VMIN], to->left);
    uint64_t deadline_ns =
        min == 0 ? privops_clock_ns() + time_ns : WAIT_FOREVER;
    int64_t done = 0, result;
    bool end;

    for (;;) {
        result = tty_check_job(tty, SIGTTIN);
        if (result == 0 && tty_is_canonical(tty))
            result = MODE_CHANGED;
        if (result == 0)
            result = read_now(tty, to, &end);
        if (result < 0)
            return done > 0 ? done : result;
        done += result;
        if (done >= MAX(min, 1) || (min == 0 && time_ns == 0))
            return done;
        if (nonblock)
            return done > 0 ? done : -EAGAIN;
        if (result > 0 && time_ns > 0)
            deadline_ns = privops_clock_ns() + time_ns;
        result = wait_for_input(tty, deadline_ns);
        if (result < 0)
            return done > 0 || result == -ETIMEDOUT ? done : result;
    }
}

static int64_t tty_read(struct file *file, struct io *to, uint64_t *offset)
{
    struct tty *tty = file->private;
    bool nonblock = (file->flags & O_NONBLOCK) != 0;
    int64_t result;

    (void)offset;
    if (to->left == 0)
        return 0;
    do
        result = tty_is_canonical(tty) ? read_line(tty, nonblock, to)
                                       : read_raw(tty, nonblock, to);
    while (result == MODE_CHANGED);
    return result;
}

/* ---- writing ---- */

/* Afterwards the group in the foreground is asked to draw its screen again. */
static void tty_hold(struct tty *tty, bool hold)
{
    bool was_held = tty->held;

    tty->held = hold;
    if (!was_held || hold)
        return;
    wait_queue_wake_all(&tty->writers);
    poll_notify();
    if (tty->pgid != 0)
        (void)signal_send_group(tty->pgid, SIGWINCH, NULL);
}

/* Sleeps while Ctrl-S or the monitor holds output up. */
static int64_t wait_for_output(struct tty *tty, bool nonblock)
{
    bool irq_on = privops_irq_save();
    int64_t result = 0;

    while ((tty->stopped || tty->held) && result == 0)
        result = nonblock ? -EAGAIN
                          : wait_queue_sleep_until(&tty->writers, WAIT_FOREVER);
    privops_irq_restore(irq_on);
    return result;
}

/* A long text can be interrupted. */
static int64_t tty_write(struct file *file, struct io *from, uint64_t *offset)
{
    struct tty *tty = file->private;
    bool nonblock = (file->flags & O_NONBLOCK) != 0;
    int64_t done = 0, result = 0, put;
    char bytes[WRITE_CHUNK];
    size_t n;

    (void)offset;
    if ((tty->termios.lflag & TOSTOP) != 0)
        result = tty_check_job(tty, SIGTTOU);
    while (result == 0 && from->left > 0) {
        result = wait_for_output(tty, nonblock);
        if (result < 0)
            break;
        n = MIN(from->left, sizeof(bytes));
        if (!io_get(from, bytes, n)) {
            result = -EFAULT;
            break;
        }
        put = console_put_sleeping(bytes, n, nonblock);
        if (put < (int64_t)n) {
            result = put < 0 ? put : -ERESTARTSYS;
            done += MAX(put, 0);
            break;
        }
        done += put;
        sched_breathe();
        if (from->left > 0 && signal_pending())
            result = -ERESTARTSYS;
    }
    return done > 0 ? done : result;
}

/* ---- the rest ---- */

/* Input that is typed ahead is shown when a program looks for it. */
static uint32_t tty_poll(struct file *file)
{
    struct tty *tty = file->private;
    const struct termios *termios = &tty->termios;
    bool irq_on = privops_irq_save();
    bool writable = !tty->stopped && !tty->held && console_has_room();
    uint32_t events = writable ? POLLOUT | POLLWRNORM : 0;
    size_t least = 1;

    if (tty_is_canonical(tty))
        tty_assemble(tty);
    else if (termios->cc[VTIME] == 0)
        least = MAX((size_t)termios->cc[VMIN], 1);
    /* A line may be empty: the end of the file. */
    if (tty_is_canonical(tty) ? tty->ready : tty_available(tty) >= least)
        events |= POLLIN | POLLRDNORM;
    privops_irq_restore(irq_on);
    return events;
}

/* Opening a terminal makes it a session leader's own, unless it has one or
 * the name is that of the console (as in Linux). */
static int64_t tty_open(struct file *file)
{
    struct process *self = process_current();
    uint64_t device = file->inode->device;

    if (device == TTY_DEVICE_TTY && (self == NULL || self->tty == NULL))
        return -ENXIO;
    file->private = device == TTY_DEVICE_TTY ? self->tty : &console;
    if (self != NULL && self->sid == self->pid && self->tty == NULL &&
        console.sid == 0 && device != TTY_DEVICE_CONSOLE &&
        (file->flags & O_NOCTTY) == 0)
        tty_acquire(&console, self);
    return 0;
}

static const struct file_ops tty_file_ops = {
    .open = tty_open,
    .read = tty_read,
    .write = tty_write,
    .ioctl = tty_ioctl,
    .poll = tty_poll,
    .is_stream = true,
};

void tty_init(void)
{
    static const struct console_terminal terminal = {
        .tty = &console,
        .receive = tty_receive,
        .take_back = tty_take_back,
        .hold = tty_hold,
    };

    static const struct device devices[] = {
        {"tty", TTY_DEVICE_TTY, &tty_file_ops},
        {"console", TTY_DEVICE_CONSOLE, &tty_file_ops},
        {"ttyS0", DEVICE(4, 64), &tty_file_ops}, /* the console, too */
    };
    static struct device_table table = {devices, ARRAY_SIZE(devices), NULL};

    console_attach(&terminal);
    device_register(&table);
}
