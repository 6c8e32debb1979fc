/* SPDX-License-Identifier: MIT
 *
 * The C side of every exception, interrupt and system call.
 */
#ifndef GUEST_KERNEL_PROC_TRAP_H
#define GUEST_KERNEL_PROC_TRAP_H

#include <stdint.h>

#include "guest-kernel/x86/regs.h"

/*
 * Called by x86/trap_entry.S with interrupts disabled. What it changes in regs
 * is what the interrupted code goes on with. It may switch threads: the
 * interrupted one then goes on when it has its turn again.
 */
void trap_dispatch(struct trap_regs *regs);

/* How many breakpoints were passed over: see monitor/selftest.c. */
uint64_t trap_breakpoints(void);

#endif
