/* SPDX-License-Identifier: MIT
 *
 * clone(2), and with it fork(2), vfork(2) and the making of threads. Linux lets
 * a program say of each part of a process whether it is shared; libc asks for
 * these four combinations, and no others work:
 *
 *   nothing shared              fork: a process with a copy of everything
 *   CLONE_VFORK                 the same; the caller waits for its execve(2)
 *   CLONE_VM | CLONE_VFORK      vfork, posix_spawn: it borrows the memory
 *   all of them, CLONE_THREAD   a thread
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/process_parts.h"
#include "guest-kernel/proc/user.h"
#include "guest-kernel/thread/sched.h"
#include "lib/string.h"

#define CLONE_ANYWAY                                                           \
    (CLONE_EXIT_SIGNAL | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |  \
     CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_CHILD_SETTID)
#define CLONE_A_THREAD                                                         \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static bool is_known(uint64_t flags)
{
    uint64_t kind = flags & ~CLONE_ANYWAY, signal = flags & CLONE_EXIT_SIGNAL;

    if (kind == CLONE_A_THREAD)
        return true;
    return (kind == 0 || kind == CLONE_VFORK ||
            kind == (CLONE_VM | CLONE_VFORK)) &&
           (signal == 0 || signal == SIGCHLD);
}

/* What a thread takes over from the one that makes it. */
static void inherit_thread(struct thread *thread,
                           const struct clone_request *request)
{
    const struct thread_user *from = thread_current()->user;
    struct thread_user *user = thread->user;

    user_copy_state(thread);
    if (request->flags & CLONE_SETTLS)
        user->bases.fs = request->tls;
    if (request->flags & CLONE_CHILD_CLEARTID)
        user->clear_tid_vaddr = request->child_tid_vaddr;
    user->signals.blocked = from->signals.blocked;
    if (request->flags & CLONE_THREAD)
        return;
    user->signals.stack_start = from->signals.stack_start;
    user->signals.stack_size = from->signals.stack_size;
    user->signals.stack_flags = from->signals.stack_flags;
}

static struct thread *add_thread(struct process *process,
                                 const struct clone_request *request)
{
    struct trap_regs regs = *thread_current()->user->regs;
    struct thread *thread;

    regs.frame.rax = 0;
    if (request->stack != 0)
        regs.frame.rsp = request->stack;
    thread = process_add_thread(process, &regs);
    if (thread != NULL)
        inherit_thread(thread, request);
    return thread;
}

/* Bad addresses are the program's loss, as in Linux. */
static void write_tids(const struct thread *thread,
                       const struct clone_request *request)
{
    uint32_t id = thread->id;

    if (request->flags & CLONE_PARENT_SETTID)
        (void)space_copy_out(process_current()->space,
                             request->parent_tid_vaddr, &id, sizeof(id));
    if (request->flags & CLONE_CHILD_SETTID)
        (void)space_copy_out(thread->process->space, request->child_tid_vaddr,
                             &id, sizeof(id));
}

static int64_t clone_thread(const struct clone_request *request)
{
    struct process *self = process_current();
    struct thread *thread;

    if (self->is_exiting || thread_current()->user->must_exit)
        return -EAGAIN;
    thread = add_thread(self, request);
    if (thread == NULL)
        return thread_count() >= THREADS_MAX ? -EAGAIN : -ENOMEM;
    (void)string_copy(thread->name, sizeof(thread->name),
                      thread_current()->name);
    write_tids(thread, request);
    return thread->id;
}

/* False: there is no memory. What there is goes with process_free(). */
static bool inherit_process(struct process *child, const struct process *self,
                            uint64_t flags)
{
    child->space =
        flags & CLONE_VM ? space_get(self->space) : space_clone(self->space);
    child->files = files_clone(self->files);
    if (child->space == NULL || child->files == NULL)
        return false;
    child->heap_start = self->heap_start;
    child->heap_end = self->heap_end;
    child->args_start = self->args_start;
    child->args_end = self->args_end;
    child->environment_end = self->environment_end;
    process_set_program(child, inode_get(self->program));
    self->program->nr_running++;
    child->cwd = inode_get(self->cwd);
    child->root = inode_get(self->root);
    child->umask = self->umask;
    child->nice = self->nice;
    child->pgid = self->pgid;
    child->sid = self->sid;
    child->tty = self->tty;
    child->exit_signal = (uint32_t)(flags & CLONE_EXIT_SIGNAL);
    memcpy(child->actions, self->actions, sizeof(child->actions));
    memcpy(child->limits, self->limits, sizeof(child->limits));
    return true;
}

static bool is_killed(const struct thread_user *user)
{
    const struct process *process = user->thread->process;

    return user->must_exit ||
           ((user->signals.pending.set | process->pending.set) &
            signal_bit(SIGKILL)) != 0;
}

/*
 * Until the child has memory of its own, or has ended: its record may be gone
 * then. Other signals than SIGKILL wait, too.
 */
static void wait_for_vfork(struct process *child, uint32_t pid)
{
    struct thread *self = thread_current();
    struct wait_queue done = WAIT_QUEUE_INIT(done);
    bool irq_on = privops_irq_save();

    child->vfork_done = &done;
    while (process_find(pid) == child && child->vfork_done == &done) {
        if (is_killed(self->user)) {
            child->vfork_done = NULL;
            break;
        }
        list_add_last(&done.threads, &self->node);
        self->interruptible = true;
        sched_block(THREAD_BLOCKED, WAIT_FOREVER);
        self->interruptible = false;
    }
    privops_irq_restore(irq_on);
}

static int64_t clone_process(const struct clone_request *request)
{
    struct process *self = process_current(), *child;
    struct thread *thread = NULL;
    uint32_t pid;

    if (process_count() >= THREADS_MAX || thread_count() >= THREADS_MAX)
        return -EAGAIN;
    child = process_create(self->name);
    if (child == NULL)
        return -ENOMEM;
    if (inherit_process(child, self, request->flags))
        thread = add_thread(child, request);
    if (thread == NULL) {
        process_free(child);
        return -ENOMEM;
    }
    pid = thread->id;
    process_publish(child, self, pid);
    write_tids(thread, request);
    if (request->flags & CLONE_VFORK)
        wait_for_vfork(child, pid);
    return pid;
}

int64_t process_clone(const struct clone_request *request)
{
    if (!is_known(request->flags))
        return -EINVAL;
    if ((request->flags & CLONE_SETTLS) && request->tls >= SPACE_USER_END)
        return -EPERM;
    if (request->flags & CLONE_THREAD)
        return clone_thread(request);
    return clone_process(request);
}
