/* SPDX-License-Identifier: MIT
 *
 * io_submit(2) and its kin, which musl has no functions for, and the structures
 * of Linux that go with them.
 */
#ifndef USER_DISKS_REQUESTS_H
#define USER_DISKS_REQUESTS_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct iocb {
    uint64_t data;
    uint32_t key;
    uint32_t rw_flags;
    uint16_t operation;
    int16_t priority;
    uint32_t fd;
    uint64_t buffer;
    uint64_t size;
    int64_t offset;
    uint64_t reserved;
    uint32_t flags;
    uint32_t event_fd;
};

struct event {
    uint64_t data;
    uint64_t iocb;
    int64_t result;
    int64_t result2;
};

enum { PREAD, PWRITE, FSYNC, FDSYNC };

typedef uint64_t context_t;

static inline long io_setup(unsigned int nr, context_t *context)
{
    return syscall(SYS_io_setup, nr, context);
}

static inline long io_destroy(context_t context)
{
    return syscall(SYS_io_destroy, context);
}

static inline long io_submit(context_t context, long nr, struct iocb **iocbs)
{
    return syscall(SYS_io_submit, context, nr, iocbs);
}

static inline long io_cancel(context_t context, struct iocb *iocb,
                             struct event *event)
{
    return syscall(SYS_io_cancel, context, iocb, event);
}

static inline long io_getevents(context_t context, long least, long most,
                                struct event *events, struct timespec *timeout)
{
    return syscall(SYS_io_getevents, context, least, most, events, timeout);
}

/* A request for whole sectors. */
static inline struct iocb make_iocb(int fd, int operation, const void *buffer,
                                    uint64_t size, uint64_t offset)
{
    return (struct iocb){.operation = (uint16_t)operation,
                         .fd = (uint32_t)fd,
                         .buffer = (uint64_t)buffer,
                         .size = size,
                         .offset = (int64_t)offset};
}

/* Submits one and waits for its event: its result, or -1 with errno. */
static inline int64_t submit_and_wait(context_t context, struct iocb *iocb)
{
    struct event event = {0};

    if (io_submit(context, 1, &iocb) != 1 ||
        io_getevents(context, 1, 1, &event, NULL) != 1)
        return -1;
    return event.iocb == (uint64_t)iocb && event.result2 == 0 ? event.result
                                                              : INT64_MIN;
}

#endif
