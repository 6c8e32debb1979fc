/* SPDX-License-Identifier: MIT
 *
 * Names of files: made, changed, removed, and what stat(2) says of them.
 */
#include "user/posix/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

static ino_t number_of(const char *name)
{
    struct stat stat;

    return lstat(name, &stat) == 0 ? stat.st_ino : 0;
}

static nlink_t links_of(int fd)
{
    struct stat stat;

    return fstat(fd, &stat) == 0 ? stat.st_nlink : 99;
}

static void opening(void)
{
    int fd;

    check_error(open("a", O_RDWR), ENOENT, "open of nothing");
    write_file("a", "text");
    check_error(open("a", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST, "O_EXCL");
    check_error(open("a", O_RDONLY | O_DIRECTORY), ENOTDIR, "O_DIRECTORY");
    check_error(open("a/", O_RDONLY), ENOTDIR, "a slash after a file");
    check_error(open("a/b", O_RDONLY), ENOTDIR, "a name below a file");
    check_error(open("b/", O_RDWR | O_CREAT, 0644), EISDIR, "O_CREAT of b/");
    check_error(open(".", O_RDWR), EISDIR, "a directory for writing");
    check_error(open(".", O_RDONLY | O_CREAT, 0644), EISDIR, "O_CREAT of .");
    check_error(open("", O_RDONLY), ENOENT, "an empty path");
    check_error(open((char *)8, O_RDONLY), EFAULT, "a path from nowhere");
    fd = open("a", O_RDWR | O_TRUNC);
    check_is(fd >= 0, 1, "O_TRUNC");
    close(fd);
    check_file("a", "");
    umask(027);
    fd = open("b", O_RDWR | O_CREAT, 0666);
    close(fd);
    umask(022);
    unlink("a");
    unlink("b");
}

static void renaming_files(void)
{
    ino_t number;

    write_file("a", "from a");
    write_file("b", "from b");
    number = number_of("a");
    check_is(rename("a", "b"), 0, "rename over a file");
    check_file("b", "from a");
    check_is((long)number_of("b"), (long)number, "the inode after rename");
    check_error(rename("a", "b"), ENOENT, "rename of nothing");
    check_is(link("b", "c"), 0, "link");
    check_is(rename("b", "c"), 0, "rename to the same file");
    check_is((long)number_of("b"), (long)number, "both names are left");
    check_is(mkdir("d", 0755), 0, "mkdir");
    check_error(rename("b", "d"), EISDIR, "rename over a directory");
    check_error(rename("d", "b"), ENOTDIR, "rename over a file");
    check_error(rename("b", "e/"), ENOTDIR, "rename to a name with a slash");
    check_is(rename("b", "d/b"), 0, "rename into a directory");
    check_file("d/b", "from a");
    check_is(unlink("d/b"), 0, "unlink");
    check_is(unlink("c"), 0, "unlink");
    check_is(rmdir("d"), 0, "rmdir");
}

static void renaming_dirs(void)
{
    mkdir("a", 0755);
    mkdir("a/b", 0755);
    mkdir("e", 0755);
    check_error(rename("a", "a/x"), EINVAL, "rename into itself");
    check_error(rename("a", "a/b/x"), EINVAL, "rename into itself, deeper");
    check_error(rename("a/b", "a"), ENOTEMPTY, "rename over its parent");
    check_error(rename("e", "a"), ENOTEMPTY, "rename over one with entries");
    check_is(rename("a", "e"), 0, "rename over an empty directory");
    check_error(access("a", F_OK), ENOENT, "the old name");
    check_is(rename("e/b/", "f"), 0, "rename with a slash after it");
    check_error(rename(".", "x"), EBUSY, "rename of .");
    check_is(rmdir("e"), 0, "rmdir");
    check_is(rmdir("f"), 0, "rmdir");
}

static void removing_while_open(void)
{
    char got[8] = {0}, name[32];
    int fd;

    write_file("a", "still");
    fd = open("a", O_RDWR);
    check_is(link("a", "b"), 0, "link");
    check_is((long)links_of(fd), 2, "links");
    check_is(unlink("a"), 0, "unlink");
    check_is((long)links_of(fd), 1, "links");
    check_is(unlink("b"), 0, "unlink");
    check_is((long)links_of(fd), 0, "links");
    check_is(read(fd, got, 8), 5, "read of a file without a name");
    check(strcmp(got, "still") == 0, "its contents are there");
    check_is(write(fd, "!", 1), 1, "write to it");
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    check_error(linkat(AT_FDCWD, name, AT_FDCWD, "c", AT_SYMLINK_FOLLOW),
                ENOENT, "a new name for it");
    close(fd);
    check_error(unlink("a"), ENOENT, "unlink of nothing");
    check_error(unlink("."), EISDIR, "unlink of a directory");
    check_error(link(".", "x"), EPERM, "link of a directory");
}

static void symbolic_links(void)
{
    char text[16] = {0};
    struct stat stat;
    int fd;

    check_is(symlink("b", "a"), 0, "symlink");
    check_is(readlink("a", text, sizeof(text)), 1, "readlink");
    check(text[0] == 'b', "readlink gives the text");
    check_error(open("a", O_RDONLY), ENOENT, "a link to nothing");
    check_error(open("a", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST,
                "O_EXCL of a link");
    fd = open("a", O_RDWR | O_CREAT, 0644);
    check_is(fd >= 0, 1, "O_CREAT through a link");
    close(fd);
    write_file("a", "by link");
    check_file("b", "by link");
    check_error(open("a", O_RDONLY | O_NOFOLLOW), ELOOP, "O_NOFOLLOW");
    check_is(lstat("a", &stat), 0, "lstat");
    check(S_ISLNK(stat.st_mode) && stat.st_size == 1, "lstat sees the link");
    check_error(readlink("b", text, 1), EINVAL, "readlink of a file");
    check_is(symlink("loop", "loop"), 0, "symlink");
    check_error(open("loop", O_RDONLY), ELOOP, "a link to itself");
    check_error(open("loop", O_RDWR | O_CREAT, 0644), ELOOP, "O_CREAT of it");
    check_error(symlink("", "x"), ENOENT, "a link without text");
    check_is(unlink("a"), 0, "unlink removes the link");
    check_file("b", "by link");
    unlink("b");
    unlink("loop");
}

static void long_names(void)
{
    char name[PAGE_SIZE + 1];

    memset(name, 'x', sizeof(name));
    name[255] = '\0';
    write_file(name, "");
    check_is(unlink(name), 0, "a name of 255 bytes");
    name[255] = 'x';
    name[256] = '\0';
    check_error(open(name, O_RDWR | O_CREAT, 0644), ENAMETOOLONG,
                "a name of 256 bytes");
    memset(name, '/', sizeof(name));
    name[PAGE_SIZE] = '\0';
    check_error(open(name, O_RDONLY), ENAMETOOLONG, "a path of a page");
    name[PAGE_SIZE - 1] = '\0';
    check_is(access(name, F_OK), 0, "a path that is almost a page");
}

static void attributes(void)
{
    const struct timespec times[] = {{1000, 5}, {2000, UTIME_OMIT}};
    struct stat before, after;

    write_file("a", "12345");
    check_is(chmod("a", 04751), 0, "chmod");
    check_is(chown("a", 12, 34), 0, "chown");
    check_is(chown("a", (uid_t)-1, 56), 0, "chown of the group only");
    check_is(chmod("a", 04751), 0, "chmod again");
    check_is(stat("a", &before), 0, "stat");
    check_is(before.st_mode, S_IFREG | 04751, "the mode");
    check_is(before.st_uid, 12, "the owner");
    check_is(before.st_gid, 56, "the group");
    check_is(before.st_size, 5, "the size");
    check_is((long)before.st_nlink, 1, "the links");
    check_is(utimensat(AT_FDCWD, "a", times, 0), 0, "utimensat");
    check_is(stat("a", &after), 0, "stat");
    check(after.st_atim.tv_sec == 1000 && after.st_atim.tv_nsec == 5,
          "the time of access");
    check(after.st_mtim.tv_sec == before.st_mtim.tv_sec, "UTIME_OMIT");
    check_is(utimensat(AT_FDCWD, "a", NULL, 0), 0, "utimensat with now");
    check_is(stat("a", &after), 0, "stat");
    check(after.st_mtim.tv_sec >= before.st_mtim.tv_sec, "now");
    check_is(access("a", X_OK), 0, "access");
    check_is(chmod("a", 0600), 0, "chmod");
    check_error(access("a", X_OK), EACCES, "access without an x bit");
    check_error(stat("none", &after), ENOENT, "stat of nothing");
    unlink("a");
}

static void file_systems(void)
{
    struct statfs statfs_result;

    check_is(statfs(".", &statfs_result), 0, "statfs");
    check(statfs_result.f_bsize > 0 && statfs_result.f_bavail > 0,
          "there is room");
    check_is((long)statfs_result.f_namelen, 255, "the length of names");
}

void test_names(void)
{
    opening();
    renaming_files();
    renaming_dirs();
    removing_while_open();
    symbolic_links();
    long_names();
    attributes();
    file_systems();
}
