/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/env.h in the guest kernel: ports. They come and go with other
 * domains, and so are in a table of their own beside that of core/irq.h. All is
 * protected by disabled interrupts.
 */
#include "pvdrivers/env.h"

#include "abi/stubs.h"
#include "guest-kernel/core/irq.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"

struct env_port {
    struct env_port *next;
    uint32_t port;
    env_handler_t *handler;
    void *context;
};

#define NR_CHAINS 64u

static struct env_port *chains[NR_CHAINS];

/* Where it hangs, or the NULL at the chain's end. */
static struct env_port **find(uint32_t port)
{
    struct env_port **at = &chains[port % NR_CHAINS];

    while (*at != NULL && (*at)->port != port)
        at = &(*at)->next;
    return at;
}

static bool raise(uint32_t number)
{
    const struct env_port *port = *find(number);

    if (port == NULL)
        return false;
    port->handler(number, port->context);
    return true;
}

static void insert(struct env_port *port, uint32_t number,
                   env_handler_t *handler, void *context)
{
    struct env_port **at;
    bool irq_on = privops_irq_save();

    irq_set_others(raise);
    at = find(number);
    BUG_ON(*at != NULL);
    *port = (struct env_port){NULL, number, handler, context};
    *at = port;
    privops_irq_restore(irq_on);
}

/* The handler is there before the first event is. */
int env_port_bind(uint32_t domain, uint32_t remote, env_handler_t *handler,
                  void *context)
{
    struct env_port *port = kmalloc(sizeof(*port));
    bool irq_on = privops_irq_save();
    int64_t result = -PARAPET_ENOMEM;

    if (port != NULL)
        result = hypercall_evtchn_bind_interdomain(domain, remote);
    if (result >= 0)
        insert(port, (uint32_t)result, handler, context);
    else
        kfree(port);
    privops_irq_restore(irq_on);
    return (int)result;
}

int env_port_alloc(uint32_t domain, env_handler_t *handler, void *context)
{
    struct env_port *port = kmalloc(sizeof(*port));
    bool irq_on = privops_irq_save();
    int64_t result = -PARAPET_ENOMEM;

    if (port != NULL)
        result = hypercall_evtchn_alloc_unbound(domain);
    if (result >= 0)
        insert(port, (uint32_t)result, handler, context);
    else
        kfree(port);
    privops_irq_restore(irq_on);
    return (int)result;
}

void env_port_handle(uint32_t number, env_handler_t *handler, void *context)
{
    struct env_port *port = kmalloc(sizeof(*port));

    if (port == NULL)
        panic("no memory for the handler of port %u", number);
    insert(port, number, handler, context);
}

/* -ENOTCONN: there is nobody. */
void env_port_send(uint32_t port)
{
    (void)hypercall_evtchn_send(port);
}

void env_port_mask(uint32_t port)
{
    (void)__atomic_fetch_or(&pv_shared_page()->event_mask[port / 64],
                            1ul << port % 64, __ATOMIC_SEQ_CST);
}

void env_port_unmask(uint32_t port)
{
    pv_check(hypercall_evtchn_unmask(port), "evtchn_unmask");
}

void env_port_close(uint32_t number)
{
    struct env_port **at, *port;
    bool irq_on = privops_irq_save();

    at = find(number);
    port = *at;
    BUG_ON(port == NULL);
    pv_check(hypercall_evtchn_close(number), "evtchn_close");
    *at = port->next;
    kfree(port);
    privops_irq_restore(irq_on);
}
