/* SPDX-License-Identifier: MIT
 *
 * The border to user mode: which thread the CPU's registers and the current
 * address space belong to, what comes in from there, and what is done before
 * the way back.
 */
#ifndef GUEST_KERNEL_PROC_USER_H
#define GUEST_KERNEL_PROC_USER_H

#include "guest-kernel/thread/thread.h"
#include "guest-kernel/x86/regs.h"

/* Gives the thread what the current one has in the registers that the kernel
 * does not use. */
void user_copy_state(struct thread *thread);

/* The current thread has a new program: its process's space becomes current,
 * the registers that the kernel does not use are a new program's. */
void user_new_program(void);

/* What is in the registers goes to, or comes from, the current thread's
 * user->fpu: for a signal's frame. */
void user_save_fpu(void);
void user_load_fpu(void);

/* The current thread never goes to user mode again, and its space may go. */
void user_leave(void);

/*
 * A system call or exception of user mode, by trap_dispatch(). Interrupts are
 * disabled on the way in and on the way out, and enabled in between. Does not
 * return when it ends the thread.
 */
void user_trap(struct trap_regs *regs);

/* After an interrupt of user mode: what user_trap() does last. Interrupts are
 * disabled on the way in and out. */
void user_return(struct trap_regs *regs);

#endif
