/* SPDX-License-Identifier: MIT
 *
 * The end of the machine: because no domain is left, or because the hypervisor
 * found itself broken.
 */
#ifndef HYPERVISOR_BASE_PANIC_H
#define HYPERVISOR_BASE_PANIC_H

#include "hypervisor/base/bug.h"

#include "lib/x86/debug_exit.h"

struct cpu_regs;

/* panic() (bug.h) with these registers in the place of its caller's. */
_Noreturn void panic_regs(const struct cpu_regs *regs, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An NMI has come: stops here for ever if some CPU panics. */
void panic_stopped(void);

/* How QEMU ends: what is written to its debug-exit device. */
enum machine_end {
    MACHINE_END_SUCCESS = DEBUG_EXIT_SUCCESS,
    MACHINE_END_DOMAIN_FAILED = DEBUG_EXIT_FAILED,
    MACHINE_END_PANIC = DEBUG_EXIT_PANIC,
    MACHINE_END_BOOT_REFUSED = DEBUG_EXIT_REFUSED,
};

_Noreturn void machine_end(enum machine_end how);

/* The boot cannot go on, and it is not our fault: says why, and ends. */
_Noreturn void boot_refuse(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
