/* SPDX-License-Identifier: MIT
 *
 * A child of bound_wide.c: a vCPU on each CPU, all of which sleep. The first
 * wakes at each event, and sleeps again.
 */
#include "tests/kernels/partners/wide.h"

#include "abi/stubs.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(wide);

static void count(void *unused)
{
    (void)unused;
    __atomic_fetch_add(&mg_vcpu_page_of(0)->guest[WIDE_SLEPT], 1,
                       __ATOMIC_SEQ_CST);
}

/* Whatever has come is taken, without an upcall. */
static void take(void)
{
    volatile struct parapet_vcpu_page *page = mg_vcpu_page();

    page->event_pending = 0;
    (void)__atomic_exchange_n(&page->event_select, 0, __ATOMIC_SEQ_CST);
    (void)__atomic_exchange_n(&mg_shared_page()->event_pending[0], 0,
                              __ATOMIC_SEQ_CST);
}

void test_main(void)
{
    mg_cli();
    for (uint32_t vcpu = 1; vcpu < WIDE_CPUS; vcpu++)
        MG_CHECK_EQ(mg_vcpu_start(vcpu, count, NULL), 0);
    for (;;) {
        count(NULL);
        (void)hypercall_block();
        take();
    }
}
