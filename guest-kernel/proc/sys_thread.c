/* SPDX-License-Identifier: MIT
 *
 * What a thread says of itself, and how it is scheduled: round robin, like all
 * others, so most questions about that have one answer.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"
#include "lib/string.h"

/* ---- for its end ---- */

int64_t sys_set_tid_address(struct process *self, const uint64_t *args)
{
    (void)self;
    thread_current()->user->clear_tid_vaddr = args[0];
    return thread_current()->id;
}

#define ROBUST_LIST_SIZE 24

/* args: list, size of its head */
int64_t sys_set_robust_list(struct process *self, const uint64_t *args)
{
    (void)self;
    if (args[1] != ROBUST_LIST_SIZE)
        return -EINVAL;
    thread_current()->user->robust_list_vaddr = args[0];
    return 0;
}

/* 0 is the caller; threads of the kernel are nobody's to see. */
static struct thread *thread_by_number(uint64_t id)
{
    struct thread *thread =
        (uint32_t)id == 0 ? thread_current() : thread_find((uint32_t)id);

    return thread != NULL && thread->user != NULL ? thread : NULL;
}

/* args: thread, where list and size go */
int64_t sys_get_robust_list(struct process *self, const uint64_t *args)
{
    const struct thread *thread = thread_by_number(args[0]);
    const uint64_t size = ROBUST_LIST_SIZE;

    if (thread == NULL)
        return -ESRCH;
    if (!space_copy_out(self->space, args[1], &thread->user->robust_list_vaddr,
                        sizeof(uint64_t)) ||
        !space_copy_out(self->space, args[2], &size, sizeof(size)))
        return -EFAULT;
    return 0;
}

/* ---- where FS and GS begin ---- */

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

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
    return user_put(self, to, base, sizeof(*base));
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

/* ---- prctl ---- */

#define PR_SET_PDEATHSIG 1
#define PR_GET_DUMPABLE 3
#define PR_SET_DUMPABLE 4
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_SET_TIMERSLACK 29
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39

/* Byte by byte: it may end right in front of what is not mapped. */
static int64_t set_name(struct process *self, uint64_t vaddr)
{
    struct thread *thread = thread_current();
    char name[THREAD_NAME_SIZE] = {0};
    size_t i;

    for (i = 0; i < sizeof(name) - 1; i++) {
        if (!space_copy_in(self->space, &name[i], vaddr + i, 1))
            return -EFAULT;
        if (name[i] == 0)
            break;
    }
    memcpy(thread->name, name, sizeof(name));
    if (thread->id == self->pid)
        memcpy(self->name, name, sizeof(name));
    return 0;
}

/* What has no effect here is granted where nobody can tell the difference. */
int64_t sys_prctl(struct process *self, const uint64_t *args)
{
    switch (args[0]) {
    case PR_SET_NAME:
        return set_name(self, args[1]);
    case PR_GET_NAME:
        return user_put(self, args[1], thread_current()->name,
                        THREAD_NAME_SIZE);
    case PR_GET_DUMPABLE:
    case PR_GET_NO_NEW_PRIVS:
        return 0;
    case PR_SET_DUMPABLE:
    case PR_SET_TIMERSLACK:
    case PR_SET_NO_NEW_PRIVS:
        return 0;
    case PR_SET_PDEATHSIG:
        return args[1] == 0 ? 0 : -EINVAL;
    default:
        return -EINVAL;
    }
}

/* ---- scheduling ---- */

#define SCHED_FIFO 1u
#define SCHED_RR 2u
#define SCHED_BATCH 3u
#define SCHED_IDLE 5u

int64_t sys_sched_yield(struct process *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    sched_yield();
    return 0;
}

/* There is one CPU. args: thread, size, mask */
int64_t sys_sched_getaffinity(struct process *self, const uint64_t *args)
{
    const uint64_t mask = 1;

    if (thread_by_number(args[0]) == NULL)
        return -ESRCH;
    if (args[1] < sizeof(mask) || args[1] % sizeof(mask) != 0)
        return -EINVAL;
    if (!space_copy_out(self->space, args[2], &mask, sizeof(mask)))
        return -EFAULT;
    return sizeof(mask);
}

int64_t sys_sched_setaffinity(struct process *self, const uint64_t *args)
{
    uint64_t mask = 0;

    if (thread_by_number(args[0]) == NULL)
        return -ESRCH;
    if (!space_copy_in(self->space, &mask, args[2], MIN(args[1], sizeof(mask))))
        return -EFAULT;
    return mask & 1 ? 0 : -EINVAL;
}

int64_t sys_sched_getscheduler(struct process *self, const uint64_t *args)
{
    (void)self;
    return thread_by_number(args[0]) != NULL ? 0 : -ESRCH;
}

/* args: thread, policy, parameters: the priority. No thread goes before
 * others, whoever asks. */
int64_t sys_sched_setscheduler(struct process *self, const uint64_t *args)
{
    uint32_t policy = (uint32_t)args[1], priority;

    if (thread_by_number(args[0]) == NULL)
        return -ESRCH;
    if (!space_copy_in(self->space, &priority, args[2], sizeof(priority)))
        return -EFAULT;
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return -EPERM;
    return policy <= SCHED_IDLE && priority == 0 ? 0 : -EINVAL;
}

int64_t sys_sched_getparam(struct process *self, const uint64_t *args)
{
    const uint32_t priority = 0;

    if (thread_by_number(args[0]) == NULL)
        return -ESRCH;
    return user_put(self, args[1], &priority, sizeof(priority));
}

static int64_t priority_limit(uint64_t policy, int64_t real_time)
{
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return real_time;
    return policy <= SCHED_BATCH || policy == SCHED_IDLE ? 0 : -EINVAL;
}

int64_t sys_sched_get_priority_max(struct process *self, const uint64_t *args)
{
    (void)self;
    return priority_limit(args[0], 99);
}

int64_t sys_sched_get_priority_min(struct process *self, const uint64_t *args)
{
    (void)self;
    return priority_limit(args[0], 1);
}

/* ---- how nice a process is: kept, for others to see ---- */

#define PRIO_PROCESS 0u
#define PRIO_USER 2u
#define NICE_MIN (-20)
#define NICE_MAX 19

/* All processes are user 0's. */
static bool is_named(const struct process *process, const struct process *self,
                     uint64_t which, uint32_t who)
{
    if (process->state == PROCESS_ENDED)
        return false;
    if (which == PRIO_USER)
        return who == 0;
    if (which == PRIO_PROCESS)
        return process->pid == (who != 0 ? who : self->pid);
    return process->pgid == (who != 0 ? who : self->pgid);
}

/* args: which, who. Of several the nastiest, as 20 - nice. */
int64_t sys_getpriority(struct process *self, const uint64_t *args)
{
    const struct process *process;
    int64_t found = -ESRCH;

    if (args[0] > PRIO_USER)
        return -EINVAL;
    for_each_process (process)
        if (is_named(process, self, args[0], (uint32_t)args[1]))
            found = MAX(found, 20 - process->nice);
    return found;
}

/* args: which, who, nice */
int64_t sys_setpriority(struct process *self, const uint64_t *args)
{
    int32_t nice = MAX(NICE_MIN, MIN(NICE_MAX, (int32_t)args[2]));
    struct process *process;
    int64_t result = -ESRCH;

    if (args[0] > PRIO_USER)
        return -EINVAL;
    for_each_process (process) {
        if (!is_named(process, self, args[0], (uint32_t)args[1]))
            continue;
        process->nice = (int8_t)nice;
        result = 0;
    }
    return result;
}

/* ---- what libc tries first, and can do without: no message ---- */

int64_t sys_rseq(struct process *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    return -ENOSYS;
}
