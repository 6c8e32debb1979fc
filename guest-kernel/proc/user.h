/* SPDX-License-Identifier: MIT
 *
 * The border to user mode: which process the CPU's registers and the current
 * address space belong to, and what comes in from there.
 */
#ifndef GUEST_KERNEL_PROC_USER_H
#define GUEST_KERNEL_PROC_USER_H

#include "guest-kernel/x86/regs.h"

struct process;

/*
 * The scheduler's: its thread runs next. NULL, a thread of the kernel, leaves
 * everything as it is. Interrupts are disabled.
 */
void user_switch(struct process *next);

/* Gives child what the current process has in the registers that the kernel
 * does not use. */
void user_copy_state(struct process *child);

/* The current process never goes to user mode again, and its space may go. */
void user_leave(void);

/*
 * A system call or exception of user mode, by trap_dispatch(). Interrupts are
 * disabled on the way in and on the way out, and enabled in between. Does not
 * return when it ends the process.
 */
void user_trap(struct trap_regs *regs);

#endif
