/* SPDX-License-Identifier: MIT
 *
 * How the machine ends.
 */
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/privops/privops.h"
#include "lib/x86/debug_exit.h"
#include "lib/x86/descriptor.h"
#include "lib/x86/port.h"

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

static _Noreturn void end_qemu(uint8_t how)
{
    outb(DEBUG_EXIT_PORT, how);
    /* No such device: this machine is not switched off by software. */
    kprintf("guest: halted\n");
    halt();
}

_Noreturn void privops_shutdown(enum privops_end end)
{
    privops_irq_disable();
    if (end == PRIVOPS_REBOOT)
        reset();
    end_qemu(end == PRIVOPS_POWEROFF ? DEBUG_EXIT_SUCCESS : DEBUG_EXIT_FAILED);
}

_Noreturn void native_refuse_boot(void)
{
    end_qemu(DEBUG_EXIT_REFUSED);
}
