/* SPDX-License-Identifier: MIT
 *
 * The end: of the machine when a domain's work is done, or of the hypervisor
 * when it found itself broken.
 */
#ifndef HYPERVISOR_BASE_PANIC_H
#define HYPERVISOR_BASE_PANIC_H

#include "hypervisor/base/bug.h"

struct cpu_regs;

/* panic() (bug.h) with these registers in the place of its caller's. */
_Noreturn void panic_regs(const struct cpu_regs *regs, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An NMI has come: stops here for ever if some CPU panics. */
void panic_stopped(void);

/* How QEMU ends: what is written to its debug-exit device. */
enum machine_end {
    MACHINE_END_SUCCESS = 0x2a,
    MACHINE_END_DOMAIN_FAILED = 0x2b,
    MACHINE_END_PANIC = 0x2c,
    MACHINE_END_BOOT_REFUSED = 0x2d,
};

_Noreturn void machine_end(enum machine_end how);

/* The boot cannot go on, and it is not our fault: says why, and ends. */
_Noreturn void boot_refuse(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
