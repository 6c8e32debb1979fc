/* SPDX-License-Identifier: MIT
 *
 * Hazard: a domain that is ended at the very moment of its own upcall, as it
 * has no stack for the frame. The hypervisor then goes on with another vCPU of
 * the CPU, one that has just been woken by its timer: that one must get its
 * upcall and not wait for it for ever.
 *
 * Why: An upcall is decided while the hypervisor is on its way out to one
 * vCPU, and a domain's end switches to another one in the middle of that. What
 * is due to the second is found by nobody else: its timer has fired already.
 * So the way out has to begin anew after a switch: this test is about that one
 * jump.
 *
 * QEMU: smp=1 partner=partners/sleeper
 * EXPECT: killed "no stack for the event frame"
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/sleep.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/partners/sleeper.h"

MG_TEST(hazard_dying_neighbour);

void test_main(void)
{
    uint64_t port = mg_event_bind_ipi(0, mg_event_count, NULL);

    mg_sleep_init();
    mg_sleep_until(SLEEPER_WAKES_NS - 5 * MG_MS);
    mg_cli();
    /* The sleeper's timer is up, but this vCPU has the CPU for its slice. */
    while (mg_clock_ns() < SLEEPER_WAKES_NS + 2 * MG_MS)
        ;
    mg_expect_kill();
    mg_sti();
    __asm__ volatile("mov $0x1000, %%rsp\n\t"
                     "syscall"
                     :
                     : "a"(PARAPET_HC_evtchn_send), "D"(port)
                     : "rcx", "r11", "memory");
    __builtin_unreachable();
}
