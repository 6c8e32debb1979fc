/* SPDX-License-Identifier: MIT
 *
 * The kernel of the domains that life.c makes, without the micro-guests'
 * runtime. It says when its first instruction was, in guest[0] of its vCPU
 * page, and sleeps. What comes for it wakes it, and it sleeps again; no port's
 * event is ever taken.
 */
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

    page->guest[0] = rdtsc();
    for (;;) {
        page->event_pending = 0;
        page->event_select = 0;
        (void)hypercall_block();
    }
}
