/* SPDX-License-Identifier: MIT
 *
 * Hazard: the guest writes nonsense into the pages that it shares with the
 * hypervisor. It may lose or invent its own events by that, and nothing else.
 *
 * Why: A shared page is read by the hypervisor at the time of its choice, and
 * written by the guest at any time. Whatever is believed of it (an index, a
 * pointer, a state) is the guest's to forge; XSA-155 and its kind came of
 * that. So what the hypervisor needs to know it keeps elsewhere, and these
 * pages hold only what may be wrong without harm to anybody but their owner.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(hazard_shared_pages);

#define ROUNDS 2000

static struct mg_random numbers;
static volatile uint64_t count;

/* Every writable word of a page, also those behind its struct. */
static void scribble(uint64_t page)
{
    volatile uint64_t *words = (volatile uint64_t *)page;

    for (int i = 0; i < 512; i++)
        words[i] = mg_random_next(&numbers);
}

static void use_everything(uint32_t port)
{
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    MG_CHECK_EQ(hypercall_evtchn_unmask(port), 0);
    (void)hypercall_event_check();
    (void)hypercall_set_timer(mg_random_next(&numbers));
    (void)hypercall_yield();
    (void)hypercall_cpu_irq_disable();
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
}

/* Everything back as a guest would have it, then one event in good order. */
static void check_sanity(uint32_t port)
{
    volatile uint64_t *words = (volatile uint64_t *)PARAPET_SHARED_PAGE;

    mg_cli();
    for (int i = 0; i < 2 * PARAPET_NR_PORTS / 64; i++)
        words[i] = 0;
    mg_vcpu_page()->event_select = 0;
    mg_vcpu_page()->event_pending = 0;
    count = 0;
    MG_CHECK_EQ(hypercall_set_timer(0), 0);
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    mg_sti();
    MG_CHECK_EQ(count, 1);
    mg_cli();
}

/*
 * The clock lies in a page that the guest may write; it spoils its own time
 * only. What the hypervisor keeps for itself must still be right: a timer.
 */
static void test_timer_after(void)
{
    volatile uint64_t ticks = 0;

    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count,
                             (void *)&ticks);
    mg_cli();
    MG_CHECK_EQ(hypercall_set_timer(1), 0);
    MG_CHECK_EQ(hypercall_block(), 0);
    MG_CHECK_EQ(ticks, 1);
    mg_cli();
}

void test_main(void)
{
    uint32_t port = mg_event_bind_ipi(0, mg_event_count, (void *)&count);

    mg_random_init(&numbers, 0x70616765);
    for (int round = 0; round < ROUNDS && !mg_failures(); round++) {
        scribble(PARAPET_SHARED_PAGE);
        scribble(PARAPET_VCPU_PAGE(0ul));
        scribble(PARAPET_GRANT_TABLE);
        /* Upcalls for ports that nobody bound have no handler here. */
        use_everything(port);
        if (round % 100 == 0)
            check_sanity(port);
    }
    check_sanity(port);
    test_timer_after();
}
