/* SPDX-License-Identifier: MIT
 *
 * The console of another domain as an open file: what PARAPET_IOC_CONSOLE
 * makes of one of /dev/parapet.
 */
#include "abi/control_device.h"
#include "guest-kernel/control/console.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/tty/console.h"
#include "lib/macros.h"

#define CHUNK 1024u

/* ---- reading ---- */

static bool has_news(const struct console_reader *reader)
{
    return reader->position != reader->console->history.end;
}

/* What there is, as far as it is asked for; nothing where there was no memory
 * for it. A part may have gone when it says -EFAULT. */
static int64_t read_now(struct console_reader *reader, struct io *to)
{
    uint8_t text[CHUNK];
    int64_t done = 0;
    uint32_t nr;

    while (to->left > 0) {
        nr = history_read(&reader->console->history, &reader->position, text,
                          (uint32_t)MIN(to->left, sizeof(text)));
        if (nr == 0)
            break;
        if (!io_put(to, text, nr))
            return -EFAULT;
        done += nr;
    }
    return done;
}

/* Sleeps unless something has come. */
static int64_t wait_for_news(struct console_reader *reader)
{
    bool irq_on = privops_irq_save();
    int64_t result = 0;

    if (!has_news(reader) && !reader->console->is_ended)
        result =
            wait_queue_sleep_until(&reader->console->to_read, WAIT_FOREVER);
    privops_irq_restore(irq_on);
    return result;
}

static int64_t console_read(struct file *file, struct io *to, uint64_t *offset)
{
    struct console_reader *reader = file->private;
    int64_t result = 0;

    (void)offset;
    if (to->left == 0)
        return 0;
    while (result == 0) {
        if (has_news(reader)) {
            result = read_now(reader, to);
            control_console_read();
        } else if (reader->console->is_ended) {
            return 0;
        } else {
            result = (file->flags & O_NONBLOCK) != 0 ? -EAGAIN
                                                     : wait_for_news(reader);
        }
    }
    return result;
}

/* ---- writing ---- */

/* Interrupts are disabled: as much as there is room for, or -EIO. */
static int64_t type_now(struct control_console *console, const char *text,
                        size_t size)
{
    if (console->is_ended)
        return -EIO;
    if (!control_console_is_on())
        return 0;
    return console_back_input(&console->back, text, (uint32_t)size);
}

/* All of it, unless a signal comes. */
static int64_t type(struct file *file, const char *text, size_t size)
{
    struct console_reader *reader = file->private;
    struct control_console *console = reader->console;
    bool irq_on = privops_irq_save();
    int64_t result = 0;
    size_t done = 0;

    while (result >= 0 && done < size) {
        result = type_now(console, text + done, size - done);
        if (result < 0)
            break;
        done += (size_t)result;
        if (done == size)
            break;
        result = (file->flags & O_NONBLOCK) != 0
                     ? -EAGAIN
                     : wait_queue_sleep_until(&console->to_write, WAIT_FOREVER);
    }
    privops_irq_restore(irq_on);
    return done > 0 ? (int64_t)done : result;
}

static int64_t console_write(struct file *file, struct io *from,
                             uint64_t *offset)
{
    char text[CHUNK];
    int64_t done = 0, typed;
    size_t nr;

    (void)offset;
    while (from->left > 0) {
        nr = MIN(from->left, sizeof(text));
        if (!io_get(from, text, nr))
            return done > 0 ? done : -EFAULT;
        typed = type(file, text, nr);
        if (typed < 0)
            return done > 0 ? done : typed;
        done += typed;
        if ((size_t)typed < nr)
            break;
    }
    return done;
}

/* ---- the rest ---- */

/* It can be written to when all that was typed has found room. */
static uint32_t console_poll(struct file *file)
{
    const struct console_reader *reader = file->private;
    const struct control_console *console = reader->console;
    uint32_t events = 0;

    if (has_news(reader) || console->is_ended)
        events |= POLLIN | POLLRDNORM;
    if (console->is_ended)
        events |= POLLHUP;
    else if (control_console_is_on() && !console->back.wants_room)
        events |= POLLOUT | POLLWRNORM;
    return events;
}

static int64_t console_ioctl(struct file *file, uint32_t request, uint64_t arg)
{
    struct console_reader *reader = file->private;

    (void)arg;
    if (request != PARAPET_IOC_PASS_KEY)
        return -ENOTTY;
    if (!reader->passes_key)
        console_pass_key(true);
    reader->passes_key = true;
    return 0;
}

static void console_close(struct file *file)
{
    struct console_reader *reader = file->private;

    if (reader->passes_key)
        console_pass_key(false);
    control_console_leave(reader);
}

static const struct file_ops console_ops = {
    .read = console_read,
    .write = console_write,
    .ioctl = console_ioctl,
    .poll = console_poll,
    .close = console_close,
    .is_stream = true,
};

int64_t control_console_open(struct file *file, uint64_t domain)
{
    struct control_console *console = control_console_find(domain);
    struct console_reader *reader;
    bool irq_on;

    if (console == NULL)
        return -ENOENT;
    reader = kmalloc(sizeof(*reader));
    if (reader == NULL)
        return -ENOMEM;
    irq_on = privops_irq_save();
    reader->console = console;
    reader->passes_key = false;
    reader->position = console->history.start;
    list_add_last(&console->readers, &reader->node);
    file->private = reader;
    file->ops = &console_ops;
    privops_irq_restore(irq_on);
    return 0;
}
