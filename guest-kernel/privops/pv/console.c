/* SPDX-License-Identifier: MIT
 *
 * The console: the hypervisor's, by hypercall, until another one is set, which
 * a domain reads. That domain may be slow, and may be dead: so text waits there
 * for a bounded time, and then goes to the hypervisor. It does so without a
 * wait until there is room again.
 */
#include "abi/stubs.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"

/* How long a text that cannot sleep waits for room. */
#define PATIENCE_NS 1000000000ul

static const struct pv_console *console; /* NULL: the hypervisor's */
static bool is_stuck;                    /* nobody has made room for so long */
static bool is_last; /* words of a kernel that is about to die */

void pv_console_set(const struct pv_console *new_console)
{
    console = new_console;
}

/* An error here cannot be told to anybody; the text is dropped. */
static void write_hypervisor(const char *text, size_t size)
{
    int64_t written;

    for (; size > 0; text += written, size -= (size_t)written) {
        written = HYPERCALL_RESTARTED(hypercall_console_write(text, size));
        if (written <= 0)
            return;
    }
}

/* What cannot wait any longer goes to the hypervisor. */
static size_t write_or_give_up(const char *text, size_t size)
{
    size_t done = console->write(text, size);

    if (done == size)
        is_stuck = false;
    else if (is_stuck) {
        write_hypervisor(text + done, size - done);
        done = size;
    }
    return done;
}

/* Others run meanwhile, and make room. */
static void write_waiting(const char *text, size_t size)
{
    uint64_t end = privops_clock_ns() + PATIENCE_NS;
    size_t done;

    while ((done = write_or_give_up(text, size)) < size) {
        text += done;
        size -= done;
        if (done > 0)
            end = privops_clock_ns() + PATIENCE_NS;
        else if (privops_clock_ns() >= end)
            is_stuck = true;
        else
            (void)hypercall_yield();
    }
}

/* The report is in both, if it can be. */
static void write_last(const char *text, size_t size)
{
    write_hypervisor(text, size);
    (void)console->write(text, size);
}

void privops_console_write(const char *text, size_t size)
{
    bool irq_on;

    if (console == NULL) {
        write_hypervisor(text, size);
        return;
    }
    irq_on = privops_irq_save();
    if (is_last)
        write_last(text, size);
    else
        write_waiting(text, size);
    privops_irq_restore(irq_on);
}

size_t privops_console_write_some(const char *text, size_t size)
{
    bool irq_on;

    if (console == NULL) {
        write_hypervisor(text, size);
        return size;
    }
    irq_on = privops_irq_save();
    size = write_or_give_up(text, size);
    privops_irq_restore(irq_on);
    return size;
}

void privops_console_last_words(void)
{
    is_last = true;
}

size_t privops_console_read(char *buffer, size_t size)
{
    int64_t got;

    if (console != NULL)
        return console->read(buffer, size);
    got = hypercall_console_read(buffer, size);
    return got > 0 ? (size_t)got : 0; /* -EAGAIN: nothing waits */
}
