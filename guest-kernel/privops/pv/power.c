/* SPDX-License-Identifier: MIT
 *
 * The end of the domain.
 */
#include "abi/stubs.h"
#include "guest-kernel/privops/privops.h"

_Noreturn void privops_shutdown(enum privops_end end)
{
    static const uint32_t reasons[] = {
        [PRIVOPS_POWEROFF] = PARAPET_SHUTDOWN_POWEROFF,
        [PRIVOPS_REBOOT] = PARAPET_SHUTDOWN_REBOOT,
        [PRIVOPS_CRASH] = PARAPET_SHUTDOWN_CRASH,
    };

    privops_irq_disable();
    (void)hypercall_shutdown(reasons[end]);
    /* It does not return. If it did: nothing handles this, so it is killed. */
    for (;;)
        __asm__ volatile("ud2");
}
