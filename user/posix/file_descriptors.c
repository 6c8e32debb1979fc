/* SPDX-License-Identifier: MIT
 *
 * Descriptors and the open files behind them; the simple devices.
 */
#include "user/posix/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#define BAD_POINTER ((void *)8)

static void duplicates(void)
{
    int fd = open("a", O_RDWR | O_CREAT, 0644), copy, high;
    char c = 0;

    copy = dup(fd);
    check(copy == fd + 1, "dup takes the smallest number");
    check_is(write(fd, "abc", 3), 3, "write");
    check_is(lseek(copy, 0, SEEK_CUR), 3, "the offset is shared");
    check_is(lseek(copy, 1, SEEK_SET), 1, "lseek");
    check_is(read(fd, &c, 1), 1, "read");
    check(c == 'b', "what is read is at the shared offset");
    check_is(dup2(fd, fd), fd, "dup2 to itself");
    check_is(dup2(fd, 77), 77, "dup2");
    high = fcntl(fd, F_DUPFD, 77);
    check_is(high, 78, "F_DUPFD");
    check_is(close(77), 0, "close");
    check_error(close(77), EBADF, "close again");
    check_error(dup2(77, 5), EBADF, "dup2 of nothing");
    check_error(dup2(fd, -1), EBADF, "dup2 to -1");
    check_error(dup3(fd, fd, 0), EINVAL, "dup3 to itself");
    check_error(dup(-1), EBADF, "dup of -1");
    check_error(fcntl(fd, F_DUPFD, 1 << 30), EINVAL, "F_DUPFD too large");
    close(high);
    close(copy);
    close(fd);
    unlink("a");
}

static void flags(void)
{
    int fd = open("a", O_RDWR | O_CREAT | O_CLOEXEC, 0644), copy, on = 1;

    check_is(fcntl(fd, F_GETFD), FD_CLOEXEC, "O_CLOEXEC");
    copy = dup(fd);
    check_is(fcntl(copy, F_GETFD), 0, "dup clears FD_CLOEXEC");
    check_is(fcntl(copy, F_SETFD, FD_CLOEXEC), 0, "F_SETFD");
    check_is(fcntl(copy, F_GETFD), FD_CLOEXEC, "F_GETFD");
    check_is(ioctl(copy, FIONCLEX), 0, "FIONCLEX");
    check_is(fcntl(copy, F_GETFD), 0, "F_GETFD");
    check_is(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK), 0, "F_SETFL");
    check_is(fcntl(copy, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
             O_RDWR | O_APPEND | O_NONBLOCK, "F_GETFL");
    on = 0;
    check_is(ioctl(fd, FIONBIO, &on), 0, "FIONBIO");
    check_is(fcntl(copy, F_GETFL) & O_NONBLOCK, 0, "F_GETFL");
    check_error(fcntl(fd, 9999), EINVAL, "fcntl of an unknown kind");
    check_error(fcntl(99, F_GETFD), EBADF, "fcntl of nothing");
    check_error(ioctl(fd, 0x1234), ENOTTY, "ioctl");
    close(copy);
    close(fd);
    unlink("a");
}

static void access_modes(void)
{
    char c = 0;
    int fd;

    write_file("a", "x");
    fd = open("a", O_RDONLY);
    check_error(write(fd, "y", 1), EBADF, "write to O_RDONLY");
    check_error(ftruncate(fd, 0), EINVAL, "ftruncate of O_RDONLY");
    close(fd);
    fd = open("a", O_WRONLY);
    check_error(read(fd, &c, 1), EBADF, "read of O_WRONLY");
    close(fd);
    fd = open("a", O_PATH);
    check_error(read(fd, &c, 1), EBADF, "read of O_PATH");
    close(fd);
    fd = open("a", O_RDWR);
    check_error(read(fd, BAD_POINTER, 1), EFAULT, "read to nowhere");
    check_error(write(fd, BAD_POINTER, 1), EFAULT, "write from nowhere");
    check_error(read(-1, &c, 1), EBADF, "read of -1");
    check_file("a", "x");
    close(fd);
    unlink("a");
}

static void offsets(void)
{
    char got[8] = {0};
    int fd = open("a", O_RDWR | O_CREAT, 0644);

    check_is(pwrite(fd, "abcdef", 6, 2), 6, "pwrite");
    check_is(lseek(fd, 0, SEEK_CUR), 0, "pwrite leaves the offset");
    check_is(pread(fd, got, 8, 1), 7, "pread");
    check(memcmp(got, "\0abcdef", 7) == 0, "pread reads what is there");
    check_is(pread(fd, got, 8, 100), 0, "pread beyond the end");
    check_error(pread(fd, got, 8, -1), EINVAL, "pread at -1");
    check_is(lseek(fd, -2, SEEK_END), 6, "SEEK_END");
    check_is(read(fd, got, 8), 2, "read to the end");
    check_is(read(fd, got, 8), 0, "read at the end");
    check_error(lseek(fd, -1, SEEK_SET), EINVAL, "lseek to -1");
    check_error(lseek(fd, 0, 99), EINVAL, "lseek from nowhere");
    check_is(lseek(fd, 1l << 40, SEEK_SET), 1l << 40, "lseek far away");
    check_is(read(fd, got, 8), 0, "read far away");
    close(fd);
    unlink("a");
}

static void appending(void)
{
    int fd = open("a", O_RDWR | O_CREAT | O_APPEND, 0644);

    check_is(write(fd, "one ", 4), 4, "write");
    check_is(lseek(fd, 0, SEEK_SET), 0, "lseek");
    check_is(write(fd, "two", 3), 3, "write");
    check_is(lseek(fd, 0, SEEK_CUR), 7, "the offset after O_APPEND");
    check_file("a", "one two");
    close(fd);
    fd = open("a", O_WRONLY | O_TRUNC);
    close(fd);
    check_file("a", "");
    unlink("a");
}

static void vectors(void)
{
    char one[4] = {0}, two[8] = {0};
    struct iovec out[] = {{"abc", 3}, {NULL, 0}, {"defgh", 5}};
    struct iovec in[] = {{one, 2}, {two, sizeof(two)}};
    int fd = open("a", O_RDWR | O_CREAT, 0644);

    check_is(writev(fd, out, 3), 8, "writev");
    check_is(lseek(fd, 0, SEEK_SET), 0, "lseek");
    check_is(readv(fd, in, 2), 8, "readv");
    check(memcmp(one, "ab", 3) == 0 && memcmp(two, "cdefgh", 6) == 0,
          "readv fills one after the other");
    check_is(preadv(fd, in, 1, 6), 2, "preadv");
    check(memcmp(one, "gh", 2) == 0, "preadv reads what is there");
    check_is(pwritev(fd, out, 1, 5), 3, "pwritev");
    check_file("a", "abcdeabc");
    check_error(readv(fd, in, -1), EINVAL, "readv of -1");
    check_error(writev(fd, BAD_POINTER, 1), EFAULT, "writev from nowhere");
    close(fd);
    unlink("a");
}

static void limits(void)
{
    struct rlimit old, low;
    int fd;

    getrlimit(RLIMIT_NOFILE, &old);
    low = old;
    low.rlim_cur = 20;
    check_is(setrlimit(RLIMIT_NOFILE, &low), 0, "setrlimit");
    check_error(dup2(0, 20), EBADF, "dup2 to the limit");
    while ((fd = dup(0)) >= 0 && fd < 30)
        ;
    check_error(fd, EMFILE, "dup at the limit");
    check_error(open("/dev/null", O_RDONLY), EMFILE, "open at the limit");
    for (fd = 3; fd < 20; fd++)
        close(fd);
    setrlimit(RLIMIT_NOFILE, &old);
}

static void devices(void)
{
    char bytes[100], zeros[100] = {0};
    int fd = open("/dev/null", O_RDWR);

    check_is(read(fd, bytes, 100), 0, "/dev/null is empty");
    check_is(write(fd, bytes, 100), 100, "/dev/null takes all");
    close(fd);
    fd = open("/dev/zero", O_RDWR);
    memset(bytes, 1, sizeof(bytes));
    check_is(read(fd, bytes, 100), 100, "/dev/zero has no end");
    check(memcmp(bytes, zeros, 100) == 0, "/dev/zero is zero");
    close(fd);
    fd = open("/dev/full", O_RDWR);
    check_error(write(fd, bytes, 1), ENOSPC, "/dev/full is full");
    close(fd);
    fd = open("/dev/urandom", O_RDONLY);
    check_is(read(fd, bytes, 100), 100, "/dev/urandom");
    check(memcmp(bytes, zeros, 100) != 0, "/dev/urandom is not zero");
    close(fd);
}

void test_descriptors(void)
{
    duplicates();
    flags();
    access_modes();
    offsets();
    appending();
    vectors();
    limits();
    devices();
}
