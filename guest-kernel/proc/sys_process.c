/* SPDX-License-Identifier: MIT
 *
 * Processes: birth, end, waiting, groups and sessions.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/aio.h"
#include "guest-kernel/proc/exec.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/process_parts.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/proc/signal_frame.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/system.h"
#include "guest-kernel/proc/user.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/x86/trap.h"
#include "lib/macros.h"
#include "lib/string.h"

/* ---- birth and end ---- */

int64_t sys_exit(struct process *self, const uint64_t *args)
{
    (void)self;
    process_exit_thread(STATUS_EXITED(args[0]));
}

int64_t sys_exit_group(struct process *self, const uint64_t *args)
{
    (void)self;
    process_exit(STATUS_EXITED(args[0]));
}

int64_t sys_fork(struct process *self, const uint64_t *args)
{
    const struct clone_request request = {.flags = SIGCHLD};

    (void)self;
    (void)args;
    return process_clone(&request);
}

int64_t sys_vfork(struct process *self, const uint64_t *args)
{
    const struct clone_request request = {
        .flags = CLONE_VM | CLONE_VFORK | SIGCHLD,
    };

    (void)self;
    (void)args;
    return process_clone(&request);
}

/* args: flags, stack, where the parent wants the number, where the child wants
 * it, base of FS. */
int64_t sys_clone(struct process *self, const uint64_t *args)
{
    const struct clone_request request = {
        .flags = args[0],
        .stack = args[1],
        .parent_tid_vaddr = args[2],
        .child_tid_vaddr = args[3],
        .tls = args[4],
    };

    (void)self;
    return process_clone(&request);
}

/* ---- execve ---- */

/* All arguments and the environment together, with their pointers. */
#define EXEC_MAX_SIZE 0x20000ul
#define FIRST_SIZE 0x400ul

/* More room, up to what may still be used. */
static int64_t grow(struct exec_strings *strings, size_t *room, size_t limit)
{
    size_t wanted = MIN(MAX(*room * 2, FIRST_SIZE), limit);
    char *text;

    if (wanted <= *room)
        return -E2BIG;
    text = kmalloc(wanted);
    if (text == NULL)
        return -ENOMEM;
    if (strings->size > 0)
        memcpy(text, strings->text, strings->size);
    kfree(strings->text);
    strings->text = text;
    *room = wanted;
    return 0;
}

static int64_t copy_string(struct space *space, struct exec_strings *strings,
                           uint64_t vaddr, size_t *room, size_t limit)
{
    int64_t result = -E2BIG;

    for (;;) {
        if (*room > strings->size)
            result = space_copy_string(space, strings->text + strings->size,
                                       vaddr, *room - strings->size);
        if (result >= 0) {
            strings->size += (size_t)result + 1;
            strings->nr++;
            return 0;
        }
        if (result == -EFAULT)
            return result;
        result = grow(strings, room, limit);
        if (result != 0)
            return result;
        result = -E2BIG;
    }
}

/* From an array of pointers that ends with NULL; no array is an empty one.
 * *left is what may still be used. On failure, too, the caller frees. */
static int64_t copy_strings(struct space *space, struct exec_strings *strings,
                            uint64_t vaddr, size_t *left)
{
    int64_t result = 0;
    uint64_t string;
    size_t room = 0;

    for (; vaddr != 0 && result == 0; vaddr += sizeof(string)) {
        if (!space_copy_in(space, &string, vaddr, sizeof(string)))
            return -EFAULT;
        if (string == 0)
            break;
        if (*left < sizeof(string))
            return -E2BIG;
        *left -= sizeof(string);
        result = copy_string(space, strings, string, &room, *left);
    }
    if (strings->size > *left)
        return -E2BIG;
    *left -= strings->size;
    return result;
}

/* No way back from here on. */
static void become(struct process *self, const struct exec_image *image)
{
    struct thread *thread = thread_current();
    struct thread_user *user = thread->user;
    struct space *old = self->space;

    process_set_image(self, image);
    user_new_program();
    process_release_parent(self);
    aio_end_all(&self->aio);
    space_put(old);
    files_close_on_exec(self->files);
    signal_exec(self);
    self->has_executed = true;
    thread->id = self->pid;
    memcpy(thread->name, self->name, sizeof(thread->name));
    user->clear_tid_vaddr = 0;
    user->robust_list_vaddr = 0;
    user->restart_deadline_ns = 0;
    user->syscall_number = SIGNAL_NO_SYSCALL;
    *user->regs = image->start;
    user->regs->vector = TRAP_SYSCALL;
}

static int64_t load_and_become(struct process *self,
                               const struct exec_request *request)
{
    struct exec_image image;
    int64_t result = exec_load(request, &image, NULL);

    if (result != 0)
        return result;
    result = process_become_single();
    if (result == 0) {
        become(self, &image);
        return 0;
    }
    image.program->nr_running--;
    inode_put(image.program);
    space_put(image.space);
    return result;
}

/* args: path, arguments, environment */
int64_t sys_execve(struct process *self, const uint64_t *args)
{
    struct exec_request request = {.path = NULL};
    size_t left = EXEC_MAX_SIZE;
    char *path = kmalloc(PATH_MAX);
    int64_t result;

    if (path == NULL)
        return -ENOMEM;
    request.path = path;
    result = space_copy_string(self->space, path, args[0], PATH_MAX);
    if (result < 0 && result != -EFAULT)
        result = -ENAMETOOLONG;
    if (result >= 0)
        result = copy_strings(self->space, &request.args, args[1], &left);
    if (result == 0)
        result =
            copy_strings(self->space, &request.environment, args[2], &left);
    if (result == 0)
        result = load_and_become(self, &request);
    kfree(request.args.text);
    kfree(request.environment.text);
    kfree(path);
    return result;
}

/* ---- waiting ---- */

#define WAIT_ALL_KINDS                                                         \
    0x60000000u /* __WALL, __WNOTHREAD: no difference here                     \
                 */

/* args: process, where the status goes, options, where the use goes. */
int64_t sys_wait4(struct process *self, const uint64_t *args)
{
    const unsigned int known = WAIT_NO_HANG | WAIT_STOPPED | WAIT_CONTINUED;
    unsigned int options = (uint32_t)args[2] & ~WAIT_ALL_KINDS;
    uint32_t status = 0;
    uint64_t cpu_ns = 0;
    int64_t result;

    if ((options & ~known) != 0)
        return -EINVAL;
    result = process_wait(self, (int32_t)args[0], options | WAIT_ENDED, &status,
                          &cpu_ns);
    if (result <= 0)
        return result;
    if (args[1] != 0 &&
        !space_copy_out(self->space, args[1], &status, sizeof(status)))
        return -EFAULT;
    if (args[3] != 0 && !system_put_usage(self->space, args[3], cpu_ns))
        return -EFAULT;
    return result;
}

#define P_ALL 0u
#define P_PID 1u
#define P_PGID 2u

/* Those that waitid(2) means, as wait4(2) says it; 1 << 32 is nobody. */
static int64_t pid_of(uint64_t kind, uint32_t id)
{
    if (kind == P_ALL)
        return -1;
    if (kind == P_PID)
        return id != 0 ? id : (int64_t)1 << 32;
    return -(int64_t)id;
}

/* args: what id is, id, where the siginfo goes, options, where the use goes. */
int64_t sys_waitid(struct process *self, const uint64_t *args)
{
    const unsigned int kinds = WAIT_ENDED | WAIT_STOPPED | WAIT_CONTINUED;
    unsigned int options = (uint32_t)args[3] & ~WAIT_ALL_KINDS;
    struct signal_info info = {.number = 0};
    uint32_t status = 0;
    uint64_t cpu_ns = 0;
    int64_t pid;

    if (args[0] > P_PGID || (options & kinds) == 0 ||
        (options & ~(kinds | WAIT_NO_HANG | WAIT_KEEP)) != 0)
        return -EINVAL;
    pid = process_wait(self, pid_of(args[0], (uint32_t)args[1]), options,
                       &status, &cpu_ns);
    if (pid < 0)
        return pid;
    if (pid > 0)
        process_child_info((uint32_t)pid, status, &info);
    if (args[2] != 0 &&
        !space_copy_out(self->space, args[2], &info, sizeof(info)))
        return -EFAULT;
    if (args[4] != 0 && !system_put_usage(self->space, args[4], cpu_ns))
        return -EFAULT;
    return 0;
}

/* ---- numbers, groups and sessions ---- */

int64_t sys_getpid(struct process *self, const uint64_t *args)
{
    (void)args;
    return self->pid;
}

int64_t sys_gettid(struct process *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    return thread_current()->id;
}

int64_t sys_getppid(struct process *self, const uint64_t *args)
{
    (void)args;
    return self->parent != NULL ? self->parent->pid : 0;
}

/* 0 is the caller. */
static struct process *process_by_number(struct process *self, uint64_t pid)
{
    return (uint32_t)pid == 0 ? self : process_find((uint32_t)pid);
}

int64_t sys_getpgid(struct process *self, const uint64_t *args)
{
    const struct process *process = process_by_number(self, args[0]);

    return process != NULL ? (int64_t)process->pgid : -ESRCH;
}

int64_t sys_getpgrp(struct process *self, const uint64_t *args)
{
    (void)args;
    return self->pgid;
}

int64_t sys_getsid(struct process *self, const uint64_t *args)
{
    const struct process *process = process_by_number(self, args[0]);

    return process != NULL ? (int64_t)process->sid : -ESRCH;
}

static bool group_is_in_session(uint32_t pgid, uint32_t sid)
{
    const struct process *process;

    for_each_process (process)
        if (process->pgid == pgid && process->sid == sid)
            return true;
    return false;
}

/* args: process, group */
int64_t sys_setpgid(struct process *self, const uint64_t *args)
{
    struct process *process = process_by_number(self, args[0]);
    uint32_t pgid = (uint32_t)args[1];

    if ((int32_t)pgid < 0)
        return -EINVAL;
    if (process == NULL || process->state == PROCESS_ENDED ||
        (process != self && process->parent != self))
        return -ESRCH;
    if (process->sid != self->sid || process->sid == process->pid)
        return -EPERM;
    if (process != self && process->has_executed)
        return -EACCES;
    if (pgid == 0)
        pgid = process->pid;
    if (pgid != process->pid && !group_is_in_session(pgid, self->sid))
        return -EPERM;
    process->pgid = pgid;
    return 0;
}

int64_t sys_setsid(struct process *self, const uint64_t *args)
{
    const struct process *process;

    (void)args;
    for_each_process (process)
        if (process->pgid == self->pid)
            return -EPERM;
    self->pgid = self->pid;
    self->sid = self->pid;
    self->tty = NULL;
    return self->pid;
}
