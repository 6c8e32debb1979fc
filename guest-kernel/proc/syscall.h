/* SPDX-License-Identifier: MIT
 *
 * System calls: from a number in rax to a function. Arguments in rdi, rsi,
 * rdx, r10, r8 and r9, result in rax, a negative error number for failure.
 */
#ifndef GUEST_KERNEL_PROC_SYSCALL_H
#define GUEST_KERNEL_PROC_SYSCALL_H

#include <stdint.h>

#include "guest-kernel/proc/process.h"

#define SYSCALL_MAX_ARGS 6

/*
 * self is the caller, args are six numbers that it chose. User memory is
 * touched by space_copy_in() and space_copy_out() only.
 */
typedef int64_t syscall_function_t(struct process *self, const uint64_t *args);

#define SYSCALL(number, name) syscall_function_t sys_##name;
#include "guest-kernel/proc/syscalls.def"
#undef SYSCALL

/* Carries out what self->regs ask for. Interrupts are enabled. */
void syscall_dispatch(struct process *self);

#endif
