/* SPDX-License-Identifier: MIT
 *
 * What goes while a device has requests: the buffer, the file, the context, the
 * program. Sense is in it only on a device that takes its time.
 */
#include "user/disks/requests.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "user/disks/disks.h"

#define DEPTH 16
#define SIZE (16 * PAGE)
#define LARGE 2000 /* so many events have some 64 KiB */

static context_t new_context(void)
{
    context_t context = 0;

    check_is(io_setup(DEPTH, &context), 0, "io_setup");
    return context;
}

/* DEPTH writes, or reads, of all of the buffer's pages in turn. */
static long submit_all(context_t context, int fd, int operation,
                       const uint8_t *buffer)
{
    struct iocb iocbs[DEPTH], *pointers[DEPTH];
    int i;

    for (i = 0; i < DEPTH; i++) {
        iocbs[i] = make_iocb(fd, operation, buffer + (uint64_t)i * PAGE, PAGE,
                             (uint64_t)i * PAGE);
        pointers[i] = &iocbs[i];
    }
    return io_submit(context, DEPTH, pointers);
}

static void fill_disk(int fd, uint8_t value)
{
    uint8_t *bytes = new_pages(SIZE);

    memset(bytes, value, SIZE);
    check_is(pwrite(fd, bytes, SIZE, 0), SIZE, "pwrite");
    munmap(bytes, SIZE);
}

static bool disk_has(int fd, uint8_t value)
{
    uint8_t *bytes = new_pages(SIZE);
    bool has = pread(fd, bytes, SIZE, 0) == SIZE;
    size_t i;

    for (i = 0; i < SIZE; i++)
        has = has && bytes[i] == value;
    munmap(bytes, SIZE);
    return has;
}

/* What comes to the same place later is not written to. */
static void test_unmapped(int fd)
{
    context_t context = new_context();
    struct event events[DEPTH];
    uint8_t *buffer = new_pages(SIZE), *again;
    size_t i;

    fill_disk(fd, 0x71);
    check_is(submit_all(context, fd, PREAD, buffer), DEPTH, "io_submit");
    munmap(buffer, SIZE);
    again = mmap(buffer, SIZE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    memset(again, 0x11, SIZE);
    check_is(io_getevents(context, DEPTH, DEPTH, events, NULL), DEPTH,
             "io_getevents");
    for (i = 0; i < DEPTH; i++)
        check_is(events[i].result, PAGE, "a read to what is unmapped");
    for (i = 0; i < SIZE && again[i] == 0x11; i++)
        ;
    check_is((long)i, SIZE, "bytes that are as they were");
    munmap(again, SIZE);
    check_is(io_destroy(context), 0, "io_destroy");
}

static void test_closed(int fd)
{
    int other = open_device(O_RDWR | O_DIRECT);
    context_t context = new_context();
    struct event events[DEPTH];
    uint8_t *buffer = new_pages(SIZE);

    memset(buffer, 0x72, SIZE);
    check_is(submit_all(context, other, PWRITE, buffer), DEPTH, "io_submit");
    close(other);
    check_is(io_getevents(context, DEPTH, DEPTH, events, NULL), DEPTH,
             "io_getevents");
    check(disk_has(fd, 0x72), "what was written after close is not there");
    check_is(io_destroy(context), 0, "io_destroy");
    munmap(buffer, SIZE);
}

/* All is done when it returns, though nobody has taken the events. */
static void test_destroyed(int fd)
{
    context_t context = new_context();
    uint8_t *buffer = new_pages(SIZE);

    memset(buffer, 0x73, SIZE);
    check_is(submit_all(context, fd, PWRITE, buffer), DEPTH, "io_submit");
    check_is(io_destroy(context), 0, "io_destroy");
    memset(buffer, 0x11, SIZE);
    check(disk_has(fd, 0x73), "what was written is not there");
    munmap(buffer, SIZE);
}

static void *wait_for_events(void *context)
{
    struct event events[DEPTH];
    long nr = io_getevents(*(context_t *)context, 1, DEPTH, events, NULL);

    return (void *)(intptr_t)(nr == -1 ? errno : 0);
}

static void test_waiting(void)
{
    context_t context = new_context();
    pthread_t thread;
    void *error = NULL;

    check_is(pthread_create(&thread, NULL, wait_for_events, &context), 0,
             "pthread_create");
    usleep(10000);
    check_is(io_destroy(context), 0, "io_destroy");
    pthread_join(thread, &error);
    check_is((long)error, EINVAL, "who waits for its events");
}

/* ---- the program ---- */

/* It ends, or becomes a program that does not have its context. */
static void in_child(int fd, uint8_t value, bool runs_another)
{
    context_t context = 0;
    uint8_t *buffer = new_pages(SIZE);
    pid_t pid = fork();
    int status = -1;
    char id[24];

    if (pid == 0) {
        memset(buffer, value, SIZE);
        if (io_setup(LARGE, &context) != 0 ||
            submit_all(context, fd, PWRITE, buffer) != DEPTH)
            _exit(1);
        snprintf(id, sizeof(id), "%lu", (unsigned long)context);
        if (runs_another)
            execl("/proc/self/exe", "disks", "context", id, NULL);
        _exit(runs_another);
    }
    check(waitpid(pid, &status, 0) == pid && status == 0,
          "a child's status %#x", (unsigned int)status);
    munmap(buffer, SIZE);
}

/* The disk answers in order: who reads later reads what was written. */
static void test_ended(int fd)
{
    long before;
    int i;

    in_child(fd, 0x74, false);
    usleep(100000);
    before = meminfo_kib("MemAvailable");
    for (i = 0; i < 40; i++)
        in_child(fd, (uint8_t)(0x80 + i), i % 2 != 0);
    usleep(100000);
    check(disk_has(fd, 0x80 + 39), "what the last one wrote is not there");
    check(meminfo_kib("MemAvailable") > before - 256, "%ld KiB are lost",
          before - meminfo_kib("MemAvailable"));
}

/* A child has none of the contexts of its parent. */
static void test_forked(void)
{
    context_t context = new_context();
    pid_t pid = fork();
    int status = -1;

    if (pid == 0)
        _exit(io_destroy(context) == -1 && errno == EINVAL ? 3 : 0);
    check(waitpid(pid, &status, 0) == pid && status == 3 << 8,
          "a child's status %#x", (unsigned int)status);
    check_is(io_destroy(context), 0, "io_destroy");
}

void test_endings(void)
{
    int fd = open_device(O_RDWR | O_DIRECT);

    test_unmapped(fd);
    test_closed(fd);
    test_destroyed(fd);
    test_waiting();
    test_ended(fd);
    test_forked();
    close(fd);
}
