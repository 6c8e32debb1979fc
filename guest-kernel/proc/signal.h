/* SPDX-License-Identifier: MIT
 *
 * Signals: sending them, and what happens on the way to user mode. For threads
 * and interrupt handlers alike, in any interrupt state, unless said otherwise.
 */
#ifndef GUEST_KERNEL_PROC_SIGNAL_H
#define GUEST_KERNEL_PROC_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/signal_set.h"

/*
 * Sends the signal to a process, where any thread that does not block it takes
 * it; info NULL: from the kernel. Ignored signals vanish; SIGCONT and the
 * stopping signals cancel each other; SIGKILL cannot be held up.
 */
void signal_send(struct process *process, unsigned int number,
                 const struct signal_info *info);
void signal_send_thread(struct thread *thread, unsigned int number,
                        const struct signal_info *info);

/* To all processes of the group. False: there is none. */
bool signal_send_group(uint32_t pgid, unsigned int number,
                       const struct signal_info *info);

/* Whether the current thread would run a handler for the signal: a fault that
 * has none ends the process, which deserves a message. */
bool signal_is_caught(unsigned int number);

/* Whether it does nothing: the process ignores it, its default is that, or
 * nobody is to end process 1 so. */
bool signal_is_ignored(const struct process *process, unsigned int number);

/* The default action of a signal that stops. One of the keyboard does not stop
 * a group that nobody would continue. */
void signal_stop(struct process *self, unsigned int number);

/* A fault of the current thread: blocked or ignored, it ends the process.
 * Interrupts are enabled. */
void signal_fault(unsigned int number, const struct signal_info *info);

/* Sets the current thread's blocked set (SIGKILL and SIGSTOP stay out). */
void signal_block(signal_set_t set);

/* For the length of one call, as pselect(2) and sigsuspend(2) do: the delivery
 * puts the old set back, or at the latest the way to user mode. */
void signal_block_for_call(signal_set_t set);

/* Whether a background process that reads or writes its terminal would be
 * stopped by the signal: neither blocked nor ignored. (If its group is
 * orphaned it is not stopped either, and gets EIO instead.) */
bool signal_is_open(unsigned int number);

/* Whether nobody outside of the process's group, but of its session, is there
 * to continue it: it is not stopped from a keyboard then. */
bool signal_group_is_orphaned(const struct process *member);

/* rt_sigaction(2) made the signal one that is ignored: it is pending no
 * more. */
void signal_forget(struct process *process, unsigned int number);

/* The next signal of the wanted that the current thread, or else its process,
 * has pending: rt_sigtimedwait(2). 0: none. */
unsigned int signal_take(signal_set_t wanted, struct signal_info *info);

/* After execve(2): handlers are gone, ignored signals stay so. */
void signal_exec(struct process *process);

/*
 * On the way to user mode with regs, interrupts enabled: delivers, stops, or
 * does not return. If it comes from a system call, is_syscall, and rax has its
 * result: -ERESTARTSYS and -ERESTARTNOHAND become what the program sees.
 */
void signal_deliver(struct trap_regs *regs, bool is_syscall);

#endif
