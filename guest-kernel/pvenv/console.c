/* SPDX-License-Identifier: MIT
 *
 * Between privops/pv/console.c, which cannot sleep, and the front-end: what
 * cannot be done now is done when the port says so. An event of the front-end's
 * port is passed on as one of the console's, which whoever reads or waits for
 * room has bound.
 */
#include "guest-kernel/pvenv/console.h"

#include "guest-kernel/core/irq.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "guest-kernel/pvenv/bell.h"
#include "pvdrivers/console_front.h"

static struct console_front front;

/* With a deadline that is over nothing sleeps, and the event is asked for. A
 * page that is broken has no room for ever. */
static size_t write_front(const char *text, size_t size)
{
    int done = console_front_write(&front, text, (uint32_t)size, 0);

    return done > 0 ? (size_t)done : 0;
}

static size_t read_front(char *buffer, size_t size)
{
    size_t done = 0;
    int got;

    do {
        got =
            console_front_read(&front, buffer + done, (uint32_t)(size - done));
        done += got > 0 ? (size_t)got : 0;
    } while (got >= 0 && done < size && console_front_wait(&front, 0) == 1);
    return done;
}

static void news(void)
{
    (void)irq_raise(privops_console_port());
}

void pvenv_console_init(void)
{
    static const struct pv_console console = {write_front, read_front};
    volatile struct parapet_shared_page *shared = pv_shared_page();

    if (shared->console_port == 0)
        return;
    if (console_front_begin(&front,
                            direct_map(shared->console_gfn << PAGE_SHIFT),
                            shared->console_port) != 0) {
        kprintf("guest: no memory for the console: give the domain more\n");
        return;
    }
    bell_call(front.input, news);
    pv_console_set(&console);
}
