/* SPDX-License-Identifier: MIT
 *
 * Directories: made, listed while they change, and gone to.
 */
#include "user/posix/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NR_MANY 2000

static void making(void)
{
    struct stat stat;

    check_is(mkdir("a", 0750), 0, "mkdir");
    check_is(lstat("a", &stat), 0, "lstat");
    check_is(stat.st_mode, S_IFDIR | 0750, "the mode of a directory");
    check_error(mkdir("a", 0755), EEXIST, "mkdir again");
    check_error(mkdir("a/b/c", 0755), ENOENT, "mkdir below nothing");
    check_error(mkdir("/", 0755), EEXIST, "mkdir of /");
    write_file("a/file", "");
    check_error(rmdir("a"), ENOTEMPTY, "rmdir with entries");
    check_error(rmdir("a/file"), ENOTDIR, "rmdir of a file");
    check_error(rmdir("a/."), EINVAL, "rmdir of .");
    check_error(mkdir("a/file/x", 0755), ENOTDIR, "mkdir below a file");
    check_is(unlink("a/file"), 0, "unlink");
    check_is(rmdir("a/"), 0, "rmdir");
    check_error(rmdir("a"), ENOENT, "rmdir again");
}

static void listing_types(void)
{
    unsigned int nr = 0, nr_right = 0;
    struct dirent *entry;
    DIR *dir;

    write_file("file", "");
    mkdir("dir", 0755);
    symlink("file", "link");
    mkfifo("fifo", 0644);
    dir = opendir(".");
    check(dir != NULL, "opendir");
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        nr++;
        nr_right += entry->d_name[0] == '.' && entry->d_type == DT_DIR;
        nr_right += !strcmp(entry->d_name, "file") && entry->d_type == DT_REG;
        nr_right += !strcmp(entry->d_name, "dir") && entry->d_type == DT_DIR;
        nr_right += !strcmp(entry->d_name, "link") && entry->d_type == DT_LNK;
        nr_right += !strcmp(entry->d_name, "fifo") && entry->d_type == DT_FIFO;
    }
    check_is(nr, 6, "entries");
    check_is(nr_right, 6, "entries with the right type");
    rewinddir(dir);
    check(readdir(dir) != NULL, "readdir after rewinddir");
    closedir(dir);
    unlink("file");
    unlink("link");
    unlink("fifo");
    rmdir("dir");
}

static void make_many(void)
{
    char name[32];
    int i, fd;

    mkdir("many", 0755);
    for (i = 0; i < NR_MANY; i++) {
        snprintf(name, sizeof(name), "many/%d", i);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
        check(fd >= 0, "%s cannot be made", name);
        close(fd);
    }
}

/* As rm -r does it. */
static void removing_while_listing(void)
{
    struct dirent *entry;
    int nr = 0;
    DIR *dir;

    make_many();
    dir = opendir("many");
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        nr++;
        if (unlinkat(dirfd(dir), entry->d_name, 0) != 0)
            check(false, "%s cannot be removed", entry->d_name);
    }
    closedir(dir);
    check_is(nr, NR_MANY, "entries that were listed while they went");
    check_is(rmdir("many"), 0, "rmdir of what has become empty");
}

static void listing_errors(void)
{
    char few[16];
    int fd = open(".", O_RDONLY | O_DIRECTORY);

    check_error(read(fd, few, sizeof(few)), EISDIR, "read of a directory");
    close(fd);
    check_error(opendir("none") == NULL ? -1 : 0, ENOENT, "opendir");
}

static void going(void)
{
    char start[256], now[256];
    int fd = open(".", O_RDONLY | O_DIRECTORY);

    check(getcwd(start, sizeof(start)) != NULL, "getcwd");
    mkdir("a", 0755);
    mkdir("a/b", 0755);
    check_is(chdir("a/b"), 0, "chdir");
    getcwd(now, sizeof(now));
    check(strcmp(now + strlen(start), "/a/b") == 0, "getcwd says %s", now);
    check(getcwd(now, 2) == NULL && errno == ERANGE, "getcwd in 2 bytes");
    check_is(chdir("../.."), 0, "chdir");
    getcwd(now, sizeof(now));
    check(strcmp(now, start) == 0, "getcwd says %s", now);
    check_is(chdir("a/b"), 0, "chdir");
    check_is(rmdir("../b"), 0, "rmdir of the current directory");
    check(getcwd(now, sizeof(now)) == NULL && errno == ENOENT,
          "getcwd in a removed directory");
    check_error(open("x", O_RDWR | O_CREAT, 0644), ENOENT, "open in it");
    check_is(fchdir(fd), 0, "fchdir");
    getcwd(now, sizeof(now));
    check(strcmp(now, start) == 0, "getcwd says %s", now);
    check_error(chdir("none"), ENOENT, "chdir to nothing");
    check_is(rmdir("a"), 0, "rmdir");
    close(fd);
}

static void paths_from_descriptors(void)
{
    struct stat stat;
    int dir, fd;

    mkdir("a", 0755);
    dir = open("a", O_RDONLY | O_DIRECTORY);
    check_is(mkdirat(dir, "b", 0755), 0, "mkdirat");
    fd = openat(dir, "b/file", O_RDWR | O_CREAT, 0644);
    check_is(fd >= 0, 1, "openat");
    check_is(fstatat(dir, "b/file", &stat, 0), 0, "fstatat");
    check_is(fstatat(fd, "", &stat, AT_EMPTY_PATH), 0, "AT_EMPTY_PATH");
    check_error(openat(fd, "x", O_RDONLY), ENOTDIR, "openat from a file");
    check_error(openat(99, "x", O_RDONLY), EBADF, "openat from nothing");
    check_is(renameat(dir, "b/file", AT_FDCWD, "file"), 0, "renameat");
    check_is(faccessat(dir, "../file", F_OK, 0), 0, "faccessat");
    check_is(unlinkat(dir, "b", AT_REMOVEDIR), 0, "unlinkat");
    check_is(unlink("file"), 0, "unlink");
    close(fd);
    close(dir);
    rmdir("a");
}

void test_dirs(void)
{
    making();
    listing_types();
    removing_while_listing();
    listing_errors();
    going();
    paths_from_descriptors();
}
