/* SPDX-License-Identifier: MIT
 *
 * io_submit(2) and its kin: many transfers at once, without a thread for each.
 * Of a disk that was opened with O_DIRECT they go on while the program does;
 * all others are done when io_submit() returns, as on Linux. Nothing can be
 * cancelled.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/proc/aio.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/timer.h"
#include "lib/macros.h"

/* Linux's struct iocb. */
struct iocb {
    uint64_t data;
    uint32_t key; /* 0: written by io_submit() */
    uint32_t rw_flags;
    uint16_t operation;
    int16_t priority;
    uint32_t fd;
    uint64_t vaddr;
    uint64_t size;
    int64_t offset;
    uint64_t reserved;
    uint32_t flags;
    uint32_t event_fd;
};

_Static_assert(sizeof(struct iocb) == 64, "the layout is Linux's");
_Static_assert(sizeof(struct io_event) == 32, "the layout is Linux's");

enum {
    IOCB_PREAD,
    IOCB_PWRITE,
    IOCB_FSYNC,
    IOCB_FDSYNC,
};

/* ---- io_setup(2), io_destroy(2) ---- */

/* Returns `result`, or -EINVAL if there is no such context. */
static int64_t destroy(struct process *self, uint64_t id, int64_t result)
{
    struct aio *aio = aio_get(&self->aio, id);

    if (aio == NULL)
        return -EINVAL;
    aio_end(aio);
    aio_drain(aio);
    aio_put(aio);
    (void)space_unmap(self->space, id, PAGE_SIZE);
    return result;
}

/*
 * The id is the address of a page of the program's own, which says nothing: on
 * Linux it is a ring of events, and libaio looks there first.
 */
static int64_t make_id(struct space *space, uint64_t *id)
{
    *id = space_find_gap(space, PAGE_SIZE);
    if (*id == 0)
        return -ENOMEM;
    return space_map(space, *id, PAGE_SIZE, SPACE_READ, NULL);
}

int64_t sys_io_setup(struct process *self, const uint64_t *args)
{
    uint32_t nr = (uint32_t)args[0];
    uint64_t id;
    int64_t result;

    if (!space_copy_in(self->space, &id, args[1], sizeof(id)))
        return -EFAULT;
    if (nr == 0 || id != 0)
        return -EINVAL;
    result = make_id(self->space, &id);
    if (result != 0)
        return result;
    result = aio_create(&self->aio, id, nr);
    if (result != 0)
        (void)space_unmap(self->space, id, PAGE_SIZE);
    else if (user_put(self, args[1], &id, sizeof(id)) != 0)
        result = destroy(self, id, -EFAULT);
    return result;
}

/* Buffers are the program's again when it returns. */
int64_t sys_io_destroy(struct process *self, const uint64_t *args)
{
    return destroy(self, args[0], 0);
}

/* ---- io_submit(2) ---- */

/* 0, or what is wrong with it. */
static int64_t check(const struct iocb *iocb, const struct file *file)
{
    if (iocb->flags != 0 || iocb->reserved != 0 ||
        iocb->operation > IOCB_FDSYNC)
        return -EINVAL;
    if (iocb->rw_flags != 0)
        return -EOPNOTSUPP;
    if (file == NULL || (file->flags & O_PATH) != 0)
        return -EBADF;
    if (iocb->operation >= IOCB_FSYNC)
        return file->ops->is_stream ? -EINVAL : 0;
    if (!file_can(file, iocb->operation == IOCB_PREAD ? O_RDONLY : O_WRONLY))
        return -EBADF;
    return iocb->size > INT64_MAX || iocb->offset < 0 ? -EINVAL : 0;
}

static enum file_operation operation_of(const struct iocb *iocb)
{
    switch (iocb->operation) {
    case IOCB_PREAD:
        return FILE_READ;
    case IOCB_PWRITE:
        return FILE_WRITE;
    default:
        return FILE_SYNC;
    }
}

/* By the calls that wait. A signal that interrupts one is its result. */
static int64_t do_now(struct file *file, struct file_request *request)
{
    int64_t result;

    switch (request->operation) {
    case FILE_READ:
        result = file_read_at(file, &request->io, &request->offset);
        break;
    case FILE_WRITE:
        result = file_write_at(file, &request->io, &request->offset);
        break;
    default:
        result = file_sync(file);
        break;
    }
    return result == -ERESTARTSYS || result == -ERESTARTNOHAND ? -EINTR
                                                               : result;
}

/* The file of the last request whose device is to be told of it; counted. */
static void kick(struct file **last, struct file *file)
{
    if (*last == file)
        return;
    if (*last != NULL)
        (*last)->ops->kick(*last);
    file_put(*last);
    *last = file != NULL ? file_get(file) : NULL;
}

static int64_t begin(struct process *self, struct aio *aio, struct file *file,
                     const struct iocb *iocb, uint64_t vaddr,
                     struct file **last)
{
    struct aio_request *request = aio_prepare(aio);

    if (request == NULL)
        return -EAGAIN;
    request->data = iocb->data;
    request->iocb = vaddr;
    request->request.operation = operation_of(iocb);
    request->request.io =
        (struct io){self->space, iocb->vaddr, (size_t)iocb->size};
    request->request.offset = (uint64_t)iocb->offset;
    if (file->ops->submit != NULL && file->ops->submit(file, &request->request))
        kick(last, file);
    else
        aio_done(request, do_now(file, &request->request));
    return 0;
}

static int64_t submit_one(struct process *self, struct aio *aio, uint64_t vaddr,
                          struct file **last)
{
    const uint32_t key = 0;
    struct iocb iocb;
    struct file *file;
    int64_t result;

    if (!space_copy_in(self->space, &iocb, vaddr, sizeof(iocb)) ||
        !space_copy_out(self->space, vaddr + offsetof(struct iocb, key), &key,
                        sizeof(key)))
        return -EFAULT;
    file = files_get(self->files, iocb.fd);
    result = check(&iocb, file);
    if (result == 0)
        result = begin(self, aio, file, &iocb, vaddr, last);
    file_put(file);
    return result;
}

/* How many, up to the first that is wrong; what is wrong with the first. */
static int64_t submit_all(struct process *self, struct aio *aio, uint64_t array,
                          uint64_t nr)
{
    struct file *last = NULL;
    int64_t result = 0;
    uint64_t i, vaddr;

    for (i = 0; i < nr && result == 0; i++) {
        result = -EFAULT;
        if (space_copy_in(self->space, &vaddr, array + i * sizeof(vaddr),
                          sizeof(vaddr)))
            result = submit_one(self, aio, vaddr, &last);
        if (result != 0)
            break;
        if (signal_is_ending())
            nr = i + 1;
    }
    kick(&last, NULL);
    return i > 0 ? (int64_t)i : result;
}

int64_t sys_io_submit(struct process *self, const uint64_t *args)
{
    int64_t nr = (int64_t)args[1], result = -EINVAL;
    struct aio *aio = aio_get(&self->aio, args[0]);

    if (aio == NULL)
        return -EINVAL;
    if (nr >= 0)
        result = submit_all(self, aio, args[2],
                            MIN((uint64_t)nr, (uint64_t)AIO_MAX_REQUESTS));
    aio_put(aio);
    return result;
}

/* No request can be taken back from a device. */
int64_t sys_io_cancel(struct process *self, const uint64_t *args)
{
    uint32_t key;

    if (!space_copy_in(self->space, &key, args[1] + offsetof(struct iocb, key),
                       sizeof(key)))
        return -EFAULT;
    return -EINVAL;
}

/* ---- io_getevents(2) ---- */

/* Takes at most `nr` events that are there: how many, or -EFAULT if the first
 * has nowhere to go. */
static int64_t take_events(struct process *self, struct aio *aio,
                           uint64_t vaddr, int64_t nr)
{
    const struct io_event *event;
    int64_t done = 0;

    for (; done < nr && (event = aio_first(aio)) != NULL; done++) {
        if (!space_copy_out(self->space,
                            vaddr + (uint64_t)done * sizeof(*event), event,
                            sizeof(*event)))
            return done > 0 ? done : -EFAULT;
        aio_take(aio);
    }
    return done;
}

/* args as io_getevents(2) has them. What is there when the time is over, or a
 * signal comes, is taken. */
static int64_t get_events(struct process *self, struct aio *aio,
                          const uint64_t *args, uint64_t deadline)
{
    int64_t least = (int64_t)args[1], most = (int64_t)args[2];
    int64_t done = 0, taken, waited = 0;

    for (;;) {
        taken = take_events(self, aio,
                            args[3] + (uint64_t)done * sizeof(struct io_event),
                            most - done);
        if (taken < 0)
            return done > 0 ? done : taken;
        done += taken;
        if (done >= least || waited == -ETIMEDOUT || (waited < 0 && done > 0))
            return done;
        if (waited == -ERESTARTSYS)
            return timer_interrupted(deadline);
        if (waited < 0)
            return waited;
        waited = aio_wait(aio, (uint64_t)(least - done), deadline);
    }
}

int64_t sys_io_getevents(struct process *self, const uint64_t *args)
{
    int64_t least = (int64_t)args[1], most = (int64_t)args[2], result;
    uint64_t deadline = WAIT_FOREVER, ns;
    struct aio *aio;

    if (args[4] != 0) {
        result = timer_read_timespec(self->space, args[4], &ns);
        if (result != 0)
            return result;
        deadline = timer_deadline(ns);
    }
    if (least < 0 || most < least)
        return -EINVAL;
    aio = aio_get(&self->aio, args[0]);
    if (aio == NULL)
        return -EINVAL;
    result = get_events(self, aio, args, deadline);
    aio_put(aio);
    return result;
}
