/* SPDX-License-Identifier: MIT
 *
 * System calls: from a number in rax to a function. Arguments in rdi, rsi,
 * rdx, r10, r8 and r9, result in rax, a negative error number for failure.
 */
#ifndef GUEST_KERNEL_PROC_SYSCALL_H
#define GUEST_KERNEL_PROC_SYSCALL_H

#include <stdint.h>

#include "guest-kernel/errno.h"
#include "guest-kernel/proc/process.h"

#define SYSCALL_MAX_ARGS 6

/*
 * self is the caller's process, args are six numbers that it chose; the caller
 * itself is thread_current(). User memory is touched by space_copy_in(),
 * space_copy_out() and the like only. -ERESTARTSYS: see guest-kernel/errno.h;
 * the call starts over with the arguments that it had.
 */
typedef int64_t syscall_function_t(struct process *self, const uint64_t *args);

#define SYSCALL(number, name) syscall_function_t sys_##name;
#define SYSCALL_AS(number, name, other)
#include "guest-kernel/proc/syscalls.def"
#undef SYSCALL
#undef SYSCALL_AS

/* 0 or -EFAULT. */
static inline int64_t user_put(struct process *self, uint64_t vaddr,
                               const void *from, size_t size)
{
    return space_copy_out(self->space, vaddr, from, size) ? 0 : -EFAULT;
}

/* Carries out what regs ask for. Interrupts are enabled. */
void syscall_dispatch(struct process *self, struct trap_regs *regs);

#endif
