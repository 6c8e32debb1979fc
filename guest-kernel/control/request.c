/* SPDX-License-Identifier: MIT
 *
 * What the control domain asks of this one, in the shared page (abi/shared.h):
 * to end, or to have another amount of memory (control/balloon.c). Of an end
 * process 1 is told by the signals that busybox' init knows, so that it
 * ends all in order. Where there is none that listens, nothing is there to be
 * ended in order, and the kernel ends at once.
 */
#include "abi/stubs.h"
#include "guest-kernel/control/balloon.h"
#include "guest-kernel/core/irq.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/signal.h"
#include "lib/macros.h"

static const struct ending {
    const char *name;
    unsigned int signal;
    enum privops_end end;
} endings[] = {
    [PARAPET_REQUEST_POWEROFF] = {"power off", SIGUSR2, PRIVOPS_POWEROFF},
    [PARAPET_REQUEST_REBOOT] = {"reboot", SIGTERM, PRIVOPS_REBOOT},
};

static void end(const struct ending *ending)
{
    struct process *init = process_find(1);

    if (init != NULL && !signal_is_ignored(init, ending->signal)) {
        kprintf("guest: asked to %s: process 1 gets %s\n", ending->name,
                signal_name(ending->signal));
        signal_send(init, ending->signal, NULL);
        return;
    }
    kprintf("guest: asked to %s\n", ending->name);
    privops_shutdown(ending->end);
}

/* Nobody waits for what cannot be done: it is said, and taken away, too. */
static void look(void *unused)
{
    uint32_t request =
        __atomic_exchange_n(&pv_shared_page()->request, 0, __ATOMIC_RELAXED);

    (void)unused;
    balloon_look();
    if (request == 0)
        return;
    if (request < ARRAY_SIZE(endings))
        end(&endings[request]);
    else
        kprintf("guest: asked for what this kernel does not know: request %u\n",
                request);
}

/* What was asked before there was a handler has raised nothing. */
void privops_requests_init(void)
{
    int64_t port = hypercall_evtchn_bind_virq(PARAPET_VIRQ_REQUEST, 0);

    pv_check(port, "evtchn_bind_virq");
    irq_bind((uint32_t)port, look, NULL);
    look(NULL);
}
