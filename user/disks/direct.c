/* SPDX-License-Identifier: MIT
 *
 * O_DIRECT: beside a flat array, mixed with reads and writes of another file
 * that go by memory; what is not aligned; addresses of all kinds.
 */
#include "user/disks/disks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define AREA (1024 * 1024ul)
#define NR_STEPS 200

static uint8_t *model, *buffer;

static void step(int fd, bool is_direct)
{
    size_t unit = is_direct ? SECTOR : 1;
    size_t at = random_below(AREA / (uint32_t)unit) * unit;
    size_t most = random_below(4) == 0 ? AREA : 20000, size;
    uint8_t *bytes = buffer + random_below(9) * SECTOR;

    most = most < AREA - at ? most : AREA - at;
    size = (1 + random_below((uint32_t)(most / unit))) * unit;
    if (random_below(2) == 0) {
        fill_random(bytes, size);
        memcpy(model + at, bytes, size);
        check_is(pwrite(fd, bytes, size, (off_t)at), (long)size, "pwrite");
    } else {
        check_is(pread(fd, bytes, size, (off_t)at), (long)size, "pread");
        check(memcmp(bytes, model + at, size) == 0,
              "%zu bytes at %zu are not what was written", size, at);
    }
}

static void test_model(int fd, int kept)
{
    bool is_direct;
    int i;

    fill_random(model, AREA);
    check_is(pwrite(fd, model, AREA, 0), AREA, "pwrite of all");
    for (i = 0; i < NR_STEPS; i++) {
        is_direct = random_below(2) == 0;
        step(is_direct ? fd : kept, is_direct);
    }
    check_is(pread(fd, buffer, AREA, 0), AREA, "pread of all");
    check(memcmp(buffer, model, AREA) == 0, "all is otherwise");
}

static void test_unaligned(int fd)
{
    check_error(pread(fd, buffer, SECTOR, 1), EINVAL, "pread at 1");
    check_error(pread(fd, buffer, SECTOR + 1, 0), EINVAL, "pread of 513");
    check_error(pread(fd, buffer + 1, SECTOR, 0), EINVAL,
                "pread to an odd one");
    check_error(pwrite(fd, buffer, SECTOR, 511), EINVAL, "pwrite at 511");
    check_error(pwrite(fd, buffer, 100, 0), EINVAL, "pwrite of 100");
    check_error(pwrite(fd, buffer + 8, SECTOR, 0), EINVAL,
                "pwrite from an odd one");
    check_is(pwrite(fd, buffer, 0, 0), 0, "pwrite of nothing");
}

static void test_end(int fd)
{
    off_t end = (off_t)device_size;

    check_is(pread(fd, buffer, AREA, end - 1024), 1024, "pread across the end");
    check_is(pread(fd, buffer, AREA, end), 0, "pread at the end");
    check_error(pwrite(fd, buffer, AREA, end), ENOSPC, "pwrite at the end");
    check_is(pwrite(fd, buffer, AREA, end - 512), 512, "pwrite across");
}

static void test_addresses(int fd)
{
    uint8_t *pages = new_pages(4 * PAGE);

    munmap(pages + 2 * PAGE, PAGE);
    mprotect(pages + 3 * PAGE, PAGE, PROT_READ);
    check_error(pread(fd, (void *)0x1000, SECTOR, 0), EFAULT,
                "pread to nowhere");
    check_error(pwrite(fd, (void *)0xffff800000000000ul, SECTOR, 0), EFAULT,
                "pwrite from the kernel's");
    check_is(pread(fd, pages, 3 * PAGE, 0), 2 * PAGE, "pread to a hole");
    check_error(pread(fd, pages + 3 * PAGE, SECTOR, 0), EFAULT,
                "pread to what is read-only");
    check_is(pwrite(fd, pages + 3 * PAGE, SECTOR, 0), SECTOR,
             "pwrite from what is read-only");
    munmap(pages, 4 * PAGE);
}

/* Pages that are another's too are copied before, and files have them. */
static void test_shared(int fd)
{
    uint8_t *private = new_pages(PAGE), *shared;
    int status = -1, file = open("/tmp/shared", O_RDWR | O_CREAT, 0600);
    uint8_t byte = 0;
    pid_t pid;

    memset(private, 0x61, PAGE);
    check_is(pwrite(fd, private, PAGE, 0), PAGE, "pwrite");
    memset(private, 0x62, PAGE);
    pid = fork();
    if (pid == 0)
        _exit(pread(fd, private, PAGE, 0) == PAGE && private[9] == 0x61);
    check(waitpid(pid, &status, 0) == pid && status == 1 << 8, "in a child");
    check_is(private[9], 0x62, "what the parent has");
    check_is(ftruncate(file, PAGE), 0, "ftruncate");
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    check_is(pread(fd, shared, PAGE, 0), PAGE, "pread to a file's page");
    check_is(pread(file, &byte, 1, 100), 1, "read of the file");
    check_is(byte, 0x61, "what the file has");
    close(file);
    unlink("/tmp/shared");
}

static void test_flag(void)
{
    int fd = open_device(O_RDWR), pipes[2];

    check_is(pread(fd, buffer, 100, 1), 100, "pread without O_DIRECT");
    check_is(fcntl(fd, F_SETFL, O_DIRECT), 0, "F_SETFL O_DIRECT");
    check_is(fcntl(fd, F_GETFL) & O_DIRECT, O_DIRECT, "F_GETFL");
    check_error(pread(fd, buffer, 100, 1), EINVAL, "pread with it");
    check_is(fcntl(fd, F_SETFL, 0), 0, "F_SETFL 0");
    check_is(pread(fd, buffer, 100, 1), 100, "pread without it again");
    check_is(pipe(pipes), 0, "pipe");
    check_error(fcntl(pipes[0], F_SETFL, O_DIRECT), EINVAL, "of a pipe");
    close(pipes[0]);
    close(pipes[1]);
    close(fd);
}

void test_direct(void)
{
    int fd = open_device(O_RDWR | O_DIRECT), kept = open_device(O_RDWR);

    model = new_pages(AREA);
    buffer = new_pages(AREA + 2 * PAGE);
    test_model(fd, kept);
    test_unaligned(fd);
    test_end(fd);
    test_addresses(fd);
    test_shared(fd);
    test_flag();
    close(fd);
    close(kept);
    munmap(model, AREA);
    munmap(buffer, AREA + 2 * PAGE);
}
