/* SPDX-License-Identifier: MIT
 *
 * The end of threads and processes, and waiting for it. What a process has is
 * given back when its last thread ends; its record stays until the parent has
 * seen it.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/futex.h"
#include "guest-kernel/proc/process_parts.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/proc/timer.h"
#include "guest-kernel/proc/user.h"
#include "guest-kernel/thread/sched.h"

/* ---- the family ---- */

void process_child_info(uint32_t pid, uint32_t status, struct signal_info *info)
{
    *info = (struct signal_info){.number = SIGCHLD, .pid = pid};
    if (status == STATUS_CONTINUED) {
        info->code = CLD_CONTINUED;
        info->status = SIGCONT;
    } else if ((status & 0x7f) == 0) {
        info->code = CLD_EXITED;
        info->status = status >> 8;
    } else if ((status & 0xff) == 0x7f) {
        info->code = CLD_STOPPED;
        info->status = status >> 8;
    } else {
        info->code = CLD_KILLED;
        info->status = status & 0x7f;
    }
}

/* It has ended: its parent hears of it, or its record goes right now. */
static void tell_parent(struct process *process)
{
    struct process *parent = process->parent;
    const struct signal_action *action;
    struct signal_info info;
    bool nobody_waits;

    if (parent == NULL) {
        process_free(process);
        return;
    }
    action = &parent->actions[SIGCHLD - 1];
    nobody_waits =
        process->exit_signal == SIGCHLD &&
        (action->handler == SIG_IGN || (action->flags & SA_NOCLDWAIT) != 0);
    process_child_info(process->pid, process->status, &info);
    if (process->exit_signal != 0)
        signal_send(parent, process->exit_signal, &info);
    if (nobody_waits)
        process_free(process);
    wait_queue_wake_all(&parent->child_changed);
}

/*
 * Nobody is left to continue the stopped processes of member's group, of which
 * it was the link to its session that its parent has gone, or it itself: they
 * are told, and go on.
 */
static void orphan_group(const struct process *member,
                         const struct process *parent)
{
    const struct process *process;
    uint32_t pgid = member->pgid;
    bool is_stopped = false;

    if (parent == NULL || parent->pgid == pgid || parent->sid != member->sid ||
        !signal_group_is_orphaned(member))
        return;
    for_each_process (process)
        is_stopped |=
            process->pgid == pgid && process->state == PROCESS_STOPPED;
    if (!is_stopped)
        return;
    (void)signal_send_group(pgid, SIGHUP, NULL);
    (void)signal_send_group(pgid, SIGCONT, NULL);
}

static void leave_children(struct process *self)
{
    struct process *init = process_find(1), *child, *following;

    list_for_each_entry_safe (child, following, &self->children, sibling) {
        list_remove(&child->sibling);
        child->parent = init;
        child->exit_signal = SIGCHLD; /* whatever clone(2) said */
        if (init != NULL)
            list_add_last(&init->children, &child->sibling);
        orphan_group(child, self);
        if (child->state == PROCESS_ENDED)
            tell_parent(child);
    }
}

void process_release_parent(struct process *process)
{
    bool irq_on = privops_irq_save();
    struct wait_queue *done = process->vfork_done;

    process->vfork_done = NULL;
    if (done != NULL)
        wait_queue_wake_all(done);
    privops_irq_restore(irq_on);
}

/* ---- the end ---- */

static void end_siblings(struct process *self)
{
    const struct thread_user *own = thread_current()->user;
    struct thread_user *user;
    bool irq_on = privops_irq_save();

    list_for_each_entry (user, &self->threads, sibling) {
        if (user == own)
            continue;
        user->must_exit = true;
        user->thread->work = true;
        if (user->thread->interruptible)
            sched_wake(user->thread);
    }
    privops_irq_restore(irq_on);
}

/* What others that share the memory wait for, while it is there. */
static void tell_memory(struct thread *thread, struct process *self)
{
    const uint64_t vaddr = thread->user->clear_tid_vaddr;
    const uint32_t none = 0;

    futex_exit_robust(thread);
    if (vaddr == 0 || self->nr_threads == 1)
        return;
    if (space_copy_out(self->space, vaddr, &none, sizeof(none)))
        futex_wake_vaddr(self->space, vaddr, 1);
}

/* The last thread of it ends. May sleep: files are closed. */
static void give_back(struct process *self)
{
    timer_stop(self);
    process_release(self);
    if (self->tty != NULL && self->sid == self->pid)
        tty_leader_ended(self);
    self->tty = NULL;
}

/* From here on the thread is one of the kernel's. Interrupts are disabled. */
static void leave_user_mode(struct thread *thread, struct process *self)
{
    struct thread_user *user = thread->user;

    user_leave();
    list_remove(&user->sibling);
    self->nr_threads--;
    self->ended_threads_ns += thread_cpu_ns(thread);
    thread->user = NULL;
    thread->process = NULL;
    signal_pending_drop(&user->signals.pending, ~0ul);
    kfree(user->fpu);
    kfree(user);
}

static void end_process(struct thread *thread, struct process *self)
{
    process_release_parent(self);
    thread->last_space = self->space;
    self->space = NULL;
    self->state = PROCESS_ENDED;
    signal_pending_drop(&self->pending, ~0ul);
    if (self->pid == 1)
        init_ended(self->status);
    leave_children(self);
    orphan_group(self, self->parent);
    tell_parent(self);
}

_Noreturn void process_exit_thread(uint32_t status)
{
    struct thread *thread = thread_current();
    struct process *self = thread->process;

    tell_memory(thread, self);
    if (self->nr_threads == 1) {
        if (!self->is_exiting)
            self->status = status;
        self->is_exiting = true;
        give_back(self);
    }
    privops_irq_disable();
    leave_user_mode(thread, self);
    if (self->nr_threads == 0)
        end_process(thread, self);
    else
        wait_queue_wake_all(&self->child_changed);
    thread_exit();
}

_Noreturn void process_exit(uint32_t status)
{
    struct process *self = process_current();

    if (!self->is_exiting) {
        self->is_exiting = true;
        self->status = status;
        end_siblings(self);
    }
    process_exit_thread(self->status);
}

int64_t process_become_single(void)
{
    const struct thread_user *user = thread_current()->user;
    struct process *self = process_current();
    bool irq_on;

    if (user->must_exit)
        return -EAGAIN;
    end_siblings(self);
    irq_on = privops_irq_save();
    while (self->nr_threads > 1)
        wait_queue_sleep(&self->child_changed);
    privops_irq_restore(irq_on);
    return user->must_exit ? -EAGAIN : 0;
}

/* ---- waiting ---- */

static bool is_meant(const struct process *child, const struct process *parent,
                     int64_t pid)
{
    if (pid > 0)
        return child->pid == pid;
    if (pid == 0)
        return child->pgid == parent->pgid;
    return pid == -1 || child->pgid == -pid;
}

static bool has_news(const struct process *child, unsigned int options)
{
    if (child->state == PROCESS_ENDED)
        return (options & WAIT_ENDED) != 0;
    return ((options & WAIT_STOPPED) && child->report_stop) ||
           ((options & WAIT_CONTINUED) && child->report_continue);
}

/* The first that has news, else the first that is meant, else NULL. */
static struct process *find_child(struct process *parent, int64_t pid,
                                  unsigned int options)
{
    struct process *child, *found = NULL;

    list_for_each_entry (child, &parent->children, sibling) {
        if (!is_meant(child, parent, pid))
            continue;
        if (has_news(child, options))
            return child;
        if (found == NULL)
            found = child;
    }
    return found;
}

static void take_news(struct process *parent, struct process *child,
                      unsigned int options, uint32_t *status, uint64_t *cpu_ns)
{
    uint64_t used_ns = process_cpu_ns(child) + child->children_ns;

    *status = child->status;
    if (cpu_ns != NULL)
        *cpu_ns = used_ns;
    if (child->state == PROCESS_ENDED) {
        if (options & WAIT_KEEP)
            return;
        parent->children_ns += used_ns;
        process_free(child);
    } else if ((options & WAIT_STOPPED) && child->report_stop) {
        child->report_stop = (options & WAIT_KEEP) != 0;
    } else {
        *status = STATUS_CONTINUED;
        child->report_continue = (options & WAIT_KEEP) != 0;
    }
}

int64_t process_wait(struct process *parent, int64_t pid, unsigned int options,
                     uint32_t *status, uint64_t *cpu_ns)
{
    bool irq_on = privops_irq_save();
    struct process *child;
    int64_t result = 0;

    while ((child = find_child(parent, pid, options)) != NULL &&
           !has_news(child, options)) {
        if (options & WAIT_NO_HANG)
            break;
        result = wait_queue_sleep_until(&parent->child_changed, WAIT_FOREVER);
        if (result != 0)
            break;
    }
    if (child == NULL) {
        result = -ECHILD;
    } else if (result == 0 && has_news(child, options)) {
        result = child->pid;
        take_news(parent, child, options, status, cpu_ns);
    }
    privops_irq_restore(irq_on);
    return result;
}
