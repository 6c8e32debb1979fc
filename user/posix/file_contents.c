/* SPDX-License-Identifier: MIT
 *
 * What files hold: holes, ends that move, and the same bytes as memory.
 */
#include "user/posix/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static long size_of(int fd)
{
    struct stat stat;

    return fstat(fd, &stat) == 0 ? stat.st_size : -1;
}

static long blocks_of(int fd)
{
    struct stat stat;

    return fstat(fd, &stat) == 0 ? stat.st_blocks : -1;
}

static void truncating(void)
{
    char got[8] = {0};
    int fd = open("a", O_RDWR | O_CREAT, 0644);

    check_is(write(fd, "abcdef", 6), 6, "write");
    check_is(ftruncate(fd, 2), 0, "ftruncate");
    check_is(size_of(fd), 2, "the size after ftruncate");
    check_is(ftruncate(fd, 6), 0, "ftruncate");
    check_is(pread(fd, got, 8, 0), 6, "pread");
    check(memcmp(got, "ab\0\0\0\0", 6) == 0, "what was cut off is zero");
    check_is(truncate("a", 1), 0, "truncate");
    check_is(size_of(fd), 1, "the size after truncate");
    check_error(ftruncate(fd, -1), EINVAL, "ftruncate to -1");
    check_error(truncate(".", 0), EISDIR, "truncate of a directory");
    check_error(truncate("none", 0), ENOENT, "truncate of nothing");
    check_is(posix_fallocate(fd, 0, 100), 0, "posix_fallocate");
    check_is(size_of(fd), 100, "the size after posix_fallocate");
    close(fd);
    unlink("a");
}

static void sparse_files(void)
{
    const long far = 1l << 32;
    char got[4];
    int fd = open("a", O_RDWR | O_CREAT, 0644);

    check_is(pwrite(fd, "end", 3, far), 3, "pwrite beyond the end");
    check_is(size_of(fd), far + 3, "the size of a sparse file");
    check(blocks_of(fd) < 100, "a sparse file is small");
    check_is(pread(fd, got, 4, far - 1), 4, "pread");
    check(memcmp(got, "\0end", 4) == 0, "a hole is zero");
    check_is(pread(fd, got, 4, far / 2), 4, "pread of a hole");
    check(memcmp(got, "\0\0\0\0", 4) == 0, "a hole is zero");
    check_is(lseek(fd, 0, SEEK_HOLE) >= 0, 1, "SEEK_HOLE");
    check_error(lseek(fd, far + 3, SEEK_DATA), ENXIO, "SEEK_DATA at the end");
    check_is(ftruncate(fd, 0), 0, "ftruncate");
    check_is(blocks_of(fd), 0, "an empty file has no blocks");
    close(fd);
    unlink("a");
}

static void many_pages(void)
{
    static char page[3 * PAGE_SIZE], got[3 * PAGE_SIZE];
    int fd = open("a", O_RDWR | O_CREAT, 0644), i;
    bool same = true;

    for (i = 0; i < 200; i++) {
        memset(page, i, sizeof(page));
        same &= write(fd, page, sizeof(page)) == sizeof(page);
    }
    lseek(fd, 0, SEEK_SET);
    for (i = 0; i < 200; i++) {
        memset(page, i, sizeof(page));
        same &= read(fd, got, sizeof(got)) == sizeof(got);
        same &= memcmp(page, got, sizeof(got)) == 0;
    }
    check(same, "600 pages are what was written");
    check(blocks_of(fd) >= 600 * 8, "600 pages have blocks");
    close(fd);
    unlink("a");
}

static void shared_mapping(void)
{
    char got[16] = {0}, *memory;
    int fd = open("a", O_RDWR | O_CREAT, 0644);

    ftruncate(fd, 2 * PAGE_SIZE);
    memory =
        mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(memory != MAP_FAILED, "mmap of a file, shared");
    if (memory == MAP_FAILED)
        return;
    memcpy(memory + PAGE_SIZE, "by memory", 9);
    check_is(pread(fd, got, 9, PAGE_SIZE), 9, "pread");
    check(strcmp(got, "by memory") == 0, "memory is seen by read");
    check_is(pwrite(fd, "by write", 8, 5), 8, "pwrite");
    check(memcmp(memory + 5, "by write", 8) == 0, "write is seen in memory");
    close(fd);
    unlink("a");
    check(memcmp(memory + 5, "by write", 8) == 0, "memory outlives the file");
    munmap(memory, 2 * PAGE_SIZE);
}

static void private_mapping(void)
{
    char *memory;
    int fd;

    write_file("a", "contents");
    fd = open("a", O_RDONLY);
    memory = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    check(memory != MAP_FAILED, "mmap of a file, private");
    if (memory == MAP_FAILED)
        return;
    check(strcmp(memory, "contents") == 0, "the rest of the page is zero");
    memory[0] = 'C';
    check_file("a", "contents");
    check(memcmp(memory, "Contents", 8) == 0, "a private page is changed");
    munmap(memory, PAGE_SIZE);
    check(mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
                  MAP_FAILED &&
              errno == EACCES,
          "a file that is open for reading is not mapped for writing");
    close(fd);
    unlink("a");
}

static void sending(void)
{
    off_t offset = 2;
    int in, out, pipe_ends[2], left = 0;
    char got[8] = {0};

    write_file("a", "abcdef");
    in = open("a", O_RDONLY);
    out = open("b", O_RDWR | O_CREAT, 0644);
    check_is(ioctl(in, FIONREAD, &left), 0, "FIONREAD of a file");
    check_is(left, 6, "what is left to read");
    check_is(sendfile(out, in, &offset, 3), 3, "sendfile");
    check_is(offset, 5, "the offset after sendfile");
    check_is(lseek(in, 0, SEEK_CUR), 0, "the file's own is as it was");
    check_file("b", "cde");
    check_is(sendfile(out, in, NULL, 100), 6, "sendfile to the end");
    check_is(sendfile(out, in, NULL, 100), 0, "sendfile at the end");
    check_file("b", "cdeabcdef");
    check_is(pipe(pipe_ends), 0, "pipe");
    offset = 0;
    check_is(sendfile(pipe_ends[1], in, &offset, 4), 4, "sendfile to a pipe");
    check_is(read(pipe_ends[0], got, 8), 4, "read of the pipe");
    check(memcmp(got, "abcd", 4) == 0, "what was sent came");
    check_error(sendfile(in, out, NULL, 1), EBADF, "sendfile to O_RDONLY");
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    close(in);
    close(out);
    unlink("a");
    unlink("b");
}

void test_contents(void)
{
    truncating();
    sparse_files();
    many_pages();
    shared_mapping();
    private_mapping();
    sending();
}
