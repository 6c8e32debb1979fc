/* SPDX-License-Identifier: MIT
 *
 * Owns the table of event handlers and the order of the acknowledgement.
 */
#include "tests/kernels/lib/event.h"

#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

struct binding {
    uint32_t vcpu;
    mg_event_handler_t *handler;
    void *data;
};

static struct binding bindings[PARAPET_NR_PORTS];
static mg_event_hook_t *event_hook;

void mg_event_entry(void);
void mg_event_dispatch(struct mg_regs *regs);

void mg_event_init(void)
{
    int64_t result = hypercall_set_callback(PARAPET_CALLBACK_EVENT,
                                            (uint64_t)mg_event_entry);

    if (result != 0)
        mg_error("set_callback for events: %ld", result);
}

static uint32_t bind(int64_t result, uint32_t vcpu, mg_event_handler_t *handler,
                     void *data)
{
    if (result < 0 || result >= PARAPET_NR_PORTS)
        mg_error("binding a port: %ld", result);
    bindings[result].vcpu = vcpu;
    bindings[result].handler = handler;
    bindings[result].data = data;
    return (uint32_t)result;
}

uint32_t mg_event_bind_ipi(uint32_t vcpu, mg_event_handler_t *handler,
                           void *data)
{
    return bind(hypercall_evtchn_bind_ipi(vcpu), vcpu, handler, data);
}

uint32_t mg_event_bind_virq(uint32_t virq, mg_event_handler_t *handler,
                            void *data)
{
    uint32_t vcpu = mg_vcpu_id();

    return bind(hypercall_evtchn_bind_virq(virq, vcpu), vcpu, handler, data);
}

uint32_t mg_event_alloc_unbound(uint32_t domain, mg_event_handler_t *handler,
                                void *data)
{
    return bind(hypercall_evtchn_alloc_unbound(domain), mg_vcpu_id(), handler,
                data);
}

uint32_t mg_event_bind_interdomain(uint32_t domain, uint32_t port,
                                   mg_event_handler_t *handler, void *data)
{
    volatile struct parapet_vcpu_page *page = mg_vcpu_page();
    uint8_t mask = page->event_mask;
    uint32_t mine;

    /* It begins pending: the upcall is to find the handler. */
    mg_cli();
    mine = bind(hypercall_evtchn_bind_interdomain(domain, port), mg_vcpu_id(),
                handler, data);
    if (!mask)
        mg_sti();
    return mine;
}

void mg_event_handle(uint32_t port, mg_event_handler_t *handler, void *data)
{
    (void)bind(port, 0, handler, data);
}

/* The old vCPU leaves it alone before the new one is told. */
void mg_event_move(uint32_t port, uint32_t vcpu)
{
    int64_t result;

    bindings[port].vcpu = vcpu;
    result = hypercall_evtchn_move(port, vcpu);
    if (result != 0)
        mg_error("evtchn_move of port %u: %ld", port, result);
}

void mg_event_close(uint32_t port)
{
    int64_t result = hypercall_evtchn_close(port);

    if (result != 0)
        mg_error("evtchn_close of port %u: %ld", port, result);
    bindings[port].handler = NULL;
}

void mg_event_count(uint32_t port, void *data)
{
    volatile uint64_t *count = data;

    (void)port;
    (*count)++;
}

void mg_event_hook(mg_event_hook_t *hook)
{
    event_hook = hook;
}

static uint64_t port_bit(uint32_t port)
{
    return (uint64_t)1 << port % 64;
}

bool mg_port_is_pending(uint32_t port)
{
    return mg_shared_page()->event_pending[port / 64] & port_bit(port);
}

bool mg_port_clear(uint32_t port)
{
    return __atomic_fetch_and(&mg_shared_page()->event_pending[port / 64],
                              ~port_bit(port), __ATOMIC_SEQ_CST) &
           port_bit(port);
}

void mg_port_mask(uint32_t port)
{
    __atomic_fetch_or(&mg_shared_page()->event_mask[port / 64], port_bit(port),
                      __ATOMIC_SEQ_CST);
}

/* The pending bits are the domain's: ports of other vCPUs are left alone. */
static void serve_word(uint32_t word)
{
    volatile struct parapet_shared_page *shared = mg_shared_page();
    uint64_t ready = shared->event_pending[word] & ~shared->event_mask[word];

    for (; ready; ready &= ready - 1) {
        uint32_t port = word * 64 + (uint32_t)__builtin_ctzll(ready);
        const struct binding *binding = &bindings[port];

        if (binding->vcpu != mg_vcpu_id())
            continue;
        (void)mg_port_clear(port);
        if (binding->handler)
            binding->handler(port, binding->data);
    }
}

/*
 * From event_entry.S. The order is the ABI's: first the vCPU's pending flag,
 * then the words, then the ports; so nothing that comes meanwhile is lost.
 */
void mg_event_dispatch(struct mg_regs *regs)
{
    volatile struct parapet_vcpu_page *page = mg_vcpu_page();
    uint64_t words;

    if (event_hook)
        event_hook(regs);
    page->event_pending = 0;
    words = __atomic_exchange_n(&page->event_select, 0, __ATOMIC_SEQ_CST);
    for (; words; words &= words - 1)
        serve_word((uint32_t)__builtin_ctzll(words));
}
