/* SPDX-License-Identifier: MIT
 *
 * Processes. A process has one thread, so its number is the thread's, too.
 * There are no signals but those that end a process.
 */
#include "guest-kernel/proc/errno.h"
#include "guest-kernel/proc/sched.h"
#include "guest-kernel/proc/syscall.h"

/* arch_prctl(2), wait(2), sigaction(2), sigprocmask(2) */
#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004
#define WNOHANG 1u
#define NR_SIGNALS 64
#define SIGNAL_SET_SIZE 8
#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2
#define SIG_IGN 1u

int64_t sys_exit(struct process *self, const uint64_t *args)
{
    (void)self;
    process_exit(STATUS_EXITED(args[0]));
}

int64_t sys_exit_group(struct process *self, const uint64_t *args)
{
    return sys_exit(self, args);
}

int64_t sys_fork(struct process *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    return process_fork();
}

/*
 * args: process, where the status goes, options, where the resources used go.
 * The last is not counted. There are no process groups: 0 means any child.
 */
int64_t sys_wait4(struct process *self, const uint64_t *args)
{
    int32_t pid = (int32_t)args[0];
    uint32_t status = 0;
    int64_t result;

    if ((args[2] & ~(uint64_t)WNOHANG) != 0)
        return -EINVAL;
    if (args[3] != 0)
        return -ENOSYS;
    if (pid < -1)
        return -ECHILD;
    result = process_wait(self, pid == 0 ? -1 : pid, (args[2] & WNOHANG) == 0,
                          &status);
    if (result > 0 && args[1] != 0 &&
        !space_copy_out(self->space, args[1], &status, sizeof(status)))
        return -EFAULT;
    return result;
}

int64_t sys_getpid(struct process *self, const uint64_t *args)
{
    (void)args;
    return self->pid;
}

int64_t sys_gettid(struct process *self, const uint64_t *args)
{
    return sys_getpid(self, args);
}

int64_t sys_getppid(struct process *self, const uint64_t *args)
{
    bool irq_on = privops_irq_save();
    int64_t pid = self->parent != NULL ? self->parent->pid : 0;

    (void)args;
    privops_irq_restore(irq_on);
    return pid;
}

/* Linux would clear the word when the thread ends, for others that share the
 * memory: here nobody does. */
int64_t sys_set_tid_address(struct process *self, const uint64_t *args)
{
    return sys_getpid(self, args);
}

int64_t sys_sched_yield(struct process *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    sched_yield();
    return 0;
}

/* ---- where FS and GS begin ---- */

static int64_t set_base(uint64_t code, uint64_t base)
{
    struct privops_bases bases, now;
    bool irq_on;

    if (base >= SPACE_USER_END)
        return -EPERM;
    irq_on = privops_irq_save();
    privops_bases_save(&now);
    bases = now;
    if (code == ARCH_SET_FS)
        bases.fs = base;
    else
        bases.gs = base;
    privops_bases_load(&bases, &now);
    privops_irq_restore(irq_on);
    return 0;
}

static int64_t get_base(struct process *self, uint64_t code, uint64_t to)
{
    struct privops_bases bases;
    bool irq_on = privops_irq_save();
    const uint64_t *base = code == ARCH_GET_FS ? &bases.fs : &bases.gs;

    privops_bases_save(&bases);
    privops_irq_restore(irq_on);
    return space_copy_out(self->space, to, base, sizeof(*base)) ? 0 : -EFAULT;
}

int64_t sys_arch_prctl(struct process *self, const uint64_t *args)
{
    switch (args[0]) {
    case ARCH_SET_FS:
    case ARCH_SET_GS:
        return set_base(args[0], args[1]);
    case ARCH_GET_FS:
    case ARCH_GET_GS:
        return get_base(self, args[0], args[1]);
    default:
        return -EINVAL;
    }
}

/* ---- signals, of which there are none to handle ---- */

/* The head of Linux's struct sigaction. */
struct signal_action {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};

/*
 * args: signal, new action, where the old one goes, size of a set. No signal
 * is ever sent, so to ignore one, or not to, is the same. A handler would
 * never be called: better to say so.
 */
int64_t sys_rt_sigaction(struct process *self, const uint64_t *args)
{
    struct signal_action action = {0, 0, 0, 0};
    const struct signal_action none = {0, 0, 0, 0};

    if (args[0] == 0 || args[0] > NR_SIGNALS || args[3] != SIGNAL_SET_SIZE)
        return -EINVAL;
    if (args[1] != 0 &&
        !space_copy_in(self->space, &action, args[1], sizeof(action)))
        return -EFAULT;
    if (action.handler > SIG_IGN)
        return -ENOSYS;
    if (args[2] != 0 &&
        !space_copy_out(self->space, args[2], &none, sizeof(none)))
        return -EFAULT;
    return 0;
}

static int64_t change_mask(uint64_t *mask, uint64_t how, uint64_t set)
{
    if (how == SIG_BLOCK)
        *mask |= set;
    else if (how == SIG_UNBLOCK)
        *mask &= ~set;
    else if (how == SIG_SETMASK)
        *mask = set;
    else
        return -EINVAL;
    return 0;
}

/* args: how, new set, where the old one goes, size of a set. The set is kept,
 * and blocks what there is: nothing. */
int64_t sys_rt_sigprocmask(struct process *self, const uint64_t *args)
{
    uint64_t old = self->blocked_signals, set;
    int64_t result = 0;

    if (args[3] != SIGNAL_SET_SIZE)
        return -EINVAL;
    if (args[1] != 0) {
        if (!space_copy_in(self->space, &set, args[1], sizeof(set)))
            return -EFAULT;
        result = change_mask(&self->blocked_signals, args[0], set);
    }
    if (result == 0 && args[2] != 0 &&
        !space_copy_out(self->space, args[2], &old, sizeof(old)))
        return -EFAULT;
    return result;
}
