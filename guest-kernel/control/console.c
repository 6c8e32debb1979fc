/* SPDX-License-Identifier: MIT
 *
 * The thread that serves the consoles of other domains; see console.h.
 */
#include "guest-kernel/control/console.h"

#include "abi/console.h"
#include "abi/domain.h"
#include "abi/grant.h"
#include "abi/stubs.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/pvenv/bell.h"
#include "guest-kernel/thread/thread.h"
#include "lib/macros.h"

/* What a domain may write, in bytes in a second: one that writes more waits,
 * and takes no time from others. */
#define RATE (1u << 20)
/* How far a reader may be behind; the rest of the history is for what is on its
 * way. */
#define MAX_BEHIND (HISTORY_SIZE / 2)
/* The page of one that has ended, and what it takes to see that it is empty.
 * One that still runs may fill it again each time: then it is enough. */
#define LAST_ROUNDS 8u

_Static_assert(MAX_BEHIND + (1 + LAST_ROUNDS) * PARAPET_CONSOLE_OUT_BYTES <=
                   HISTORY_SIZE,
               "what comes last takes nothing from a reader that is behind");

static struct list_node consoles = LIST_INIT(consoles);
static struct env_bell *bell;
static bool have_changed; /* domains */
static bool is_on = true;

struct control_console *control_console_find(uint64_t domain)
{
    struct control_console *console;

    list_for_each_entry (console, &consoles, node)
        if (console->domain == domain)
            return console;
    return NULL;
}

/* ---- what the back-end tells ---- */

static void show(void *context, const uint8_t *text, uint32_t nr)
{
    struct control_console *console = context;

    history_add(&console->history, text, nr);
    wait_queue_wake_all(&console->to_read);
    poll_notify();
}

static void room(void *context)
{
    struct control_console *console = context;

    wait_queue_wake_all(&console->to_write);
    poll_notify();
}

static const struct console_back_user user = {show, room};

/* ---- to begin and to end ---- */

/* As long as nothing is served the page is there all the same: a domain that
 * ends lends it to nobody any more, and its last words are in it. */
static int begin(struct control_console *console)
{
    int error = 0;

    if (console->back.loan.page == NULL)
        error = console_back_map(&console->back, PARAPET_GRANT_CONSOLE);
    if (error == 0 && is_on)
        error = console_back_begin(&console->back, console->port);
    return error;
}

static struct control_console *make(uint32_t domain, uint32_t port)
{
    struct control_console *console = kzalloc(sizeof(*console));

    if (console == NULL)
        return NULL;
    console->domain = domain;
    console->port = port;
    console->back = (struct console_back){
        .domain = domain,
        .rate = RATE,
        .bell = bell,
        .user = &user,
        .context = console,
    };
    list_init(&console->readers);
    wait_queue_init(&console->to_read);
    wait_queue_init(&console->to_write);
    return console;
}

int64_t control_console_serve(uint32_t domain, uint32_t port)
{
    struct parapet_domain_info info;
    struct control_console *console;
    int64_t error = hypercall_domain_info(domain, &info);
    bool irq_on;

    if (error != 0)
        return error;
    if (control_console_find(domain) != NULL)
        return -EEXIST;
    console = make(domain, port);
    if (console == NULL)
        return -ENOMEM;
    irq_on = privops_irq_save();
    error = begin(console);
    if (error == 0)
        list_add_last(&consoles, &console->node);
    privops_irq_restore(irq_on);
    if (error != 0) {
        console_back_end(&console->back);
        kfree(console);
    } else {
        env_bell_ring(bell);
    }
    return error;
}

/* The domain does not run any more, or is not to. */
static void end(struct control_console *console)
{
    if (console->is_ended)
        return;
    console_back_drain(&console->back, LAST_ROUNDS);
    console_back_end(&console->back);
    console->is_ended = true;
    wait_queue_wake_all(&console->to_read);
    wait_queue_wake_all(&console->to_write);
    poll_notify();
}

static void free_if_unused(struct control_console *console)
{
    if (!console->is_gone || !list_is_empty(&console->readers))
        return;
    list_remove(&console->node);
    history_free(&console->history);
    kfree(console);
}

void control_console_end(uint64_t domain)
{
    bool irq_on = privops_irq_save();
    struct control_console *console = control_console_find(domain);

    if (console != NULL)
        end(console);
    privops_irq_restore(irq_on);
}

void control_console_leave(struct console_reader *reader)
{
    bool irq_on = privops_irq_save();

    list_remove(&reader->node);
    free_if_unused(reader->console);
    kfree(reader);
    privops_irq_restore(irq_on);
    env_bell_ring(bell);
}

/* ---- to stop and to start ---- */

bool control_console_is_on(void)
{
    return is_on;
}

static bool has_ended(const struct control_console *console)
{
    struct parapet_domain_info info;

    return hypercall_domain_info(console->domain, &info) != 0 ||
           info.state == PARAPET_DOMAIN_ENDED;
}

/* One that cannot go on is as one that is broken: its domain waits. If that has
 * ended, what it left is shown when the thread looks. */
static void start(struct control_console *console)
{
    int error = begin(console);

    if (error != 0 && !has_ended(console))
        kprintf("guest: the console of domain %u cannot be shown again: error "
                "%d\n",
                console->domain, -error);
    room(console);
}

int64_t control_console_switch(bool on)
{
    struct control_console *console;
    bool irq_on;

    if (on == is_on)
        return -EBUSY;
    irq_on = privops_irq_save();
    is_on = on;
    list_for_each_entry (console, &consoles, node) {
        if (console->is_ended)
            continue;
        if (on)
            start(console);
        else
            console_back_stop(&console->back);
    }
    privops_irq_restore(irq_on);
    env_bell_ring(bell);
    return 0;
}

/* ---- the thread: interrupts are disabled ---- */

static void look_at_domain(struct control_console *console)
{
    struct parapet_domain_info info;
    int64_t result = hypercall_domain_info(console->domain, &info);

    if (result == 0 && info.state != PARAPET_DOMAIN_ENDED)
        return;
    end(console);
    console->is_gone = result == -PARAPET_ENOENT;
    free_if_unused(console);
}

static bool is_far_ahead(const struct control_console *console)
{
    const struct console_reader *reader;

    list_for_each_entry (reader, &console->readers, node)
        if (console->history.end - reader->position > MAX_BEHIND)
            return true;
    return false;
}

/* When to come again. */
static uint64_t serve_all(void)
{
    struct control_console *console, *following;
    uint64_t next = ENV_FOREVER;
    bool look = have_changed;

    have_changed = false;
    list_for_each_entry_safe (console, following, &consoles, node) {
        if (!is_far_ahead(console)) {
            uint64_t its_next = console_back_serve(&console->back);

            next = MIN(next, its_next);
        }
        if (look)
            look_at_domain(console);
    }
    return next;
}

static void serve(void *unused)
{
    (void)unused;
    bell_serve(bell, serve_all);
}

void control_console_look(void)
{
    have_changed = true;
    env_bell_ring(bell);
}

void control_console_read(void)
{
    env_bell_ring(bell);
}

void control_console_init(void)
{
    bell = env_bell_make();
    if (bell == NULL || thread_create("consoles", serve, NULL) == NULL)
        panic("no memory for the consoles of other domains");
}
