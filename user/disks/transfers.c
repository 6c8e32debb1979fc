/* SPDX-License-Identifier: MIT
 *
 * Reads and writes of any offset and size, beside a flat array that has the
 * same; where a disk ends; what cannot be done.
 */
#include "user/disks/disks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define AREA (256 * 1024ul) /* of the disk, from its start on */
#define NR_STEPS 300
#define BAD_ADDRESS ((void *)0x1000)

static uint8_t *model, *buffer;

static size_t some_size(size_t limit)
{
    size_t most = random_below(3) == 0 ? 200 : 70000;

    return 1 + random_below((uint32_t)(most < limit ? most : limit));
}

static void step(int fd)
{
    size_t at = random_below(AREA), size = some_size(AREA - at);

    if (random_below(2) == 0) {
        fill_random(buffer, size);
        memcpy(model + at, buffer, size);
        check_is(pwrite(fd, buffer, size, (off_t)at), (long)size, "pwrite");
    } else {
        check_is(pread(fd, buffer, size, (off_t)at), (long)size, "pread");
        check(memcmp(buffer, model + at, size) == 0,
              "%zu bytes at %zu are not what was written", size, at);
    }
}

static void test_model(int fd)
{
    int other = open_device(O_RDONLY), i;

    fill_random(model, AREA);
    check_is(pwrite(fd, model, AREA, 0), AREA, "pwrite of all");
    for (i = 0; i < NR_STEPS; i++)
        step(fd);
    check_is(fsync(fd), 0, "fsync");
    check_is(fdatasync(fd), 0, "fdatasync");
    check_is(read(other, buffer, AREA), AREA, "read of all");
    check(memcmp(buffer, model, AREA) == 0, "another file reads otherwise");
    close(other);
    sync();
}

static void test_end(int fd)
{
    off_t end = (off_t)device_size;
    struct iovec parts[] = {{buffer, 3}, {buffer + 3, 300}};

    check_is(lseek(fd, 0, SEEK_END), end, "lseek to the end");
    check_is(read(fd, buffer, 10), 0, "read at the end");
    check_error(write(fd, buffer, 10), ENOSPC, "write at the end");
    check_is(write(fd, buffer, 0), 0, "write of nothing");
    check_is(pread(fd, buffer, 10, end + 100000), 0, "pread beyond");
    check_error(pwrite(fd, buffer, 10, end + 100000), ENOSPC, "pwrite beyond");
    check_is(pread(fd, buffer, 5000, end - 700), 700, "pread across");
    memset(buffer, 0x77, 5000);
    check_is(pwrite(fd, buffer, 5000, end - 700), 700, "pwrite across");
    check_is(pread(fd, model, 5000, end - 700), 700, "pread again");
    check(memcmp(model, buffer, 700) == 0, "the last bytes are otherwise");
    check_is(lseek(fd, -100, SEEK_END), end - 100, "lseek before the end");
    check_is(writev(fd, parts, 2), 100, "writev across");
    check_is(lseek(fd, 0, SEEK_CUR), end, "the offset after writev");
    check_error(lseek(fd, -1, SEEK_SET), EINVAL, "lseek below 0");
}

static void test_append(void)
{
    int fd = open_device(O_WRONLY | O_APPEND | O_TRUNC | O_CREAT);

    check_error(write(fd, "x", 1), ENOSPC, "write at the end by O_APPEND");
    check_error(ftruncate(fd, 0), EINVAL, "ftruncate");
    check_error(read(fd, buffer, 1), EBADF, "read of what is open to write");
    close(fd);
    fd = open_device(O_RDWR | O_SYNC);
    check_is(fcntl(fd, F_GETFL) & O_SYNC, O_SYNC, "O_SYNC is kept");
    check_is(write(fd, buffer, 100), 100, "write with O_SYNC");
    close(fd);
    fd = open_device(O_RDONLY);
    check_error(write(fd, buffer, 1), EBADF, "write of what is open to read");
    check(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED &&
              errno == ENODEV,
          "mmap");
    close(fd);
}

static void test_bad_addresses(int fd)
{
    uint8_t *pages = new_pages(2 * PAGE);

    munmap(pages + PAGE, PAGE);
    check_error(pread(fd, BAD_ADDRESS, 10, 0), EFAULT, "pread to nowhere");
    check_error(pwrite(fd, BAD_ADDRESS, 10, 0), EFAULT, "pwrite from nowhere");
    check_is(pread(fd, pages, 2 * PAGE, 0), PAGE, "pread to a page and a half");
    check_is(pwrite(fd, pages, 2 * PAGE, 0), PAGE, "pwrite from it");
    check_error(pwrite(fd, pages + 100, PAGE, 0), EFAULT,
                "pwrite of a page from it");
    check_is(pread(fd, buffer, PAGE, 0), PAGE, "pread again");
    check(memcmp(pages, buffer, PAGE) == 0, "a failed write has changed it");
    munmap(pages, PAGE);
}

static void test_stat(int fd)
{
    struct stat status;

    check_is(fstat(fd, &status), 0, "fstat");
    check(S_ISBLK(status.st_mode), "no block device");
    check_is((long)(status.st_rdev >> 8), 254, "its major number");
    check_is((long)(status.st_rdev & 15), 0, "its partition");
}

void test_transfers(void)
{
    int fd = open_device(O_RDWR);

    model = new_pages(AREA);
    buffer = new_pages(AREA);
    test_stat(fd);
    test_model(fd);
    test_end(fd);
    test_append();
    test_bad_addresses(fd);
    close(fd);
}
