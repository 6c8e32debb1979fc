/* SPDX-License-Identifier: MIT
 *
 * Whose terminal it is: the session that has it, and the group of processes in
 * its foreground (credentials(7)).
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/tty/tty_parts.h"

int64_t tty_check_job(struct tty *tty, unsigned int signal)
{
    const struct process *self = process_current();

    if (self == NULL || self->tty != tty || tty->pgid == 0 ||
        self->pgid == tty->pgid)
        return 0;
    if (!signal_is_open(signal))
        return signal == SIGTTIN ? -EIO : 0;
    if (signal_group_is_orphaned(self))
        return -EIO;
    (void)signal_send_group(self->pgid, signal, NULL);
    return -ERESTARTSYS;
}

/* Nobody has it any more. */
static void release(struct tty *tty)
{
    struct process *process;
    bool irq_on = privops_irq_save();

    for_each_process (process)
        if (process->tty == tty)
            process->tty = NULL;
    tty->sid = 0;
    tty->pgid = 0;
    privops_irq_restore(irq_on);
}

void tty_acquire(struct tty *tty, struct process *leader)
{
    bool irq_on = privops_irq_save();

    tty->sid = leader->sid;
    tty->pgid = leader->pgid;
    leader->tty = tty;
    privops_irq_restore(irq_on);
}

void tty_leader_ended(struct process *leader)
{
    struct tty *tty = leader->tty;
    uint32_t pgid;

    if (tty == NULL || tty->sid != leader->pid)
        return;
    pgid = tty->pgid;
    release(tty);
    if (pgid == 0)
        return;
    (void)signal_send_group(pgid, SIGHUP, NULL);
    (void)signal_send_group(pgid, SIGCONT, NULL);
}

int64_t tty_become_controlling(struct tty *tty, bool steal)
{
    struct process *self = process_current();

    if (self->sid == tty->sid && self->tty == tty)
        return 0;
    if (self->sid != self->pid || self->tty != NULL)
        return -EPERM;
    if (tty->sid != 0 && !steal)
        return -EPERM;
    release(tty);
    tty_acquire(tty, self);
    return 0;
}

int64_t tty_give_up(struct tty *tty)
{
    struct process *self = process_current();

    if (self->tty != tty)
        return -ENOTTY;
    if (self->sid == self->pid)
        tty_leader_ended(self);
    self->tty = NULL;
    return 0;
}

/* A group is of one session. */
static int64_t check_group(uint32_t sid, uint32_t pgid)
{
    const struct process *process;

    for_each_process (process)
        if (process->pgid == pgid)
            return process->sid == sid ? 0 : -EPERM;
    return -ESRCH;
}

int64_t tty_set_foreground(struct tty *tty, int32_t pgid)
{
    const struct process *self = process_current();
    int64_t result = tty_check_job(tty, SIGTTOU);

    if (result < 0)
        return result;
    if (self->tty != tty || tty->sid != self->sid)
        return -ENOTTY;
    if (pgid < 0)
        return -EINVAL;
    result = check_group(self->sid, (uint32_t)pgid);
    if (result == 0)
        tty->pgid = (uint32_t)pgid;
    return result;
}
