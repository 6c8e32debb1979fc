/* SPDX-License-Identifier: MIT
 *
 * System calls of signals. Everybody may send to everybody: all are one user.
 */
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/proc/signal_frame.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/timer.h"

/* rt_sigprocmask(2) */
#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

static bool is_signal(uint64_t number)
{
    return number >= 1 && number <= NR_SIGNALS;
}

/* A set, of which libc tells the size. 0, -EINVAL or -EFAULT. */
static int64_t read_set(struct process *self, uint64_t vaddr, uint64_t size,
                        signal_set_t *set)
{
    if (size != sizeof(*set))
        return -EINVAL;
    return space_copy_in(self->space, set, vaddr, sizeof(*set)) ? 0 : -EFAULT;
}

/* ---- what is done with signals ---- */

/* args: number, the new action, where the old one goes, size of a set. */
int64_t sys_rt_sigaction(struct process *self, const uint64_t *args)
{
    struct signal_action *action, old, new;
    uint64_t number = args[0];

    if (!is_signal(number) || args[3] != sizeof(signal_set_t))
        return -EINVAL;
    action = &self->actions[number - 1];
    old = *action;
    if (args[1] != 0) {
        if (SIGNALS_UNBLOCKABLE & signal_bit((unsigned int)number))
            return -EINVAL;
        if (!space_copy_in(self->space, &new, args[1], sizeof(new)))
            return -EFAULT;
        new.mask &= ~SIGNALS_UNBLOCKABLE;
        *action = new;
        signal_forget(self, (unsigned int)number);
    }
    if (args[2] != 0 &&
        !space_copy_out(self->space, args[2], &old, sizeof(old)))
        return -EFAULT;
    return 0;
}

/* args: how, the set, where the old one goes, size of a set. */
int64_t sys_rt_sigprocmask(struct process *self, const uint64_t *args)
{
    signal_set_t old = thread_current()->user->signals.blocked, set;
    int64_t result;

    if (args[3] != sizeof(set))
        return -EINVAL;
    if (args[1] != 0) {
        result = read_set(self, args[1], args[3], &set);
        if (result != 0)
            return result;
        if (args[0] == SIG_BLOCK)
            set = old | set;
        else if (args[0] == SIG_UNBLOCK)
            set = old & ~set;
        else if (args[0] != SIG_SETMASK)
            return -EINVAL;
        signal_block(set);
    }
    if (args[2] != 0 &&
        !space_copy_out(self->space, args[2], &old, sizeof(old)))
        return -EFAULT;
    return 0;
}

/* args: where the set goes, its size. */
int64_t sys_rt_sigpending(struct process *self, const uint64_t *args)
{
    const struct thread_signals *signals = &thread_current()->user->signals;
    signal_set_t set =
        (signals->pending.set | self->pending.set) & signals->blocked;

    if (args[1] > sizeof(set))
        return -EINVAL;
    return user_put(self, args[0], &set, args[1]);
}

/* args: the new one, where the old one goes. */
int64_t sys_sigaltstack(struct process *self, const uint64_t *args)
{
    uint64_t rsp = thread_current()->user->regs->frame.rsp;
    struct signal_stack old, new;
    int64_t result;

    signal_stack_get(&old, rsp);
    if (args[0] != 0) {
        if (!space_copy_in(self->space, &new, args[0], sizeof(new)))
            return -EFAULT;
        result = signal_stack_set(&new, rsp);
        if (result != 0)
            return result;
    }
    if (args[1] != 0 &&
        !space_copy_out(self->space, args[1], &old, sizeof(old)))
        return -EFAULT;
    return 0;
}

/* The result is the interrupted code's rax: it is restored like the rest. */
int64_t sys_rt_sigreturn(struct process *self, const uint64_t *args)
{
    struct thread_user *user = thread_current()->user;

    (void)args;
    user->syscall_number = SIGNAL_NO_SYSCALL;
    if (!signal_frame_pop(user->regs)) {
        if (!signal_is_caught(SIGSEGV))
            kprintf("guest: %s (process %u) killed, SIGSEGV: rt_sigreturn "
                    "with a bad frame at 0x%lx\n",
                    self->name, self->pid, user->regs->frame.rsp);
        signal_fault(SIGSEGV, NULL);
    }
    return (int64_t)user->regs->frame.rax;
}

/* ---- waiting for them ---- */

int64_t sys_pause(struct process *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    (void)timer_sleep(WAIT_FOREVER);
    return -ERESTARTNOHAND;
}

/* args: the set to be blocked meanwhile, its size. */
int64_t sys_rt_sigsuspend(struct process *self, const uint64_t *args)
{
    signal_set_t set;
    int64_t result = read_set(self, args[0], args[1], &set);

    if (result != 0)
        return result;
    signal_block_for_call(set);
    (void)timer_sleep(WAIT_FOREVER);
    return -ERESTARTNOHAND;
}

/* Takes a signal of the set: its number, -EAGAIN at the deadline, or
 * -ERESTARTSYS when another one comes. */
static int64_t take_until(struct process *self, signal_set_t set,
                          uint64_t deadline, struct signal_info *info)
{
    bool irq_on = privops_irq_save();
    int64_t result = 0;
    unsigned int number;

    while ((number = signal_take(set, info)) == 0 && result == 0)
        result = wait_queue_sleep_until(&self->signal_taken, deadline);
    privops_irq_restore(irq_on);
    if (number != 0)
        return number;
    return result == -ETIMEDOUT ? -EAGAIN : result;
}

/* args: the set, where the siginfo goes, how long to wait, size of the set. */
int64_t sys_rt_sigtimedwait(struct process *self, const uint64_t *args)
{
    uint64_t ns, deadline = WAIT_FOREVER;
    struct signal_info info;
    signal_set_t set;
    int64_t result = read_set(self, args[0], args[3], &set);

    if (result == 0 && args[2] != 0) {
        result = timer_read_timespec(self->space, args[2], &ns);
        deadline = timer_deadline(ns);
    }
    if (result != 0)
        return result;
    result = take_until(self, set & ~SIGNALS_UNBLOCKABLE, deadline, &info);
    if (result == -ERESTARTSYS)
        return timer_interrupted(deadline);
    if (result > 0 && args[1] != 0 &&
        !space_copy_out(self->space, args[1], &info, sizeof(info)))
        return -EFAULT;
    return result;
}

/* ---- sending them ---- */

static struct signal_info info_of(const struct process *self, int32_t code)
{
    return (struct signal_info){.code = code, .pid = self->pid};
}

/* Number 0 sends nothing, here and below, but finds out who is there. */
static bool send_to_all(const struct process *self, unsigned int number,
                        const struct signal_info *info)
{
    struct process *process;
    bool found = false;

    for_each_process (process) {
        if (process->pid <= 1 || process == self)
            continue;
        found = true;
        if (number != 0)
            signal_send(process, number, info);
    }
    return found;
}

static bool send_to_one(uint32_t pid, unsigned int number,
                        const struct signal_info *info)
{
    struct process *process = process_find(pid);

    if (process != NULL && number != 0)
        signal_send(process, number, info);
    return process != NULL;
}

/* args: whom (process_wait() says how), number. */
int64_t sys_kill(struct process *self, const uint64_t *args)
{
    const struct signal_info info = info_of(self, SI_USER);
    unsigned int number = (unsigned int)args[1];
    int32_t pid = (int32_t)args[0];
    bool found;

    if (number > NR_SIGNALS)
        return -EINVAL;
    if (pid == -1)
        found = send_to_all(self, number, &info);
    else if (pid > 0)
        found = send_to_one((uint32_t)pid, number, &info);
    else
        found = signal_send_group(pid == 0 ? self->pgid : 0u - (uint32_t)pid,
                                  number, &info);
    return found ? 0 : -ESRCH;
}

/* pid 0: of any process. */
static struct thread *find_thread(uint32_t pid, uint32_t id)
{
    struct process *process;
    struct thread_user *user;

    for_each_process (process) {
        if (process->state == PROCESS_ENDED ||
            (pid != 0 && process->pid != pid))
            continue;
        list_for_each_entry (user, &process->threads, sibling)
            if (user->thread->id == id)
                return user->thread;
    }
    return NULL;
}

static int64_t send_to_thread(struct thread *thread, unsigned int number)
{
    const struct signal_info info = info_of(process_current(), SI_TKILL);

    if (number > NR_SIGNALS)
        return -EINVAL;
    if (thread == NULL)
        return -ESRCH;
    if (number != 0)
        signal_send_thread(thread, number, &info);
    return 0;
}

/* args: which, number. */
int64_t sys_tkill(struct process *self, const uint64_t *args)
{
    (void)self;
    if ((int32_t)args[0] <= 0)
        return -EINVAL;
    return send_to_thread(find_thread(0, (uint32_t)args[0]),
                          (unsigned int)args[1]);
}

/* args: its process, which, number. */
int64_t sys_tgkill(struct process *self, const uint64_t *args)
{
    (void)self;
    if ((int32_t)args[0] <= 0 || (int32_t)args[1] <= 0)
        return -EINVAL;
    return send_to_thread(find_thread((uint32_t)args[0], (uint32_t)args[1]),
                          (unsigned int)args[2]);
}

/* args: which process, number, siginfo. Nobody pretends to be the kernel, or
 * kill(2), to another. */
int64_t sys_rt_sigqueueinfo(struct process *self, const uint64_t *args)
{
    unsigned int number = (unsigned int)args[1];
    struct signal_info info;

    if (!space_copy_in(self->space, &info, args[2], sizeof(info)))
        return -EFAULT;
    if ((info.code >= 0 || info.code == SI_TKILL) &&
        (uint32_t)args[0] != self->pid)
        return -EPERM;
    if (number > NR_SIGNALS)
        return -EINVAL;
    return send_to_one((uint32_t)args[0], number, &info) ? 0 : -ESRCH;
}
