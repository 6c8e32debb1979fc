/* SPDX-License-Identifier: MIT
 *
 * The console hypercalls, and which domain has the focus: the one that reads
 * the input, is told of it, and writes what it likes.
 */
#include "hypervisor/core/hc_console.h"

#include "abi/errors.h"
#include "hypervisor/base/console.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/log_domain.h"
#include "lib/macros.h"

/* So much at a time, to stay short: the caller goes on where this stopped. */
#define CHUNK 256

/* Two domains may end at once: the change of focus is under a lock. A reader
 * takes the pointer as it finds it. */
static struct spinlock focus_lock = SPINLOCK(focus);
static struct domain *focus;

void hc_console_set_focus(struct domain *d)
{
    focus = d;
}

void hc_console_interrupt(void)
{
    struct domain *d = __atomic_load_n(&focus, __ATOMIC_SEQ_CST);

    if (console_receive() && d)
        event_raise_virq(d, PARAPET_VIRQ_CONSOLE);
}

/*
 * The first domain that runs; NULL: none does. One that is being built or
 * paused is not asked: as long as the control domain lives, it has the console;
 * and when it is gone, they end.
 */
static struct domain *first_running(void)
{
    struct domain *d;

    for_each_domain (d) {
        if (__atomic_load_n(&d->state, __ATOMIC_SEQ_CST) == DOMAIN_RUNNING)
            return d;
    }
    return NULL;
}

void hc_console_domain_ended(const struct domain *d)
{
    struct domain *next = NULL;

    spin_lock(&focus_lock);
    if (focus == d) {
        next = first_running();
        focus = next;
    }
    spin_unlock(&focus_lock);
    if (!next)
        return;
    /* tools/run_lib/focus.py waits for this line. */
    log_domain(LOG_INFO, next, "has the console");
    event_raise_virq(next, PARAPET_VIRQ_CONSOLE);
}

/*
 * console_write: at most 256 bytes at a call. Returns how many were written,
 * not 0 if there are any. EFAULT: the bytes cannot be read; none was written.
 * ERESTART: others write, or the console takes nothing just now; none was
 * written, call again.
 */
int64_t hc_console_write(uint64_t buffer, uint64_t length)
{
    const struct domain *d = vcpu_current()->domain;
    char bytes[CHUNK];
    size_t n = MIN(length, (uint64_t)CHUNK);
    int64_t result;

    if (copy_from_guest(bytes, buffer, n))
        return -PARAPET_EFAULT;
    if (d == focus)
        result = console_write_raw(d->id, bytes, n);
    else
        result = console_write_filtered(d->id, bytes, n, log_way(LOG_INFO));
    return result < 0 ? hypercall_again(vcpu_current()) : result;
}

/*
 * console_read: at most 256 bytes at a call. Returns how many were read.
 * EAGAIN: there is no input, or it is another domain's; the buffer may have
 * been zeroed. EFAULT: the buffer cannot be written; no input is lost by that.
 */
int64_t hc_console_read(uint64_t buffer, uint64_t length)
{
    struct domain *d = vcpu_current()->domain;
    char bytes[CHUNK] = {0};
    size_t n = MIN(length, (uint64_t)CHUNK);
    bool more = false;

    /* Find out before input is taken whether there is a place for it. */
    if (copy_to_guest(buffer, bytes, n))
        return -PARAPET_EFAULT;
    if (n == 0)
        return 0;
    n = d == focus ? console_read(bytes, n, &more) : 0;
    /* There may be input now even if there was none. */
    if (more)
        event_raise_virq(d, PARAPET_VIRQ_CONSOLE);
    if (n == 0)
        return -PARAPET_EAGAIN;
    if (copy_to_guest(buffer, bytes, n))
        return -PARAPET_EFAULT;
    return (int64_t)n;
}
