/* SPDX-License-Identifier: MIT
 *
 * Requests by io_submit(2): many at once beside a flat array; what the calls
 * refuse, and what an event tells.
 */
#include "user/disks/requests.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "user/disks/disks.h"

#define DEPTH 32
#define SLOT (64 * 1024ul)
#define BAD_ADDRESS ((void *)0x1000)

static uint8_t *model, *buffers;
static context_t context;

/* ---- many at once ---- */

/* Each slot of the disk has a request, to a random part of it. */
static void make_some(int fd, struct iocb *iocbs, struct iocb **pointers)
{
    uint64_t first, size;
    uint8_t *buffer;
    int i;

    for (i = 0; i < DEPTH; i++) {
        first = random_below(SLOT / SECTOR);
        size = (1 + random_below((uint32_t)(SLOT / SECTOR - first))) * SECTOR;
        buffer = buffers + (uint64_t)i * SLOT;
        iocbs[i] = make_iocb(fd, random_below(2) == 0 ? PREAD : PWRITE, buffer,
                             size, (uint64_t)i * SLOT + first * SECTOR);
        iocbs[i].data = (uint64_t)i;
        if (iocbs[i].operation == PWRITE) {
            fill_random(buffer, size);
            memcpy(model + iocbs[i].offset, buffer, size);
        }
        pointers[i] = &iocbs[i];
    }
}

static void check_event(const struct iocb *iocbs, const struct event *event)
{
    const struct iocb *iocb = &iocbs[event->data % DEPTH];

    check_is((long)event->iocb, (long)iocb, "the request of an event");
    check_is(event->result, (long)iocb->size, "the result of an event");
    check(iocb->operation == PWRITE ||
              memcmp((void *)iocb->buffer, model + iocb->offset, iocb->size) ==
                  0,
          "a request has read something else");
}

static void test_many(int fd)
{
    static struct iocb iocbs[DEPTH], *pointers[DEPTH];
    static struct event events[DEPTH];
    int round, i, kept = open_device(O_RDONLY);
    long nr, done;

    fill_random(model, DEPTH * SLOT);
    check_is(pwrite(fd, model, DEPTH * SLOT, 0), DEPTH * SLOT, "pwrite of all");
    for (round = 0; round < 20; round++) {
        make_some(fd, iocbs, pointers);
        check_is(io_submit(context, DEPTH, pointers), DEPTH, "io_submit");
        for (done = 0; done < DEPTH; done += nr) {
            nr = io_getevents(context, 1 + random_below(DEPTH - (uint32_t)done),
                              DEPTH - done, events, NULL);
            check(nr > 0, "io_getevents: %ld", nr);
            if (nr <= 0)
                return;
            for (i = 0; i < nr; i++)
                check_event(iocbs, &events[i]);
        }
        check_is(pread(kept, buffers, DEPTH * SLOT, 0), DEPTH * SLOT, "pread");
        check(memcmp(buffers, model, DEPTH * SLOT) == 0,
              "what is kept is not what was written");
    }
    close(kept);
    check_is(pread(fd, buffers, DEPTH * SLOT, 0), DEPTH * SLOT, "pread of all");
    check(memcmp(buffers, model, DEPTH * SLOT) == 0, "all is otherwise");
}

/* ---- contexts ---- */

static void test_contexts(void)
{
    context_t contexts[100] = {0}, other = 1;
    int i, nr;

    check_error(io_setup(0, contexts), EINVAL, "io_setup of 0");
    check_error(io_setup(4, &other), EINVAL, "io_setup over another");
    check_error(io_setup(4, BAD_ADDRESS), EFAULT, "io_setup to nowhere");
    check_error(io_setup(0x10000000, contexts), EAGAIN, "io_setup of many");
    check_error(io_destroy(0), EINVAL, "io_destroy of none");
    check_error(io_destroy(context + 1), EINVAL, "io_destroy of another");
    for (nr = 0; nr < 100 && io_setup(1, &contexts[nr]) == 0; nr++)
        check(*(const uint32_t *)contexts[nr] == 0, "the page of a context");
    check(nr > 4 && nr < 100 && errno == EAGAIN, "%d contexts", nr);
    for (i = 0; i < nr; i++)
        check_is(io_destroy(contexts[i]), 0, "io_destroy");
    check_error(io_destroy(contexts[0]), EINVAL, "io_destroy once more");
    for (i = 0; i < 5000; i++) {
        other = 0;
        if (io_setup(1, &other) != 0 || io_destroy(other) != 0)
            break;
    }
    check_is(i, 5000, "io_setup and io_destroy");
}

/* ---- what io_submit() refuses ---- */

static long submit(struct iocb iocb)
{
    static struct iocb copy;
    struct iocb *pointer = &copy;

    copy = iocb;
    return io_submit(context, 1, &pointer);
}

static void test_refused(int fd)
{
    struct iocb good = make_iocb(fd, PREAD, buffers, SECTOR, 0), iocb = good;
    struct iocb *pointers[] = {&good, BAD_ADDRESS, &good};
    struct event event;
    int closed = dup(fd), only = open_device(O_RDONLY | O_DIRECT);

    close(closed);
    check_error(io_submit(0, 1, pointers), EINVAL, "io_submit to no context");
    check_error(io_submit(context, -1, pointers), EINVAL, "of -1");
    check_is(io_submit(context, 0, NULL), 0, "of none");
    check_error(io_submit(context, 1, BAD_ADDRESS), EFAULT, "of nowhere's");
    check_error(io_submit(context, 1, pointers + 1), EFAULT, "of nowhere");
    check_is(io_submit(context, 3, pointers), 1, "of one that is good");
    check_is(io_getevents(context, 1, 1, &event, NULL), 1, "its event");
    check_error(submit(make_iocb(fd, 99, buffers, SECTOR, 0)), EINVAL, "of 99");
    check_error(submit(make_iocb(fd, 7, buffers, SECTOR, 0)), EINVAL, "PREADV");
    check_error(submit(make_iocb(closed, PREAD, buffers, SECTOR, 0)), EBADF,
                "of what is closed");
    check_error(submit(make_iocb(only, PWRITE, buffers, SECTOR, 0)), EBADF,
                "PWRITE of what is read-only");
    check_error(submit(make_iocb(fd, PREAD, buffers, SECTOR, (uint64_t)-512)),
                EINVAL, "at -512");
    check_error(submit(make_iocb(fd, PREAD, buffers, UINT64_MAX, 0)), EINVAL,
                "of too many bytes");
    iocb.reserved = 1;
    check_error(submit(iocb), EINVAL, "a reserved field");
    iocb = good;
    iocb.flags = 1;
    check_error(submit(iocb), EINVAL, "an event's descriptor");
    iocb = good;
    iocb.rw_flags = 2;
    check_error(submit(iocb), EOPNOTSUPP, "flags of a transfer");
    check_is(io_getevents(context, 0, 1, &event, NULL), 0, "no event is left");
    close(only);
}

/* ---- what events tell ---- */

static int64_t result_of(int fd, int operation, const void *buffer,
                         uint64_t size, uint64_t offset)
{
    struct iocb iocb = make_iocb(fd, operation, buffer, size, offset);

    return submit_and_wait(context, &iocb);
}

static void test_results(int fd)
{
    int kept = open_device(O_RDWR), file, pipes[2];

    check_is(result_of(fd, PREAD, buffers, SECTOR, 100), -EINVAL, "at 100");
    check_is(result_of(fd, PREAD, buffers + 1, SECTOR, 0), -EINVAL, "to odd");
    check_is(result_of(fd, PWRITE, buffers, 10, 0), -EINVAL, "of 10");
    check_is(result_of(fd, PREAD, buffers, SECTOR, device_size), 0, "the end");
    check_is(result_of(fd, PREAD, buffers, SECTOR, INT64_MAX - 511), 0, "far");
    check_is(result_of(fd, PREAD, buffers, PAGE, device_size - SECTOR), SECTOR,
             "across the end");
    check_is(result_of(fd, PWRITE, buffers, SECTOR, device_size), -ENOSPC,
             "PWRITE at the end");
    check_is(result_of(fd, PREAD, BAD_ADDRESS, SECTOR, 0), -EFAULT, "nowhere");
    check_is(result_of(fd, PREAD, buffers, 0, 0), 0, "of nothing");
    check_is(result_of(fd, PREAD, buffers, DEPTH * SLOT, 0), DEPTH * SLOT,
             "more than a request");
    check_is(result_of(fd, FSYNC, NULL, 0, 0), 0, "FSYNC");
    check_is(result_of(fd, FDSYNC, NULL, 0, 0), 0, "FDSYNC");
    check_is(result_of(kept, PREAD, buffers + 1, 777, 333), 777, "kept PREAD");
    check_is(result_of(kept, PWRITE, buffers + 1, 777, 333), 777,
             "kept PWRITE");
    file = open("/tmp/requests", O_RDWR | O_CREAT, 0600);
    check_is(result_of(file, PWRITE, "text", 4, 2), 4, "PWRITE of a file");
    check_is(result_of(file, PREAD, buffers, 100, 0), 6, "PREAD of a file");
    check(memcmp(buffers, "\0\0text", 6) == 0, "the file has something else");
    check_is(result_of(file, FSYNC, NULL, 0, 0), 0, "FSYNC of a file");
    check_is(pipe(pipes), 0, "pipe");
    check_is(result_of(pipes[0], PREAD, buffers, 1, 0), -ESPIPE, "of a pipe");
    close(pipes[0]);
    close(pipes[1]);
    close(kept);
    close(file);
    unlink("/tmp/requests");
}

/* ---- how long io_getevents() waits ---- */

static void nothing(int number)
{
    (void)number;
}

static void test_waits(int fd)
{
    const struct sigaction action = {.sa_handler = nothing};
    const struct itimerval soon = {.it_value.tv_usec = 20000};
    struct timespec timeout = {0, 5000000}, none = {0, 0}, wrong = {0, -1};
    struct iocb iocb = make_iocb(fd, PREAD, buffers, SECTOR, 0);
    struct iocb *pointer = &iocb;
    struct event events[2];

    check_is(io_getevents(context, 0, 1, events, NULL), 0, "of what there is");
    check_is(io_getevents(context, 1, 1, events, &none), 0, "without waiting");
    check_is(io_getevents(context, 1, 1, events, &timeout), 0, "for 5 ms");
    check_error(io_getevents(context, 1, 1, events, &wrong), EINVAL, "-1 ns");
    check_error(io_getevents(context, 2, 1, events, NULL), EINVAL, "2 of 1");
    check_error(io_getevents(context, -1, 1, events, NULL), EINVAL, "-1");
    check_error(io_getevents(context + 8, 0, 1, events, NULL), EINVAL, "none");
    check_error(io_getevents(context, 0, 1, events, BAD_ADDRESS), EFAULT,
                "for a time of nowhere");
    check_is(io_submit(context, 1, &pointer), 1, "io_submit");
    check_is(io_getevents(context, 2, 2, events, &timeout), 1, "1 of 2");
    check_is(io_submit(context, 1, &pointer), 1, "io_submit");
    check_error(io_getevents(context, 1, 1, BAD_ADDRESS, NULL), EFAULT,
                "io_getevents to nowhere");
    check_is(io_getevents(context, 1, 1, events, NULL), 1, "it is not lost");
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    check_error(io_getevents(context, 1, 1, events, NULL), EINTR, "a signal");
    check_error(io_cancel(context, &iocb, events), EINVAL, "io_cancel");
    check_error(io_cancel(context, BAD_ADDRESS, events), EFAULT,
                "io_cancel of nowhere");
}

/* Events that are not taken have places, too. */
static void test_full(int fd)
{
    struct iocb iocb = make_iocb(fd, PREAD, buffers, SECTOR, 0);
    struct iocb *pointers[] = {&iocb, &iocb, &iocb, &iocb, &iocb, &iocb};
    context_t small = 0;
    struct event events[6];

    check_is(io_setup(4, &small), 0, "io_setup of 4");
    check_is(io_submit(small, 6, pointers), 4, "io_submit of 6");
    check_error(io_submit(small, 1, pointers), EAGAIN, "io_submit of 1");
    check_is(io_getevents(small, 2, 2, events, NULL), 2, "2 events");
    check_is(io_submit(small, 6, pointers), 2, "io_submit of 6 again");
    check_is(io_getevents(small, 6, 6, events,
                          &(struct timespec){.tv_nsec = 50000000}),
             4, "the events that there are");
    check_is(io_destroy(small), 0, "io_destroy");
}

void test_requests(void)
{
    int fd = open_device(O_RDWR | O_DIRECT);

    model = new_pages(DEPTH * SLOT);
    buffers = new_pages(DEPTH * SLOT);
    check_is(io_setup(DEPTH, &context), 0, "io_setup");
    test_contexts();
    test_many(fd);
    test_refused(fd);
    test_results(fd);
    test_waits(fd);
    test_full(fd);
    check_is(io_destroy(context), 0, "io_destroy");
    munmap(model, DEPTH * SLOT);
    munmap(buffers, DEPTH * SLOT);
    close(fd);
}
