/* SPDX-License-Identifier: MIT
 *
 * Records of processes and their tree.
 */
#include "guest-kernel/proc/process.h"

#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/errno.h"
#include "guest-kernel/proc/exec.h"
#include "guest-kernel/proc/user.h"
#include "lib/string.h"

static struct process monitor = {
    .name = "monitor",
    .children = LIST_INIT(monitor.children),
    .child_ended = WAIT_QUEUE_INIT(monitor.child_ended),
};

struct process *process_of_monitor(void)
{
    return &monitor;
}

struct process *process_current(void)
{
    return thread_current()->process;
}

/* ---- birth ---- */

static void process_free(struct process *process)
{
    space_destroy(process->space);
    kfree(process->fpu);
    kfree(process);
}

/* Takes over the space, also when it fails. NULL without memory. */
static struct process *process_create(struct space *space, const char *name)
{
    struct process *process = kzalloc(sizeof(*process));

    if (process == NULL) {
        space_destroy(space);
        return NULL;
    }
    process->space = space;
    process->fpu = fpu_state_create();
    (void)string_copy(process->name, sizeof(process->name), name);
    list_init(&process->children);
    list_init(&process->sibling);
    list_init(&process->child_ended.threads);
    if (space != NULL && process->fpu != NULL)
        return process;
    process_free(process);
    return NULL;
}

/* The first function of its thread. */
static void process_main(void *argument)
{
    struct process *process = argument;
    struct trap_regs regs = process->start;

    privops_irq_disable();
    trap_leave(&regs);
}

/* Puts it into the tree and gives it a thread. Its number, or -EAGAIN. */
static int64_t process_start(struct process *process, struct process *parent)
{
    static uint32_t last_pid;
    bool irq_on = privops_irq_save();
    int64_t pid = -EAGAIN;

    /* It does not run before interrupts are enabled. */
    process->thread = thread_create(process->name, process_main, process);
    if (process->thread != NULL) {
        process->thread->process = process;
        process->parent = parent;
        list_add_last(&parent->children, &process->sibling);
        process->pid = ++last_pid;
        pid = process->pid;
    }
    privops_irq_restore(irq_on);
    if (pid < 0)
        process_free(process);
    return pid;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

int64_t process_spawn(struct process *parent, const char *path,
                      unsigned int nr_args, char *const *args, const char **why)
{
    struct process *process = process_create(space_create(), last_part(path));
    int64_t result;

    *why = "out of memory";
    if (process == NULL)
        return -ENOMEM;
    result = exec_load(process, path, nr_args, args, why);
    if (result < 0) {
        process_free(process);
        return result;
    }
    *why = "there are too many threads";
    return process_start(process, parent);
}

int64_t process_fork(void)
{
    struct process *self = process_current(), *child;

    child = process_create(space_clone(self->space), self->name);
    if (child == NULL)
        return -ENOMEM;
    child->heap_start = self->heap_start;
    child->heap_end = self->heap_end;
    child->blocked_signals = self->blocked_signals;
    user_copy_state(child);
    child->start = *self->regs;
    child->start.frame.rax = 0;
    return process_start(child, self);
}

/* ---- end ---- */

/* Those that have ended go; the others have no parent from now on. */
static void leave_children(struct process *self)
{
    struct process *child, *following;

    list_for_each_entry_safe (child, following, &self->children, sibling) {
        list_remove(&child->sibling);
        child->parent = NULL;
        if (child->ended)
            process_free(child);
    }
}

_Noreturn void process_exit(uint32_t status)
{
    struct process *self = process_current();

    user_leave();
    space_destroy(self->space);
    self->space = NULL;
    kfree(self->fpu);
    self->fpu = NULL;
    privops_irq_disable();
    leave_children(self);
    self->status = status;
    self->ended = true;
    /* The thread is on its stack until the next one runs, but not after. */
    if (self->parent != NULL)
        wait_queue_wake_all(&self->parent->child_ended);
    else
        process_free(self);
    thread_exit();
}

/* The first that has ended, else the first, else NULL. */
static struct process *find_child(struct process *parent, int64_t pid)
{
    struct process *child, *found = NULL;

    list_for_each_entry (child, &parent->children, sibling) {
        if (pid != -1 && pid != child->pid)
            continue;
        if (child->ended)
            return child;
        if (found == NULL)
            found = child;
    }
    return found;
}

int64_t process_wait(struct process *parent, int64_t pid, bool hang,
                     uint32_t *status)
{
    bool irq_on = privops_irq_save();
    struct process *child;
    int64_t result;

    while ((child = find_child(parent, pid)) != NULL && !child->ended && hang)
        wait_queue_sleep(&parent->child_ended);
    if (child == NULL) {
        result = -ECHILD;
    } else if (!child->ended) {
        result = 0;
    } else {
        result = child->pid;
        *status = child->status;
        list_remove(&child->sibling);
        process_free(child);
    }
    privops_irq_restore(irq_on);
    return result;
}
