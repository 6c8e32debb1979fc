/* SPDX-License-Identifier: MIT
 *
 * Waiting for several files: poll(2), select(2) and epoll(7). All look at all
 * that they wait for, sleep until something has changed anywhere, and look
 * again. Files are looked at with interrupts disabled, so that no change gets
 * lost between the look and the sleep.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/proc/epoll.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/timer.h"
#include "guest-kernel/thread/wait.h"
#include "lib/macros.h"

/* ---- how long ---- */

#define NS_PER_MS 1000000ul

static uint64_t deadline_after(uint64_t ns)
{
    return ns == WAIT_FOREVER ? WAIT_FOREVER : timer_deadline(ns);
}

static uint64_t deadline_after_ms(int32_t ms)
{
    return deadline_after(ms < 0 ? WAIT_FOREVER : (uint64_t)ms * NS_PER_MS);
}

typedef int64_t read_time_t(struct space *space, uint64_t vaddr, uint64_t *ns);

/* vaddr 0: forever. */
static int64_t read_timeout(struct process *self, uint64_t vaddr,
                            read_time_t *read_time, uint64_t *deadline)
{
    uint64_t ns = WAIT_FOREVER;
    int64_t result = 0;

    if (vaddr != 0)
        result = read_time(self->space, vaddr, &ns);
    if (result == 0)
        *deadline = deadline_after(ns);
    return result;
}

/* Blocks other signals for the length of this call. vaddr 0: no change. */
static int64_t set_mask(struct process *self, uint64_t vaddr, uint64_t size)
{
    signal_set_t set;

    if (vaddr == 0)
        return 0;
    if (size != sizeof(set))
        return -EINVAL;
    if (!space_copy_in(self->space, &set, vaddr, sizeof(set)))
        return -EFAULT;
    signal_block_for_call(set);
    return 0;
}

/* Counts what is ready, and puts it down; a negative error number ends it. */
typedef int64_t look_t(void *context);

static int64_t interrupted(uint64_t deadline)
{
    return deadline == WAIT_FOREVER ? -ERESTARTNOHAND
                                    : timer_interrupted(deadline);
}

/* Until look() finds something: its result, 0 when it is too late, or
 * -ERESTARTNOHAND. */
static int64_t wait_for_any(look_t *look, void *context, uint64_t deadline)
{
    bool irq_on = privops_irq_save();
    int64_t slept = 0, result;

    for (;;) {
        result = look(context);
        if (result != 0 || slept == -ETIMEDOUT)
            break;
        if (deadline != WAIT_FOREVER && deadline <= privops_clock_ns())
            break;
        slept = poll_sleep(deadline);
        if (slept == -ERESTARTSYS) {
            result = interrupted(deadline);
            break;
        }
    }
    privops_irq_restore(irq_on);
    return result;
}

/* ---- poll(2) ---- */

struct poll_fd {
    int32_t fd;
    int16_t events;
    int16_t ready;
};

struct poll_request {
    struct process *self;
    struct poll_fd *fds;
    uint64_t nr;
};

static uint32_t poll_descriptor(const struct process *self,
                                const struct poll_fd *fd)
{
    struct file *file;

    if (fd->fd < 0)
        return 0;
    file = files_peek(self->files, (uint64_t)fd->fd);
    if (file == NULL || (file->flags & O_PATH) != 0)
        return POLLNVAL;
    return file_poll(file) & ((uint16_t)fd->events | POLLERR | POLLHUP);
}

static int64_t look_poll(void *context)
{
    const struct poll_request *request = context;
    struct poll_fd *fd;
    int64_t count = 0;

    for (fd = request->fds; fd < request->fds + request->nr; fd++) {
        fd->ready = (int16_t)poll_descriptor(request->self, fd);
        if (fd->ready != 0)
            count++;
    }
    return count;
}

static int64_t poll_files(struct process *self, uint64_t vaddr, uint64_t nr,
                          uint64_t deadline)
{
    struct poll_request request = {self, NULL, nr};
    size_t size = nr * sizeof(struct poll_fd);
    int64_t result = -EFAULT;

    request.fds = kmalloc(MAX(size, sizeof(struct poll_fd)));
    if (request.fds == NULL)
        return -ENOMEM;
    if (space_copy_in(self->space, request.fds, vaddr, size))
        result = wait_for_any(look_poll, &request, deadline);
    if (result >= 0 && !space_copy_out(self->space, vaddr, request.fds, size))
        result = -EFAULT;
    kfree(request.fds);
    return result;
}

int64_t sys_poll(struct process *self, const uint64_t *args)
{
    uint64_t nr = (uint32_t)args[1];

    if (nr > FILES_MAX)
        return -EINVAL;
    return poll_files(self, args[0], nr, deadline_after_ms((int32_t)args[2]));
}

int64_t sys_ppoll(struct process *self, const uint64_t *args)
{
    uint64_t nr = (uint32_t)args[1], deadline;
    int64_t result;

    if (nr > FILES_MAX)
        return -EINVAL;
    result = read_timeout(self, args[2], timer_read_timespec, &deadline);
    if (result == 0)
        result = set_mask(self, args[3], args[4]);
    return result == 0 ? poll_files(self, args[0], nr, deadline) : result;
}

/* ---- select(2) ---- */

#define SET_WORDS (FILES_MAX / 64)

enum {
    SET_READ,
    SET_WRITE,
    SET_EXCEPT,
    NR_SETS,
};

struct select_request {
    struct process *self;
    uint64_t nr;              /* descriptors below */
    uint64_t vaddrs[NR_SETS]; /* 0: no such set */
    uint64_t asked[NR_SETS][SET_WORDS];
    uint64_t ready[NR_SETS][SET_WORDS];
};

static const uint32_t set_events[NR_SETS] = {
    [SET_READ] = POLLIN | POLLHUP | POLLERR,
    [SET_WRITE] = POLLOUT | POLLERR,
    [SET_EXCEPT] = POLLPRI,
};

static bool is_asked(const struct select_request *request, unsigned int set,
                     uint64_t fd)
{
    return (request->asked[set][fd / 64] >> fd % 64 & 1) != 0;
}

/* How many sets the descriptor is ready in. */
static int64_t select_descriptor(struct select_request *request, uint64_t fd)
{
    struct file *file = files_peek(request->self->files, fd);
    int64_t count = 0;
    unsigned int set;
    uint32_t events;

    if (file == NULL)
        return -EBADF;
    events = file_poll(file);
    for (set = 0; set < NR_SETS; set++) {
        if (!is_asked(request, set, fd) || (events & set_events[set]) == 0)
            continue;
        request->ready[set][fd / 64] |= 1ul << fd % 64;
        count++;
    }
    return count;
}

static int64_t look_select(void *context)
{
    struct select_request *request = context;
    int64_t count = 0, result;
    uint64_t fd;

    for (fd = 0; fd < request->nr; fd++) {
        if (!is_asked(request, SET_READ, fd) &&
            !is_asked(request, SET_WRITE, fd) &&
            !is_asked(request, SET_EXCEPT, fd))
            continue;
        result = select_descriptor(request, fd);
        if (result < 0)
            return result;
        count += result;
    }
    return count;
}

static bool copy_sets(struct select_request *request, bool in)
{
    struct space *space = request->self->space;
    size_t size = ALIGN_UP(request->nr, 64ul) / 8;
    unsigned int set;

    for (set = 0; set < NR_SETS; set++) {
        if (request->vaddrs[set] == 0)
            continue;
        if (in ? !space_copy_in(space, request->asked[set],
                                request->vaddrs[set], size)
               : !space_copy_out(space, request->vaddrs[set],
                                 request->ready[set], size))
            return false;
    }
    return true;
}

/* args: how many, and the sets. */
static int64_t select_files(struct process *self, const uint64_t *args,
                            uint64_t deadline)
{
    struct select_request *request;
    int64_t result = -EFAULT;

    if ((int32_t)args[0] < 0)
        return -EINVAL;
    request = kzalloc(sizeof(*request));
    if (request == NULL)
        return -ENOMEM;
    request->self = self;
    request->nr = MIN((uint64_t)(uint32_t)args[0], (uint64_t)FILES_MAX);
    request->vaddrs[SET_READ] = args[1];
    request->vaddrs[SET_WRITE] = args[2];
    request->vaddrs[SET_EXCEPT] = args[3];
    if (copy_sets(request, true))
        result = wait_for_any(look_select, request, deadline);
    if (result >= 0 && !copy_sets(request, false))
        result = -EFAULT;
    kfree(request);
    return result;
}

/* select(2) says how much of the time is left, if it is asked to. */
static void put_time_left(struct process *self, uint64_t vaddr,
                          uint64_t deadline)
{
    uint64_t now = privops_clock_ns();
    uint64_t ns = deadline > now ? deadline - now : 0;
    const struct timeval time = {
        .seconds = (int64_t)(ns / NS_PER_SECOND),
        .us = (int64_t)(ns % NS_PER_SECOND / NS_PER_US),
    };

    (void)space_copy_out(self->space, vaddr, &time, sizeof(time));
}

int64_t sys_select(struct process *self, const uint64_t *args)
{
    uint64_t deadline;
    int64_t result = read_timeout(self, args[4], timer_read_timeval, &deadline);

    if (result != 0)
        return result;
    result = select_files(self, args, deadline);
    if (args[4] != 0 && deadline != WAIT_FOREVER && result != -ERESTARTNOHAND)
        put_time_left(self, args[4], deadline);
    return result;
}

int64_t sys_pselect6(struct process *self, const uint64_t *args)
{
    uint64_t deadline, mask[2] = {0};
    int64_t result;

    if (args[5] != 0 &&
        !space_copy_in(self->space, mask, args[5], sizeof(mask)))
        return -EFAULT;
    result = read_timeout(self, args[4], timer_read_timespec, &deadline);
    if (result == 0)
        result = set_mask(self, mask[0], mask[1]);
    return result == 0 ? select_files(self, args, deadline) : result;
}

/* ---- epoll(7) ---- */

static int64_t make_epoll(struct process *self, bool close_on_exec)
{
    struct file *set;
    int64_t result = epoll_create(&set);

    return result == 0 ? files_add(self->files, set, 0, close_on_exec) : result;
}

int64_t sys_epoll_create(struct process *self, const uint64_t *args)
{
    return (int32_t)args[0] > 0 ? make_epoll(self, false) : -EINVAL;
}

int64_t sys_epoll_create1(struct process *self, const uint64_t *args)
{
    if ((args[0] & ~(uint64_t)O_CLOEXEC) != 0)
        return -EINVAL;
    return make_epoll(self, args[0] != 0);
}

int64_t sys_epoll_ctl(struct process *self, const uint64_t *args)
{
    struct file *set = files_peek(self->files, args[0]);
    struct epoll_event event = {0};

    if (set == NULL)
        return -EBADF;
    if (!file_is_epoll(set))
        return -EINVAL;
    if (args[1] != EPOLL_CTL_DEL &&
        !space_copy_in(self->space, &event, args[3], sizeof(event)))
        return -EFAULT;
    return epoll_change(set, args[1], args[2], &event);
}

struct epoll_request {
    struct file *set;
    struct io to;
    uint64_t max;
};

static int64_t look_epoll(void *context)
{
    struct epoll_request *request = context;

    return epoll_collect(request->set, &request->to, request->max);
}

/* args: the set, the array and its length. */
static int64_t wait_epoll(struct process *self, const uint64_t *args,
                          uint64_t deadline)
{
    uint64_t max = (uint32_t)args[2];
    struct epoll_request request = {
        .set = files_get(self->files, args[0]),
        .to = {self->space, args[1], max * sizeof(struct epoll_event)},
        .max = max,
    };
    int64_t result = -EINVAL;

    if (request.set == NULL)
        return -EBADF;
    if (file_is_epoll(request.set) && (int32_t)max > 0)
        result = wait_for_any(look_epoll, &request, deadline);
    file_put(request.set);
    return result;
}

int64_t sys_epoll_wait(struct process *self, const uint64_t *args)
{
    return wait_epoll(self, args, deadline_after_ms((int32_t)args[3]));
}

int64_t sys_epoll_pwait(struct process *self, const uint64_t *args)
{
    int64_t result = set_mask(self, args[4], args[5]);

    return result == 0 ? sys_epoll_wait(self, args) : result;
}
