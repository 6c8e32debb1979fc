/* SPDX-License-Identifier: MIT
 *
 * Who gets a signal, and what it does. A sent signal waits with the thread or
 * the process; all threads that could take it are told (thread->work, and the
 * end of a sleep that can be interrupted), and the first that is on its
 * way to user mode takes it. For the others the call starts over, and no
 * program can tell (proc/signal_deliver.c).
 *
 * Process 1 gets only what it has handlers for, so nobody ends it by mistake;
 * its own faults do.
 *
 * Interrupt handlers send signals: interrupts are disabled wherever pending
 * sets are changed.
 */
#include "guest-kernel/proc/signal.h"

#include "guest-kernel/fs/pipe.h"
#include "guest-kernel/thread/sched.h"

/* ---- sending ---- */

bool signal_is_ignored(const struct process *process, unsigned int number)
{
    uint64_t handler = process->actions[number - 1].handler;

    return handler == SIG_IGN ||
           (handler == SIG_DFL &&
            (process->pid == 1 || signal_default(number) == SIGNAL_IGNORED));
}

/* On to user mode, where signals are taken. */
static void tell(struct thread_user *user)
{
    struct thread *thread = user->thread;

    thread->work = true;
    if (thread->state == THREAD_BLOCKED && thread->interruptible)
        sched_wake(thread);
}

static void drop_everywhere(struct process *process, signal_set_t set)
{
    struct thread_user *user;

    signal_pending_drop(&process->pending, set);
    list_for_each_entry (user, &process->threads, sibling)
        signal_pending_drop(&user->signals.pending, set);
}

/* Interrupts are disabled. */
static void tell_parent(struct process *child, int32_t code, uint32_t status)
{
    const struct signal_info info = {
        .code = code,
        .pid = child->pid,
        .status = status,
    };
    struct process *parent = child->parent;

    if (parent == NULL)
        return;
    if (!(parent->actions[SIGCHLD - 1].flags & SA_NOCLDSTOP))
        signal_send(parent, SIGCHLD, &info);
    wait_queue_wake_all(&parent->child_changed);
}

static void resume(struct process *process)
{
    process->state = PROCESS_ALIVE;
    process->report_stop = false;
    wait_queue_wake_all(&process->resumed);
}

/* What the mere sending of some signals does. */
static void act_at_once(struct process *process, unsigned int number)
{
    bool was_stopped = process->state == PROCESS_STOPPED;

    if (signal_bit(number) & SIGNALS_STOP)
        drop_everywhere(process, signal_bit(SIGCONT));
    if (number == SIGCONT)
        drop_everywhere(process, SIGNALS_STOP);
    if (!was_stopped || (number != SIGCONT && number != SIGKILL))
        return;
    resume(process);
    if (number == SIGCONT) {
        process->report_continue = true;
        tell_parent(process, CLD_CONTINUED, SIGCONT);
    }
}

/* What all threads block waits even if it is ignored: that may change. */
static bool vanishes(const struct process *process, unsigned int number)
{
    const struct thread_user *user;

    if (process->state == PROCESS_ENDED || list_is_empty(&process->threads))
        return true;
    if (!signal_is_ignored(process, number))
        return false;
    list_for_each_entry (user, &process->threads, sibling)
        if (!(user->signals.blocked & signal_bit(number)))
            return true;
    return false;
}

void signal_send(struct process *process, unsigned int number,
                 const struct signal_info *info)
{
    bool irq_on = privops_irq_save();
    struct thread_user *user;

    act_at_once(process, number);
    if (!vanishes(process, number)) {
        signal_pending_add(&process->pending, number, info);
        list_for_each_entry (user, &process->threads, sibling)
            if (!(user->signals.blocked & signal_bit(number)))
                tell(user);
        wait_queue_wake_all(&process->signal_taken);
    }
    privops_irq_restore(irq_on);
}

void signal_send_thread(struct thread *thread, unsigned int number,
                        const struct signal_info *info)
{
    struct thread_signals *signals = &thread->user->signals;
    struct process *process = thread->process;
    bool irq_on = privops_irq_save(), is_blocked;

    act_at_once(process, number);
    is_blocked = (signals->blocked & signal_bit(number)) != 0;
    if (is_blocked || !signal_is_ignored(process, number)) {
        signal_pending_add(&signals->pending, number, info);
        if (!is_blocked)
            tell(thread->user);
        wait_queue_wake_all(&process->signal_taken);
    }
    privops_irq_restore(irq_on);
}

bool signal_send_group(uint32_t pgid, unsigned int number,
                       const struct signal_info *info)
{
    bool irq_on = privops_irq_save(), found = false;
    struct process *process;

    for_each_process (process) {
        if (process->pgid != pgid)
            continue;
        found = true;
        if (number != 0)
            signal_send(process, number, info);
    }
    privops_irq_restore(irq_on);
    return found;
}

bool signal_group_is_orphaned(const struct process *member)
{
    const struct process *process;

    for_each_process (process)
        if (process->pgid == member->pgid && process->state != PROCESS_ENDED &&
            process->parent != NULL && process->parent->pgid != member->pgid &&
            process->parent->sid == member->sid)
            return false;
    return true;
}

void signal_stop(struct process *self, unsigned int number)
{
    struct thread_user *user;
    bool irq_on;

    if (number != SIGSTOP && signal_group_is_orphaned(self))
        return;
    irq_on = privops_irq_save();
    self->state = PROCESS_STOPPED;
    self->status = STATUS_STOPPED(number);
    self->report_stop = true;
    self->report_continue = false;
    list_for_each_entry (user, &self->threads, sibling)
        tell(user);
    tell_parent(self, CLD_STOPPED, number);
    privops_irq_restore(irq_on);
}

void signal_broken_pipe(void)
{
    signal_send_thread(thread_current(), SIGPIPE, NULL);
}

void signal_fault(unsigned int number, const struct signal_info *info)
{
    if (!signal_is_caught(number))
        process_exit(STATUS_KILLED(number));
    signal_send_thread(thread_current(), number, info);
}

/* ---- what is pending, blocked and ignored ---- */

bool signal_pending(void)
{
    const struct thread *thread = thread_current();
    const struct thread_user *user = thread->user;
    signal_set_t set;

    if (user == NULL)
        return false;
    set = user->signals.pending.set | thread->process->pending.set;
    return user->must_exit || thread->process->state == PROCESS_STOPPED ||
           (set & ~user->signals.blocked) != 0;
}

bool signal_is_ending(void)
{
    const struct thread *thread = thread_current();
    const struct process *process = thread->process;
    const struct thread_user *user = thread->user;
    unsigned int number;
    signal_set_t set;

    if (user == NULL || user->must_exit)
        return user != NULL;
    set = (user->signals.pending.set | process->pending.set) &
          ~user->signals.blocked;
    for (number = 1; set != 0 && number <= NR_SIGNALS; number++)
        if ((set & signal_bit(number)) != 0 &&
            !signal_is_ignored(process, number) &&
            process->actions[number - 1].handler == SIG_DFL &&
            signal_default(number) == SIGNAL_ENDS)
            return true;
    return false;
}

void signal_block(signal_set_t set)
{
    struct thread *thread = thread_current();
    bool irq_on = privops_irq_save();

    thread->user->signals.blocked = set & ~SIGNALS_UNBLOCKABLE;
    if (signal_pending())
        thread->work = true;
    privops_irq_restore(irq_on);
}

void signal_block_for_call(signal_set_t set)
{
    struct thread *thread = thread_current();
    struct thread_signals *signals = &thread->user->signals;

    if (!signals->restore_saved)
        signals->saved = signals->blocked;
    signals->restore_saved = true;
    signal_block(set);
    thread->work = true;
}

bool signal_is_open(unsigned int number)
{
    const struct thread *thread = thread_current();

    return !(thread->user->signals.blocked & signal_bit(number)) &&
           !signal_is_ignored(thread->process, number);
}

bool signal_is_caught(unsigned int number)
{
    return signal_is_open(number) &&
           process_current()->actions[number - 1].handler != SIG_DFL;
}

void signal_forget(struct process *process, unsigned int number)
{
    bool irq_on = privops_irq_save();

    if (signal_is_ignored(process, number))
        drop_everywhere(process, signal_bit(number));
    privops_irq_restore(irq_on);
}

void signal_exec(struct process *process)
{
    struct signal_action *action;
    unsigned int i;

    for (i = 0; i < NR_SIGNALS; i++) {
        action = &process->actions[i];
        *action = (struct signal_action){
            .handler = action->handler == SIG_IGN ? SIG_IGN : SIG_DFL,
        };
    }
    thread_current()->user->signals.stack_size = 0;
}

unsigned int signal_take(signal_set_t wanted, struct signal_info *info)
{
    struct thread *thread = thread_current();
    bool irq_on = privops_irq_save();
    unsigned int number =
        signal_pending_take(&thread->user->signals.pending, wanted, info);

    if (number == 0)
        number = signal_pending_take(&thread->process->pending, wanted, info);
    privops_irq_restore(irq_on);
    return number;
}
