/* SPDX-License-Identifier: MIT
 *
 * What the entry code calls, and exceptions of the hypervisor's own.
 */
#ifndef HYPERVISOR_ENGINE_TRAP_H
#define HYPERVISOR_ENGINE_TRAP_H

#include <stdbool.h>

#include "hypervisor/x86/regs.h"

/* From a guest: any exception, with complete registers. */
void trap_from_guest(struct cpu_regs *regs);

/* The engine's quick way with an exception, timed. */
bool trap_timed_exception(struct cpu_regs *regs);

/* Copies registers from an interrupt stack to the main stack. */
struct cpu_regs *trap_move_to_main_stack(const struct cpu_regs *regs);

/* From ring 0: goes on at a fix-up, or panics. */
void trap_from_hypervisor(struct cpu_regs *regs);

/* iretq to the guest faulted: the guest's rip, cs, ... are at the top. */
void trap_bad_return(struct cpu_regs *regs);

void interrupt_from_guest(struct cpu_regs *regs);
void interrupt_from_hypervisor(struct cpu_regs *regs);

/* The last thing before a guest runs on: whatever is pending. */
void guest_exit_work(struct cpu_regs *regs);

#endif
