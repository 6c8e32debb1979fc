/* SPDX-License-Identifier: MIT
 *
 * The kernel of the domains that life.c makes, without the micro-guests'
 * runtime. It says when its first instruction was, in its vCPU page (born.h),
 * and sleeps. What comes for it wakes it, and it sleeps again; no port's event
 * is ever taken. Or it yields, for good, and counts.
 */
#include "tests/bench/born.h"
#include "abi/abi.h"
#include "abi/note.h"
#include "abi/shared.h"
#include "abi/stubs.h"
#include "lib/x86/tsc.h"

PARAPET_DEFINE_NOTE;

_Noreturn void mg_start(void);

_Noreturn void mg_start(void)
{
    volatile struct parapet_vcpu_page *page =
        (struct parapet_vcpu_page *)PARAPET_VCPU_PAGE(0);

    page->guest[BORN_FIRST] = rdtsc();
    if (page->guest[BORN_MODE]) {
        for (;;) {
            page->guest[BORN_YIELDS]++;
            (void)hypercall_yield();
        }
    }
    for (;;) {
        page->event_pending = 0;
        page->event_select = 0;
        (void)hypercall_block();
    }
}
