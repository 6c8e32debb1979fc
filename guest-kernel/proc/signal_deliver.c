/* SPDX-License-Identifier: MIT
 *
 * The way to user mode when signals wait: they end the process, stop it, or
 * have their handlers run; and what becomes of the system call that they
 * interrupted.
 */
#include "guest-kernel/proc/signal.h"

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/proc/signal_frame.h"
#include "guest-kernel/thread/sched.h"

/* The length of a syscall instruction. */
#define SYSCALL_SIZE 2

static void wait_while_stopped(const struct thread_user *user,
                               struct process *self)
{
    struct thread *thread = user->thread;
    bool irq_on = privops_irq_save();

    while (self->state == PROCESS_STOPPED && !user->must_exit) {
        list_add_last(&self->resumed.threads, &thread->node);
        thread->interruptible = true;
        sched_block(THREAD_BLOCKED, WAIT_FOREVER);
        thread->interruptible = false;
    }
    privops_irq_restore(irq_on);
}

/* The next signal that has a handler; others act. 0: no more. */
static unsigned int next_caught(struct signal_info *info,
                                struct signal_action *action)
{
    struct process *self = process_current();
    struct thread_user *user = thread_current()->user;
    unsigned int number;

    for (;;) {
        wait_while_stopped(user, self);
        if (user->must_exit)
            process_exit_thread(self->status);
        /* Before a stop that nothing else would end. */
        number = signal_take(signal_bit(SIGKILL), info);
        if (number == 0)
            number = signal_take(~user->signals.blocked, info);
        if (number == 0)
            return 0;
        *action = self->actions[number - 1];
        if (signal_is_ignored(self, number))
            continue;
        if (action->handler != SIG_DFL)
            return number;
        if (signal_default(number) == SIGNAL_ENDS)
            process_exit(STATUS_KILLED(number));
        signal_stop(self, number);
    }
}

static void handle(struct trap_regs *regs, unsigned int number,
                   const struct signal_info *info,
                   const struct signal_action *action)
{
    struct process *self = process_current();
    struct thread_signals *signals = &thread_current()->user->signals;
    signal_set_t blocked = signals->blocked | action->mask;

    if (!signal_frame_push(regs, action, info)) {
        if (number == SIGSEGV || !signal_is_caught(SIGSEGV))
            kprintf("guest: %s (process %u) killed, SIGSEGV: no way to %s's "
                    "handler at 0x%lx with the stack at 0x%lx\n",
                    self->name, self->pid, signal_name(number), action->handler,
                    regs->frame.rsp);
        if (number == SIGSEGV)
            process_exit(STATUS_KILLED(SIGSEGV));
        signal_fault(SIGSEGV, NULL);
        return;
    }
    if (action->flags & SA_RESETHAND)
        self->actions[number - 1].handler = SIG_DFL;
    if (!(action->flags & SA_NODEFER))
        blocked |= signal_bit(number);
    signals->restore_saved = false; /* the frame has it */
    signal_block(blocked);
}

static bool is_interrupted(const struct trap_regs *regs)
{
    int64_t result = (int64_t)regs->frame.rax;

    return thread_current()->user->syscall_number != SIGNAL_NO_SYSCALL &&
           (result == -ERESTARTSYS || result == -ERESTARTNOHAND);
}

static void start_over(struct trap_regs *regs)
{
    regs->frame.rip -= SYSCALL_SIZE;
    regs->frame.rax = thread_current()->user->syscall_number;
}

static void end_call(struct trap_regs *regs, const struct signal_action *action)
{
    if ((int64_t)regs->frame.rax == -ERESTARTSYS &&
        (action->flags & SA_RESTART))
        start_over(regs);
    else
        regs->frame.rax = (uint64_t)-EINTR;
}

void signal_deliver(struct trap_regs *regs, bool is_syscall)
{
    struct thread_user *user = thread_current()->user;
    struct signal_action action;
    struct signal_info info;
    unsigned int number;

    while ((number = next_caught(&info, &action)) != 0) {
        if (is_syscall && is_interrupted(regs))
            end_call(regs, &action);
        is_syscall = false;
        user->restart_deadline_ns = 0;
        handle(regs, number, &info, &action);
    }
    if (is_syscall && is_interrupted(regs))
        start_over(regs);
    if (user->signals.restore_saved) {
        user->signals.restore_saved = false;
        signal_block(user->signals.saved);
    }
}
