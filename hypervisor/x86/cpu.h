/* SPDX-License-Identifier: MIT
 *
 * The CPU, for the hypervisor: what lib/x86/ has of instructions and registers,
 * and what only a hypervisor does.
 */
#ifndef HYPERVISOR_X86_CPU_H
#define HYPERVISOR_X86_CPU_H

#include <stdint.h>

#include "lib/x86/control.h"
#include "lib/x86/cpuid.h"
#include "lib/x86/debug.h"
#include "lib/x86/msr.h"
#include "lib/x86/port.h"
#include "lib/x86/segment.h"
#include "lib/x86/tsc.h"

/* Exchanges GS base and KERNEL_GS_BASE; neither is the hypervisor's. */
static inline void swapgs(void)
{
    __asm__ volatile("swapgs" : : : "memory");
}

static inline void cpu_relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}

/* Sleep until an interrupt; interrupts are off before and after. */
static inline void cpu_wait_for_interrupt(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

static inline _Noreturn void cpu_halt_forever(void)
{
    for (;;)
        __asm__ volatile("cli; hlt" : : : "memory");
}

#endif
