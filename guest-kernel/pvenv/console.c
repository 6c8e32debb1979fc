/* SPDX-License-Identifier: MIT
 *
 * Between privops/pv/console.c, which cannot sleep, and the front-end: what
 * cannot be done now is done when the port says so. An event of the front-end's
 * port is passed on as one of the console's, which whoever reads or waits for
 * room has bound.
 *
 * Once the control domain has ended nobody shows this any more: then the
 * hypervisor's console takes over, and gets what nobody has read. That raises
 * an event: of the port, whose other end is gone; or of the console, if this
 * domain has its input now.
 */
#include "guest-kernel/pvenv/console.h"

#include "abi/errors.h"
#include "abi/stubs.h"
#include "guest-kernel/core/irq.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "guest-kernel/pvenv/bell.h"
#include "pvdrivers/console_front.h"

static struct console_front front;
static struct parapet_console *page;

/* No domain has a port 0. */
bool pvenv_is_alone(void)
{
    return hypercall_evtchn_bind_interdomain(PARAPET_DOMAIN_CONTROL, 0) ==
           -PARAPET_ENOENT;
}

static void say_rest(void)
{
    struct stream_reader rest;
    char text[256];
    int nr;

    stream_reader_init(&rest, &page->out, page->out_bytes,
                       sizeof(page->out_bytes));
    while ((nr = stream_read(&rest, text, sizeof(text))) > 0)
        privops_console_write(text, (size_t)nr);
}

/* Whether the hypervisor's console is this domain's from now on. */
static bool take_over(void)
{
    if (!pvenv_is_alone())
        return false;
    pv_console_set(NULL);
    say_rest();
    return true;
}

/* With a deadline that is over nothing sleeps, and the event is asked for. A
 * page that is broken has no room for ever. */
static size_t write_front(const char *text, size_t size)
{
    int done = console_front_write(&front, text, (uint32_t)size, 0);

    if (done > 0)
        return (size_t)done;
    if (size == 0 || !take_over())
        return 0;
    privops_console_write(text, size);
    return size;
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
    if (done == 0 && size > 0 && take_over())
        return privops_console_read(buffer, size);
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
    page = direct_map(shared->console_gfn << PAGE_SHIFT);
    if (console_front_begin(&front, page, shared->console_port) != 0) {
        kprintf("guest: no memory for the console: give the domain more\n");
        return;
    }
    bell_call(front.input, news);
    pv_console_set(&console);
}
