/* SPDX-License-Identifier: MIT
 *
 * How the machine ends: QEMU's debug-exit device makes the byte its exit
 * status, (byte << 1) | 1.
 */
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/privops/native/cpu.h"
#include "guest-kernel/privops/privops.h"

#define DEBUG_EXIT_PORT 0xf4
#define DEBUG_EXIT_SUCCESS 0x2a
#define DEBUG_EXIT_CRASH 0x2b

static _Noreturn void halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Without an interrupt table the first exception resets the machine. */
static _Noreturn void reset(void)
{
    const struct table_pointer none = {0, 0};

    lidt(&none);
    __asm__ volatile("ud2");
    __builtin_unreachable();
}

_Noreturn void privops_shutdown(enum privops_end end)
{
    privops_irq_disable();
    if (end == PRIVOPS_REBOOT)
        reset();
    outb(DEBUG_EXIT_PORT,
         end == PRIVOPS_POWEROFF ? DEBUG_EXIT_SUCCESS : DEBUG_EXIT_CRASH);
    /* No such device: this machine is not switched off by software. */
    kprintf("guest: halted\n");
    halt();
}
