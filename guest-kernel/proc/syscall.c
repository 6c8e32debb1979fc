/* SPDX-License-Identifier: MIT
 *
 * The table of system calls.
 */
#include "guest-kernel/proc/syscall.h"

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/errno.h"
#include "lib/bitmap.h"
#include "lib/macros.h"

static syscall_function_t *const functions[] = {
#define SYSCALL(number, name) [number] = sys_##name,
#define SYSCALL_AS(number, name, other) [number] = sys_##other,
#include "guest-kernel/proc/syscalls.def"
#undef SYSCALL
#undef SYSCALL_AS
};

/* All that Linux has, from its asm/unistd_64.h (objects.mk). */
static const char *const names[] = {
#include "syscall_names.inc"
};

/* Numbers from here on, which Linux has none of, are reported as one. */
#define NR_REPORTED 512u

/* Says so once for each number: a program may try it in a loop. */
static int64_t not_there(const struct process *self, uint64_t number)
{
    static uint64_t reported[BITMAP_WORDS(NR_REPORTED + 1)];
    size_t bit = MIN(number, (uint64_t)NR_REPORTED);
    const char *name = number < ARRAY_SIZE(names) ? names[number] : NULL;

    if (!bitmap_test(reported, bit))
        kprintf("guest: %s (process %u): there is no system call %lu%s%s\n",
                self->name, self->pid, number, name != NULL ? ", " : "",
                name != NULL ? name : "");
    bitmap_set(reported, bit);
    return -ENOSYS;
}

void syscall_dispatch(struct process *self, struct trap_regs *regs)
{
    uint64_t number = regs->frame.rax;
    const uint64_t args[SYSCALL_MAX_ARGS] = {
        regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9,
    };
    int64_t result;

    thread_current()->user->syscall_number = number;
    if (number < ARRAY_SIZE(functions) && functions[number] != NULL)
        result = functions[number](self, args);
    else
        result = not_there(self, number);
    regs->frame.rax = (uint64_t)result;
}
