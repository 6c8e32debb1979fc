/* SPDX-License-Identifier: MIT
 *
 * What can be asked about a disk, and what is wrong to ask.
 */
#include "user/disks/disks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#ifndef BLKDISCARD
#define BLKDISCARD 0x1277
#endif
#define BLKPBSZGET_ 0x127b
#define BAD_ADDRESS ((void *)0x1000)

static void test_sizes(int fd)
{
    uint64_t bytes = 0;
    unsigned long sectors = 0;
    uint32_t value = 0;

    check_is(ioctl(fd, (int)BLKGETSIZE64, &bytes), 0, "BLKGETSIZE64");
    check_is((long)bytes, (long)device_size, "its bytes");
    check_is(ioctl(fd, BLKGETSIZE, &sectors), 0, "BLKGETSIZE");
    check_is((long)(sectors * SECTOR), (long)device_size, "its sectors");
    check_is(ioctl(fd, BLKSSZGET, &value), 0, "BLKSSZGET");
    check_is(value, SECTOR, "a sector");
    check_is(ioctl(fd, BLKPBSZGET_, &value), 0, "BLKPBSZGET");
    check(value >= SECTOR && value <= PAGE, "a block of %u", value);
    check_is(ioctl(fd, BLKROGET, &value), 0, "BLKROGET");
    check_is(value, 0, "read-only");
    check_is(ioctl(fd, BLKFLSBUF, 0), 0, "BLKFLSBUF");
}

static void test_wrong(int fd)
{
    uint32_t value;

    check_error(ioctl(fd, (int)BLKGETSIZE64, BAD_ADDRESS), EFAULT,
                "BLKGETSIZE64 to nowhere");
    check_error(ioctl(fd, BLKSSZGET, BAD_ADDRESS), EFAULT,
                "BLKSSZGET to nowhere");
    check_error(ioctl(fd, BLKDISCARD, BAD_ADDRESS), EFAULT,
                "BLKDISCARD from nowhere");
    check_error(ioctl(fd, 0x12ff, &value), ENOTTY, "an unknown one");
    check_error(ioctl(fd, TIOCGWINSZ, &value), ENOTTY, "a terminal's");
}

static long discard(int fd, uint64_t start, uint64_t size)
{
    uint64_t range[] = {start, size};

    return ioctl(fd, BLKDISCARD, range);
}

static void test_discard(int fd)
{
    static uint8_t bytes[4 * PAGE];
    int other = open_device(O_RDONLY);
    size_t i;

    check_error(discard(fd, 1, SECTOR), EINVAL, "BLKDISCARD, odd start");
    check_error(discard(fd, 0, SECTOR + 1), EINVAL, "BLKDISCARD, odd size");
    check_error(discard(fd, device_size, SECTOR), EINVAL, "BLKDISCARD, end");
    check_error(discard(fd, SECTOR, UINT64_MAX - SECTOR + 1), EINVAL,
                "BLKDISCARD, beyond");
    check_error(discard(other, 0, SECTOR), EBADF, "BLKDISCARD, read-only");
    memset(bytes, 0x55, sizeof(bytes));
    check_is(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes), "pwrite");
    check_is(discard(fd, SECTOR, 2 * PAGE), 0, "BLKDISCARD");
    check_is(pread(fd, bytes, sizeof(bytes), 0), sizeof(bytes), "pread");
    for (i = 0; i < sizeof(bytes); i++)
        if (i < SECTOR || i >= SECTOR + 2 * PAGE)
            check(bytes[i] == 0x55, "the byte %zu has gone, too", i);
    check_is(discard(fd, 0, device_size), 0, "BLKDISCARD of all");
    close(other);
}

void test_ioctls(void)
{
    int fd = open_device(O_RDWR);

    test_sizes(fd);
    test_wrong(fd);
    test_discard(fd);
    close(fd);
}
