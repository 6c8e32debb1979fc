/* SPDX-License-Identifier: MIT
 *
 * The console hypercalls, and which domain has the focus: the one that reads
 * the input and is told of it.
 */
#include "hypervisor/core/hc_console.h"

#include "abi/errors.h"
#include "hypervisor/core/console.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "lib/macros.h"

/* So much at a time, to stay short: the caller goes on where this stopped. */
#define CHUNK 256

static struct domain *focus;

void hc_console_set_focus(struct domain *d)
{
    focus = d;
}

void hc_console_interrupt(void)
{
    if (console_receive() && focus)
        event_raise_virq(focus, PARAPET_VIRQ_CONSOLE);
}

void hc_console_domain_ended(const struct domain *d)
{
    if (focus != d)
        return;
    for (unsigned int i = 0; i < nr_domains; i++) {
        if (domains[i]->ended)
            continue;
        focus = domains[i];
        event_raise_virq(focus, PARAPET_VIRQ_CONSOLE);
        return;
    }
}

/*
 * console_write: at most 256 bytes at a call. Returns how many were written.
 * EFAULT: the bytes cannot be read; none was written.
 */
int64_t hc_console_write(uint64_t buffer, uint64_t length)
{
    char bytes[CHUNK];
    size_t n = MIN(length, (uint64_t)CHUNK);

    if (copy_from_guest(bytes, buffer, n))
        return -PARAPET_EFAULT;
    console_write_raw(bytes, n);
    return (int64_t)n;
}

/*
 * console_read: at most 256 bytes at a call. Returns how many were read.
 * EAGAIN: there is no input, or it is another domain's. EFAULT: the buffer
 * cannot be written; no input is lost by that.
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
