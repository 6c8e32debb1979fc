/* SPDX-License-Identifier: MIT
 *
 * Hazard: another vCPU changes this one's event mask all the time, while events
 * come. Whether an upcall is due is decided once: a domain with a good stack is
 * not ended for having none.
 *
 * Why: The mask is in memory that all vCPUs of the domain write. A hypervisor
 * that reads it twice, once to decide and once to act, may see two values:
 * this is the double fetch of XSA-155. Here the first look said that an upcall
 * is due, and the second that there is no frame for it. The cure is to look
 * once and to keep the answer, and only a second CPU shows that it was done.
 *
 * BUNDLE: vcpus=2
 * QEMU: smp=2
 * METER: on one CPU the other vCPU changes the mask once in a slice
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(hazard_mask_toggle);

#define ROUNDS 100000

static volatile bool toggling, done;
static volatile uint64_t nr_events;

static void toggle(void *argument)
{
    volatile struct parapet_vcpu_page *page = mg_vcpu_page_of(0);

    (void)argument;
    toggling = true;
    while (!done) {
        for (int i = 0; i < 100; i++) {
            page->event_mask = 1;
            page->event_mask = 0;
        }
    }
    toggling = false;
}

/* An exit with an event pending, of each kind that delivers one. */
static void exits(uint32_t port)
{
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    MG_CHECK_EQ(hypercall_event_check(), 0);
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    MG_CHECK_EQ(hypercall_yield(), 0);
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    __asm__ volatile("sti");
}

void test_main(void)
{
    uint32_t port = mg_event_bind_ipi(0, mg_event_count, (void *)&nr_events);

    MG_CHECK_EQ(mg_vcpu_start(1, toggle, NULL), 0);
    while (!toggling)
        ;
    for (int i = 0; i < ROUNDS && !mg_failures(); i++)
        exits(port);
    done = true;
    while (toggling)
        ;
    mg_cli();
    MG_CHECK(nr_events > 0);
}
